"""The user's keymap: `keymap.yaml` in the config folder, one line for each key that is moved."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from colotui import paths
from colotui.config.document import read
from colotui.config.fields import Fields, Problems
from colotui.config.values import Bad, shown

_KEYS = re.compile(r"[A-Za-z0-9_+]{1,40}(,[A-Za-z0-9_+]{1,40})*")


def load_keymap(known: Collection[str], path: Path | None = None) -> dict[str, str]:
    """Binding ids and the keys they shall have, as in `failover: f5`; empty without a file. Raises ConfigError."""
    file = path or paths.config_dir() / "keymap.yaml"
    if not file.exists():
        return {}
    problems = Problems(str(file))
    fields = Fields(read(file), "the keymap", known, problems)
    found = {name: fields.need(name, _keys, "") for name in known if fields.has(name)}
    owners: dict[str, str] = {}
    for name, keys in found.items():
        for key in filter(None, keys.split(",")):
            if key in owners:
                problems.add(fields.line_of(name), f"the key {shown(key)} is given to `{owners[key]}` and `{name}`.")
            owners.setdefault(key, name)
    if problems.found:
        raise problems.in_order()[0]
    return found


def _keys(text: str) -> str:
    text = text.replace(" ", "")
    if not _KEYS.fullmatch(text):
        raise Bad(f"{shown(text)} is no key: names as in `f5`, `ctrl+k`, `question_mark`, several with commas between")
    return text
