"""A partial update of the screen that writes only the cells that changed, and of a style only what is new in it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate

_MARKS = (
    ("bold", "1"), ("dim", "2"), ("italic", "3"), ("underline", "4"), ("blink", "5"), ("reverse", "7"),
    ("conceal", "8"), ("strike", "9"),
)  # fmt: skip
_PLAIN = ("", "", "")


@lru_cache(maxsize=1024)
def _codes(style: Style, system: ColorSystem) -> tuple[str, str, str] | None:
    """Attributes, colour and ground as SGR parameters; None for a style that has more than those."""
    if style.link or style.blink2 or style.underline2 or style.frame or style.encircle or style.overline:
        return None
    marks = ";".join(code for name, code in _MARKS if getattr(style, name))
    colour, ground = style.color, style.bgcolor
    return (
        marks,
        "" if colour is None else ";".join(colour.downgrade(system).get_ansi_codes()),
        "" if ground is None else ";".join(ground.downgrade(system).get_ansi_codes(foreground=False)),
    )


def _turned(before: tuple[str, str, str], after: tuple[str, str, str]) -> str:
    """The sequence from one style to the next: only the colours that differ while the attributes stay."""
    if before == after:
        return ""
    same = before[0] == after[0] and not any(was and not now for was, now in zip(before, after, strict=True))
    parts = [now for was, now in zip(before, after, strict=True) if now and (not same or now != was)]
    codes = ";".join(parts if same else ["0", *parts])
    return f"\x1b[{codes}m"


class CellUpdate(ChopsUpdate):
    """Textual's own begins a span with everything left of it in its strip, and writes each style in full."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> CellUpdate:
        """The same update, written shorter."""
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """The raw sequences for the terminal; they end with no style in force."""
        out: list[str] = []
        system = console._color_system or ColorSystem.TRUECOLOR
        now = _PLAIN
        for y, start, end in self.spans:
            at = -1  # where the cursor stands in this row
            for strip_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= end or strip_end <= start:
                    continue
                first = max(start, x)
                if at != first:
                    out.append(f"\x1b[{y + 1};{first + 1}H")
                at = min(strip_end, end)
                cut = strip if (first, at) == (x, strip_end) else strip.crop(first - x, at - x)
                now = _write(out, cut, now, system)
        if now != _PLAIN:
            out.append("\x1b[0m")
        return "".join(out)


def _write(
    out: list[str], strip: Iterable[Segment], now: tuple[str, str, str], system: ColorSystem
) -> tuple[str, str, str]:
    """Append the segments; the style that is in force after them."""
    for text, style, control in strip:
        if control or not text:
            continue
        codes = _PLAIN if style is None else _codes(style, system)
        if codes is None:
            assert style is not None
            out.append(_turned(now, _PLAIN) + style.render(text, color_system=system))
            now = _PLAIN
            continue
        out.append(_turned(now, codes))
        out.append(text)
        now = codes
    return now
