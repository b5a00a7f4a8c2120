"""Where a Debian host gets its packages from, and the backports that belong to it: pure text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FOLDER = "/etc/apt/sources.list.d"
LIST = f"{FOLDER}/colotui-backports.list"
SOURCES = f"{FOLDER}/colotui-backports.sources"
_REMARK = "# Made by colotui from the sources of this host: a QEMU that can do COLO."
_CONTINUED = "\n"
_NO_MIRROR = ("cdrom:", "file:", "copy:")


@dataclass(frozen=True, slots=True)
class Backports:
    """The backports of a suite: `there` already, or the file to be written with its text."""

    there: bool
    path: str = ""
    text: str = ""


def backports(files: Mapping[str, str], suite: str) -> Backports | None:
    """From the host's own entry for `suite` and main, the same place and key; None when there is no such entry."""
    wanted = f"{suite}-backports"
    model: Backports | None = None
    for path, text in files.items():
        for found, suites in _entries(path, text, wanted):
            if wanted in suites:
                return Backports(there=True)
            if suite in suites and model is None:
                model = found
    return model


def _entries(path: str, text: str, wanted: str) -> list[tuple[Backports, list[str]]]:
    """Every entry for main in a file: itself with `wanted` as its suite, and the suites it has."""
    if path.endswith(".sources"):
        return [found for stanza in _stanzas(text) if (found := _stanza(stanza, wanted)) is not None]
    return [found for line in text.splitlines() if (found := _line(line, wanted)) is not None]


def _line(line: str, wanted: str) -> tuple[Backports, list[str]] | None:
    """One line of the old format: deb [options] URI suite component..."""
    words = line.partition("#")[0].split()
    if not words or words[0] != "deb":
        return None
    start = 1
    if len(words) > 1 and words[1].startswith("["):
        while start < len(words) and not words[start].endswith("]"):
            start += 1
        start += 1
    rest = words[start:]
    if len(rest) < 3 or "main" not in rest[2:] or rest[0].startswith(_NO_MIRROR):
        return None
    text = f"{_REMARK}\n{' '.join([*words[:start], rest[0], wanted, 'main'])}\n"
    return Backports(False, LIST, text), [rest[1]]


def _stanzas(text: str) -> list[list[tuple[str, str]]]:
    """The fields of each stanza, with their continuation lines as they stand; comments left out."""
    found: list[list[tuple[str, str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.strip():
            found.append([])
        elif line[0] in " \t" and found[-1]:
            name, value = found[-1][-1]
            found[-1][-1] = (name, f"{value}\n{line}")
        elif ":" in line:
            name, _, value = line.partition(":")
            found[-1].append((name.strip(), value.strip()))
    return [stanza for stanza in found if stanza]


def _stanza(stanza: list[tuple[str, str]], wanted: str) -> tuple[Backports, list[str]] | None:
    fields = {name.lower(): value for name, value in stanza}
    if fields.get("enabled", "yes").strip().lower() in ("no", "false", "0", "off"):
        return None
    if "deb" not in fields.get("types", "").split() or "main" not in fields.get("components", "").split():
        return None
    places = [uri for uri in fields.get("uris", "").split() if not uri.startswith(_NO_MIRROR)]
    if not places:
        return None
    changed = {"types": "deb", "uris": " ".join(places), "suites": wanted, "components": "main"}
    told = [(name, changed.get(name.lower(), value)) for name, value in stanza]
    lines = [f"{name}:{'' if value.startswith(_CONTINUED) else ' '}{value}" for name, value in told]
    return Backports(False, SOURCES, "\n".join([_REMARK, *lines]) + "\n"), fields.get("suites", "").split()
