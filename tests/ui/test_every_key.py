"""Every binding of every screen does something that can be seen; a binding without a script fails here."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

import colotui.ui
from tests.ui.fake import FakeController
from tests.ui.keyscripts import SCRIPTS, Script
from tests.ui.scenes import Running, running
from tests.ui.strips import rows_of, text_of

OF_REPLAYS = {"ReplayApp", "ReplayTimeScreen"}
"""Their keys move through a recording: the tests of the replay press them."""


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def all_keys() -> set[tuple[str, str]]:
    """Class and key of each binding that a class of ours has."""
    for module in pkgutil.walk_packages(colotui.ui.__path__, "colotui.ui."):
        importlib.import_module(module.name)
    found = set()
    for kind in _below(DOMNode):
        if kind.__module__.startswith("colotui.ui.") and kind.__name__ not in OF_REPLAYS:
            for binding in kind.__dict__.get("BINDINGS", ()):
                assert isinstance(binding, Binding)
                found |= {(kind.__name__, key.strip()) for key in binding.key.split(",")}
    return found


def test_every_key_has_a_script() -> None:
    tried = {
        (script.screen, step.split()[0]) for script in SCRIPTS for step in script.steps if not step.startswith("~")
    }
    missing = all_keys() - tried
    assert not missing, f"keys without a script in keyscripts.py: {sorted(missing)}"


def _calls(run: Running) -> list[str]:
    setup = getattr(run.app, "setup", None)
    fakes = [pair.controller for pair in run.app.fleet.pairs if isinstance(pair.controller, FakeController)]
    return [str(call[0]) for fake in (*fakes, *([setup] if setup is not None else [])) for call in fake.calls]


def _seen(run: Running) -> tuple[Any, ...]:
    """All that an operator can see: the screen, and which one it is."""
    return type(run.app.screen).__name__, rows_of(run.app)


async def _step(run: Running, step: str) -> None:
    key, _, wanted = step.removeprefix("~").partition(" ")
    sign, _, words = wanted.partition(" ")
    before, asked = _seen(run), _calls(run)
    for note in list(run.app._notifications):
        run.app._unnotify(note, refresh=False)
    run.app.copy_to_clipboard("")
    await run.press(key)
    if sign == "!":
        # A file is written in a thread.
        await asyncio.wait_for(run.app.workers.wait_for_complete(), 10)
        await run.pilot.pause()
    if step.startswith("~"):
        return
    where = f"`{key}` on {before[0]}"
    if sign == "off":
        assert run.app._exit, f"{where}: the app goes on"
        return
    now = _seen(run)
    shown = "\n".join(text_of(row) for row in now[1])
    if sign == ">":
        name = words.split()[-1]
        assert now[0] == name, f"{where}: {now[0]} is on top, not {name}"
    elif sign == "!":
        said = " ".join(str(note.message) for note in run.app._notifications)
        assert words in said or words in shown, f"{where}: `{words}` is not said, but `{said}`"
    elif sign == "=":
        assert words in run.app.clipboard, f"{where}: copied `{run.app.clipboard[:80]}`"
    elif sign == "*":
        assert words in _calls(run)[len(asked) :], f"{where}: asked {_calls(run)[len(asked) :]}"
    else:
        changed = now != before
        assert changed, f"{where}: nothing changed\n{shown}"


def _name(script: Script) -> str:
    return f"{script.screen}-{script.stage.name}-{script.steps[0].split()[0]}"


@pytest.mark.parametrize("script", SCRIPTS, ids=_name)
async def test_keys(script: Script, tmp_path: Path) -> None:
    async with running(script.stage, script.size, export_folder=tmp_path) as run:
        for step in script.steps:
            await _step(run, step)
