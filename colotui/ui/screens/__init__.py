"""The screens: the cockpit, a plan, help, a pane in full, and the question before quitting."""
