"""Reach one host: an agent that runs there, the channel to it, and the facts read through it."""
