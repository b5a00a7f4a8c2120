"""A command line whose controller is the fake one, in a home of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from colotui import config
from colotui.cli import asking, main, session
from colotui.model.pair import Pair
from tests.unit.cli.fake import FakeController, snapshot
from tests.unit.config.pairs import FULL


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Colotui:
    """Runs command lines. `controller` is the one they get."""

    pair: Pair
    controller: FakeController
    home: Path
    answers: list[str]
    questions: list[str]
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Ran:
        self.capture.readouterr()
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = self.capture.readouterr()
        return Ran(code, captured.out, captured.err)


@pytest.fixture
def colotui(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Colotui]:
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("COLOTUI_PAIR", raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def make(text: str | None = FULL, answers: list[str] | None = None, **fake: Any) -> Colotui:
        home = tmp_path / "XDG_CONFIG_HOME" / "colotui"
        home.mkdir(parents=True, exist_ok=True)
        if text is not None:
            (home / "pair.yaml").write_text(text)
        pair = config.loads(text or FULL)
        controller = FakeController(pair, fake.pop("snapshot", None) or snapshot(pair), **fake)
        made = Colotui(pair, controller, tmp_path, list(answers or []), [], capsys)

        def make_controller(_pair: Pair, read_only: bool) -> FakeController:
            controller.read_only = read_only
            return controller

        async def ask(_self: object, question: str) -> str:
            made.questions.append(question)
            return made.answers.pop(0)

        monkeypatch.setattr(session, "make_controller", make_controller)
        monkeypatch.setattr(asking.Asker, "possible", property(lambda _self: answers is not None))
        monkeypatch.setattr(asking.Asker, "ask", ask)
        return made

    return make
