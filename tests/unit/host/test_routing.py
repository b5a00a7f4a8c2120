"""Of pyroute2 only what routes is loaded, and whoever wants the whole of it still gets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import colotui

ROOT = Path(colotui.__file__).parent.parent


def said(code: str) -> str:
    """What a fresh Python says: in this one everything may be loaded already."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_the_families_that_nothing_uses_stay_out() -> None:
    heavy = "{'pyroute2.ndb', 'pyroute2.conntrack', 'pyroute2.netlink.generic', 'sqlite3', 'psutil'}"
    assert said(f"import colotui.host.netlink, sys; print({heavy} & set(sys.modules))") == "set()"


def test_it_is_the_class_of_the_whole_package() -> None:
    code = (
        "from colotui.host.netlink import AsyncIPRoute as ours\n"
        "from pyroute2.netlink.exceptions import NetlinkError\n"
        "from pyroute2 import AsyncIPRoute, NDB, IPRoute\n"
        "import pyroute2\n"
        "print(ours is AsyncIPRoute, pyroute2.NetlinkError is NetlinkError, NDB.__name__)"
    )
    assert said(code) == "True True NDB"


def test_a_name_it_does_not_have_is_an_attribute_error() -> None:
    code = "import colotui.host.netlink, pyroute2; print(hasattr(pyroute2, 'no_such'), hasattr(pyroute2, 'IPRoute'))"
    assert said(code) == "False True"


def test_a_whole_package_that_is_loaded_stays() -> None:
    code = (
        "import pyroute2 as whole, sys, colotui.host.netlink; print(sys.modules['pyroute2'] is whole, bool(whole.NDB))"
    )
    assert said(code) == "True True"
