"""The `xen` engine: COLO as the seed runs it, with `xl remus -c` and the packet comparison in the kernel."""
