"""Brings the agent to a host: one command line that holds no secret and no data, and the sources as a bundle."""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path

_MODULES = (
    "wire",
    "core",
    "files",
    "processes",
    "streams",
    "follow",
    "ethtool",
    "ports",
    "rawframes",
    "prober",
    "cable",
    "transfer",
    "main",
)

# Runs under any Python, even 2.7, up to the version check. No quote, no exclamation mark, no newline:
# it passes through whatever login shell the account has.
_STARTER = (
    "import sys;"
    "v=sys.version_info;"
    "v<(3,8) and sys.exit(str().join([chr(99),chr(58),str(v[0]),chr(46),str(v[1])]));"
    "import zlib;"
    "b=sys.stdin.buffer;"
    "exec(zlib.decompress(b.read(int(b.readline()))))"
)
#: What `_STARTER` says on stderr, before the version, when Python is too old.
TOO_OLD = "c:"

_LOADER = """
import json, sys, types
bundle = json.loads({bundle!r})
for name in ("colotui", "colotui.host", "colotui.host.agent"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
for name in bundle["order"]:
    module = types.ModuleType("colotui.host.agent." + name)
    sys.modules[module.__name__] = module
    setattr(sys.modules["colotui.host.agent"], name, module)
    exec(compile(bundle["sources"][name], "<colotui agent: " + name + ">", "exec"), module.__dict__)
sys.modules["colotui.host.agent.main"].main(b)
"""


def argv(python: str = "/usr/bin/python3", sudo: bool = False) -> list[str]:
    """The command that starts the agent."""
    return [*(["sudo", "-n"] if sudo else []), python, "-I", "-S", "-c", _STARTER]


def shell_line(sudo: bool) -> str:
    """The same for a login shell on the other side of SSH. Everything in it is constant."""
    *front, program = argv(sudo=sudo)
    return f"exec {' '.join(front)} '{program}'"


@cache
def bundle() -> bytes:
    """What is sent after the start: the length of the rest in a line, then the packed sources."""
    folder = Path(__file__).parent / "agent"
    sources = {name: (folder / f"{name}.py").read_text("utf-8") for name in _MODULES}
    text = json.dumps({"order": _MODULES, "sources": sources})
    packed = zlib.compress(_LOADER.format(bundle=text).encode(), 9)
    return b"%d\n" % len(packed) + packed
