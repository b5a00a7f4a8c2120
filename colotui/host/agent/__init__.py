"""What runs on a host: stdlib only, Python >= 3.8, sent over the channel and never written to disk there.

The modules of this package import nothing of colotui outside it: `bootstrap` sends their sources as one bundle.
"""
