"""Pure painters of the guided set-up: the frame with its pages at the left, and one module a page."""
