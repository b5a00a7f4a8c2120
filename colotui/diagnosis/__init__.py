"""From evidence to the truth in words: pure functions, no I/O."""
