"""The panes of the cockpit: each shows one painter's lines and holds its cursor and filter."""
