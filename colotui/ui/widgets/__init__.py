"""Thin Textual widgets that show painted lines and repaint only what changed."""
