"""The pair file: find it, read it into model.pair.Pair with a line number in every error, write it."""

from __future__ import annotations

from pathlib import Path

from colotui.config.document import parse, read
from colotui.config.fields import Problems
from colotui.config.find import find, find_all, names
from colotui.config.keymap import load_keymap
from colotui.config.reader import read_pair
from colotui.config.writer import dump
from colotui.errors import ConfigError
from colotui.model.pair import Pair

__all__ = ["check", "check_text", "dump", "find", "find_all", "load", "load_keymap", "loads", "names"]


def load(path: str | Path) -> Pair:
    """The pair in the file at `path`. Raises ConfigError with the first problem; `check` lists all."""
    file = Path(path)
    problems = Problems(str(file))
    return _result(read_pair(read(file), _absolute(file), problems), problems)


def loads(text: str, path: str = "pair.yaml") -> Pair:
    """The pair in `text`; `path` is named in errors and is where relative paths start."""
    problems = Problems(path)
    return _result(read_pair(parse(text, path), Path(path), problems), problems)


def check(path: str | Path) -> list[ConfigError]:
    """Everything wrong with the file at `path`, in the order of its lines; empty when it can be used."""
    file = Path(path)
    problems = Problems(str(file))
    try:
        read_pair(read(file), _absolute(file), problems)
    except ConfigError as error:
        return [error]
    return problems.in_order()


def check_text(text: str, path: str = "pair.yaml") -> list[ConfigError]:
    """Everything wrong with `text` as a pair file at `path`."""
    problems = Problems(path)
    try:
        read_pair(parse(text, path), Path(path), problems)
    except ConfigError as error:
        return [error]
    return problems.in_order()


def _absolute(file: Path) -> Path:
    try:
        return file.absolute()
    except OSError:
        # The working folder is gone; relative paths then stay as they are.
        return file


def _result(pair: Pair | None, problems: Problems) -> Pair:
    if pair is not None:
        return pair
    first, *others = problems.in_order()
    if others:
        more = "1 more problem" if len(others) == 1 else f"{len(others)} more problems"
        first.next_step = f"{first.next_step} ({more}; all of them: colotui config check)".strip()
    raise first
