"""A recording played back: its own clock, and a controller that shows what was seen and does nothing."""
