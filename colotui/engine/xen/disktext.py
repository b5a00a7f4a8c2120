"""Changes to the string of one disk that leave its other words and their order alone."""

from __future__ import annotations

from collections.abc import Mapping

from colotui.engine.xen.disk import Disk, DiskError, parse_disk

_FLAGS = frozenset(
    ("cdrom", "direct-io-safe", "discard", "no-discard", "colo", "no-colo", "trusted", "untrusted")
)  # fmt: skip


def disk_words(text: str) -> list[str]:
    """The words as written, blanks kept; `target=` takes all that follows it."""
    words: list[str] = []
    rest = text
    while rest:
        if rest.lstrip(" \t\n").startswith("target="):
            return [*words, rest]
        word, comma, rest = rest.partition(",")
        words.append(word)
        if comma and not rest:
            words.append("")
    return words


def is_named(text: str) -> bool:
    """True when every value has its name: nothing depends on its place."""
    bare = [word.strip(" \t\n") for word in disk_words(text)]
    return all("=" in word or word in _FLAGS for word in bare if word)


def named(disk: Disk) -> str:
    """The disk with every value named, as it would be written today."""
    words = [f"format={disk.format}"]
    words += [f"vdev={disk.vdev}", "devtype=cdrom" if disk.cdrom else f"access={'rw' if disk.writable else 'ro'}"]
    for key in ("backendtype", "backend", "script", "specification", "filter"):
        if value := getattr(disk, key):
            words.append(f"{key}={value}")
    if disk.filter_params:
        words.append(f"filter-params={disk.filter_params}")
    for flag, yes, no in (
        (disk.discard, "discard", "no-discard"),
        (disk.trusted, "trusted", "untrusted"),
        (disk.grant_usage, "grant_usage=1", "grant_usage=0"),
        (disk.colo, "colo", "no-colo"),
        (disk.direct_io_safe or None, "direct-io-safe", ""),
    ):
        if flag is not None:
            words.append(yes if flag else no)
    for key in ("colo_host", "colo_port", "colo_export", "active_disk", "hidden_disk"):
        if value := getattr(disk, key):
            words.append(f"{key.replace('_', '-')}={value}")
    if disk.target is not None:
        words.append(f"target={disk.target}")
    return ",".join(words)


def changed(text: str, values: Mapping[str, str | None], *, classic: bool = False) -> str:
    """The disk with other values: None takes a word away, "" makes it a bare one (`colo`).

    New words go before the target. A disk whose values have no names is written anew, with names. Raises DiskError
    when xl would refuse the disk, or for a value with a comma in it: only the target may have one.
    """
    for key, value in values.items():
        if value is not None and set(value) & set("," if key != "target" else ""):
            raise DiskError(f"`{key}` cannot hold a comma")
    if not is_named(text):
        text = named(parse_disk(text, classic=classic))
    left = {key: value for key, value in values.items() if value is not None}
    words: list[str] = []
    target: list[str] = []
    for word in disk_words(text):
        key = word.strip(" \t\n").partition("=")[0]
        if key in values:
            value = left.pop(key, None)
            if value is None:
                continue
            word = word[: len(word) - len(word.lstrip(" \t\n"))] + _word(key, value)
        (target if key == "target" else words).append(word)
    new = [_word(key, value) for key, value in left.items() if key != "target"]
    if "target" in left:
        target = [_word("target", left["target"])]
    return ",".join([word for word in (*words, *new, *target) if word.strip()])


def _word(key: str, value: str) -> str:
    return f"{key}={value}" if value else key
