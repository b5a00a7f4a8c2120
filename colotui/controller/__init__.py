"""In-process controller: watches both hosts, publishes snapshots, runs one plan at a time."""
