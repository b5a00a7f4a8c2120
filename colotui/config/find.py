"""Find the pair file: `-c FILE`, else `-p NAME`, else $COLOTUI_PAIR, else the user's config folder."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from colotui import paths
from colotui.errors import ConfigError
from colotui.model.text import plain

VARIABLE = "COLOTUI_PAIR"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def find(file: str | None = None, name: str | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The pair file to use; None when none was asked for and none lies in the config folder.

    A file that was asked for is returned whether or not it exists, so that reading it names what is wrong.
    """
    if file:
        return _expanded(file)
    if name:
        return named(name)
    if environ.get(VARIABLE):
        return _expanded(environ[VARIABLE])
    usual = paths.config_dir() / "pair.yaml"
    return usual if usual.exists() else None


def find_all(
    files: Sequence[str] = (),
    names_: Sequence[str] = (),
    *,
    everything: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> list[Path]:
    """The pair files the cockpit watches, each once: those that are named, and with `everything` all there are.

    Where none is named: $COLOTUI_PAIR, else all of the config folder, `pair.yaml` first, then those of `pairs`.
    Raises ConfigError for a name without a file.
    """
    found = [*map(_expanded, files), *map(named, names_)]
    if not found and not everything and environ.get(VARIABLE):
        found = [_expanded(environ[VARIABLE])]
    if everything or not found:
        usual = paths.config_dir() / "pair.yaml"
        found += [usual] if usual.exists() else []
        found += [paths.config_dir() / "pairs" / f"{name}.yaml" for name in names()]
    once: dict[Path, Path] = {}
    for path in found:
        once.setdefault(_real(path), path)
    return list(once.values())


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        # A ring of links, or no name of a file at all: reading it will say so.
        return path


def named(name: str) -> Path:
    """The file of the pair called `name`; ConfigError when there is none, with those there are."""
    folder = paths.config_dir() / "pairs"
    path = folder / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.exists():
        there = ", ".join(names()) or "none"
        raise ConfigError(str(folder), 0, f"there is no pair called `{plain(name, 40)}`.", f"There: {there}.")
    return path


def names() -> list[str]:
    """The names that `-p` takes: the files in the `pairs` folder."""
    try:
        found = [path.stem for path in (paths.config_dir() / "pairs").glob("*.yaml")]
    except OSError:
        return []
    return sorted(name for name in found if _NAME.fullmatch(name))


def _expanded(file: str) -> Path:
    try:
        return Path(file).expanduser()
    except RuntimeError:
        return Path(file)
