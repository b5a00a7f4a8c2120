"""The flight recorder: what the cockpit sees, kept in one file, and that file read again at any moment."""
