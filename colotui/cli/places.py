"""`colotui paths`: every place where colotui keeps things on this machine, and whether it exists."""

from __future__ import annotations

import argparse
from pathlib import Path

from colotui import config, paths
from colotui.cli import codes
from colotui.cli.jsonview import document
from colotui.cli.session import term
from colotui.cli.term import clean
from colotui.errors import ConfigError


def command(args: argparse.Namespace) -> int:
    """Print the table."""
    places = _places(args)
    if args.json:
        print(document(paths={name: {"path": str(path), "exists": _exists(path)} for name, path in places.items()}))
        return codes.OK
    out = term(args)
    for name, path in places.items():
        state = "" if _exists(path) else out.paint("  (not there)", "low")
        out.line(f"{name:<15} {clean(str(path))}{state}")
    return codes.OK


def _places(args: argparse.Namespace) -> dict[str, Path]:
    usual = paths.config_dir() / "pair.yaml"
    try:
        used = config.find(args.config, args.pair) or usual
    except ConfigError:
        used = paths.config_dir() / "pairs" / f"{args.pair}.yaml"
    return {
        "pair file": used,
        "config": paths.config_dir(),
        "pairs": paths.config_dir() / "pairs",
        "own themes": paths.user_themes_dir(),
        "shipped themes": paths.shipped_themes_dir(),
        "state": paths.state_dir(),
        "known hosts": paths.known_hosts(),
        "logs": paths.logs_dir(),
        "recordings": paths.recordings_dir(),
        "cache": paths.cache_dir(),
    }


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
