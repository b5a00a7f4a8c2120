"""`python3 -m colotui` is `colotui`."""

from __future__ import annotations

import sys

from colotui.cli import main

if __name__ == "__main__":
    sys.exit(main())
