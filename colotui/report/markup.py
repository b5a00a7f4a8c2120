"""HTML and SVG as nested calls: every text is made plain and escaped unless it is markup that was built here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from colotui.model.text import plain

TEXT_LIMIT = 2000
"""Characters of one text of a host."""

_EMPTY = frozenset({"meta", "br", "rect", "line", "path", "circle", "stop"})


class Html(str):
    """Text that is markup already. Only `tag`, `joined` and constants of this package make one."""

    __slots__ = ()


Child = str | None
Value = str | float | int | bool | None


def text(words: str) -> Html:
    """`words` as nothing but text."""
    return Html(escape(plain(words, TEXT_LIMIT), quote=True))


def tag(name: str, /, *children: Child, **attributes: Value) -> Html:
    """One element. An attribute `class_` is `class`, `stroke_width` is `stroke-width`; None and False leave it out."""
    shown = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY and not children:
        return Html(f"<{name}{shown}/>")
    return Html(f"<{name}{shown}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Html:
    """The children one after the other; strings that are no markup are escaped."""
    return Html("".join(child if isinstance(child, Html) else text(child) for child in children if child is not None))


def _attribute(key: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    shown = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {name}="{text(shown)}"'
