"""What a pair is, as metrics: pure functions from snapshots to the families of the official client library."""
