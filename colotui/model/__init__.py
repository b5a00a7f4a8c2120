"""What colotui knows: frozen dataclasses without I/O. No module here imports another layer."""
