"""The signs of the screen and the ASCII ones that stand in for them, one cell for one cell."""

from __future__ import annotations

from colotui.model.protection import Severity, State

SPEAKS = "▲"
WARN = "▲"
BAD = "✘"
GOOD = "✔"
FORCED = "◆"
UNKNOWN = "?"
BINDS = "→"
BOTH = "⇄"
METER = "■"
METER_EMPTY = "□"

_STATE = {
    State.PROTECTED: "●",
    State.SYNCING: "◐",
    State.FAILING_OVER: "◐",
    State.FAILED_OVER: "○",
    State.UNKNOWN: "?",
}


def state_glyph(state: State, severity: Severity) -> str:
    """The sign of the top line. Not protected is ✘ only when the client suffers."""
    if state is State.NOT_PROTECTED:
        return BAD if severity is Severity.ERROR else "○"
    return _STATE[state]


_BRAILLE = 0x2800
_ROW_BITS = (0x40 | 0x80, 0x04 | 0x20, 0x02 | 0x10, 0x01 | 0x08)


def _braille_height(bits: int) -> int:
    return max((row + 1 for row, mask in enumerate(_ROW_BITS) if bits & mask), default=0)


def _ascii_table() -> dict[int, str]:
    table = {
        "●": "*", "◐": "~", "○": "o", "✘": "x", "✔": "+", "▲": "!", "◆": "^", "■": "#", "□": ".",
        "→": ">", "⇄": "=", "↑": "^", "↓": "v", "▶": ">", "◀": "<", "═": "=", "─": "-", "╌": "-", "╎": ":",
        "│": "|", "┃": "|", "━": "=", "┌": "+", "┐": "+", "└": "+", "┘": "+", "╭": "+", "╮": "+", "╰": "+",
        "╯": "+", "┏": "#", "┓": "#", "┗": "#", "┛": "#", "┴": "+", "┬": "+", "├": "+", "┤": "+",
        "…": "~", "—": "-", "−": "-", "≠": "!", "≥": ">", "≤": "<", "·": ".", "’": "'", "‘": "'", "“": '"',
        "”": '"', "–": "-", "×": "x", "Δ": "d", "▏": "|", "█": "|", "\u00a0": " ", "\u202f": " ",
    }  # fmt: skip
    out = {ord(char): stand_in for char, stand_in in table.items()}
    for index, char in enumerate("▁▂▃▄▅▆▇"):
        out[ord(char)] = "..::||"[min(index, 5)]
    for bits in range(256):
        out[_BRAILLE + bits] = " .::|"[_braille_height(bits)]
    return out


_ASCII = _ascii_table()


def to_ascii(text: str) -> str:
    """`text` with every sign replaced; what has no stand-in becomes ? and keeps its cell."""
    if text.isascii():
        return text
    shown = text.translate(_ASCII)
    return shown if shown.isascii() else "".join(char if char.isascii() else "?" for char in shown)
