"""What runs the guest pair. An engine knows its hypervisor's calls; nobody else does."""
