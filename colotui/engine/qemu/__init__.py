"""The `qemu` engine: COLO as QEMU 11.1 does it (sequences, versions and traps: qemu-colo.md)."""
