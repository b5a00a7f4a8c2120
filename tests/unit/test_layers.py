"""The rooms of the project know only what lies below them: an arrow upwards is a fault, whoever draws it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import colotui

ROOT = Path(colotui.__file__).parent

# What each room may import, besides itself and the ground that all stand on.
BELOW = {
    "model": set[str](),
    "config": {"model"},
    "host": {"model"},
    "engine": {"host", "model"},
    "diagnosis": {"model"},
    "setup": {"engine", "host", "model"},
    "controller": {"config", "diagnosis", "engine", "host", "model", "setup"},
    "replay": {"controller", "model"},
    "ui": {"config", "controller", "diagnosis", "model", "replay"},
    "drill": {"controller", "model"},
    "record": {"model"},
    "report": {"model", "record"},
    "metrics": {"model"},
    "cli": {"config", "controller", "diagnosis", "drill", "host", "lab", "metrics", "model"}
    | {"record", "replay", "report", "ui"},
    "lab": set[str](),
}
GROUND = {"errors", "paths", "tasks", "collector", "__version__"}
# Names, ports and paths of an engine are pure: whoever judges a pair may know them. So are numbers and times in words.
PURE = {"diagnosis": "colotui.engine.qemu.wiring.", "report": ("colotui.ui.format.", "colotui.replay.when.")}
OUTSIDE = {
    "ui": {"asyncssh", "pyroute2", "qemu", "psutil", "sqlite3"},
    "model": {"asyncio", "asyncssh", "pyroute2", "qemu", "psutil", "socket", "subprocess", "os", "pathlib"},
    "diagnosis": {"asyncio", "asyncssh", "pyroute2", "qemu", "psutil", "socket", "subprocess", "os", "pathlib"},
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(name: str) -> str:
    return name.split(".")[1] if name.startswith("colotui.") else ""


@pytest.mark.parametrize("room", sorted(BELOW))
def test_knows_only_what_lies_below(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        for name in imports(path):
            known = room_of(name)
            where = f"{path.relative_to(ROOT)} imports {name}"
            pure = name.startswith(PURE.get(room, "no exception"))
            assert not known or pure or known in BELOW[room] | GROUND | {room}, where
            assert name.split(".")[0] not in OUTSIDE.get(room, set()), where


def test_no_room_is_forgotten() -> None:
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert rooms == set(BELOW)
