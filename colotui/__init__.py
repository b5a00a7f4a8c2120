"""colotui: a terminal cockpit for supervised fault tolerance of virtual machines with COLO."""

__version__ = "0.1.0"
