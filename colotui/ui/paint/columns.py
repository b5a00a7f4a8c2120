"""The columns of the list of guests: what each says of a guest, and which of them there is room for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from colotui.model.protection import State
from colotui.ui.actions import BY_ACTION, allowed
from colotui.ui.fleet import Rank, Standing
from colotui.ui.format import duration, lasting, number, whole
from colotui.ui.glyphs import BAD, to_ascii
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.scene import STALE_AFTER
from colotui.ui.paint.state import PaneState
from colotui.ui.paint.tabs import ink_of, sign_of

GAP = 2
# The service is asked every 2 s while it answers.
_PROBE_STALE = 2.0 + STALE_AFTER
_NONE: list[Span] = [("—", "low")]


@dataclass(slots=True)
class Board:
    """What the list is painted from: all guests, those that pass the filter, and where the cursor is."""

    everything: Sequence[Standing]
    rows: Sequence[Standing]
    now: float
    state: PaneState
    ascii_only: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    read_only: Mapping[int, str] = field(default_factory=dict)
    replay: str = ""

    @property
    def chosen(self) -> Standing | None:
        """The guest under the cursor."""
        return self.rows[self.state.cursor] if self.state.cursor < len(self.rows) else None

    def finish(self, canvas: Canvas) -> list[Line]:
        """The canvas as lines, in ASCII when that is wanted."""
        lines = canvas.lines()
        if not self.ascii_only:
            return lines
        return [tuple((to_ascii(text), style) for text, style in line) for line in lines]


def state_word(row: Standing) -> str:
    """The state in words."""
    if row.rank is Rank.ASKING:
        return "Connecting"
    return row.view.protection.state.value if row.view is not None else State.UNKNOWN.value


def row_text(row: Standing) -> str:
    """One guest as a line of text: what the filter looks at and the copy key copies."""
    parts = [state_word(row), row.guest, row.pair]
    if row.view is not None:
        said = row.view.protection
        parts += [said.primary, said.secondary, said.headline, BY_ACTION[said.do_now].word if said.do_now else ""]
    return "  ".join(part for part in [*parts, row.why] if part)


def _state(board: Board, row: Standing) -> list[Span]:
    sign, word = sign_of(row), state_word(row)
    if row.rank is Rank.NOT_SERVED:
        return [(f"{sign} {word}", "badge-dead")]
    if row.at and board.now - row.at > STALE_AFTER:
        return [(f"{sign} {word}", "stale")]
    style = "warn" if row.rank in (Rank.UNKNOWN, Rank.NOT_PROTECTED) else "base"
    return [(f"{sign} ", ink_of(row)), (word, style)]


def _guest(board: Board, row: Standing) -> list[Span]:
    return [(row.guest, "name")] if row.guest else _NONE


def _pair(board: Board, row: Standing) -> list[Span]:
    return [(row.pair, "muted")]


def _path(board: Board, row: Standing) -> list[Span]:
    said = row.view.protection if row.view is not None else None
    if said is None or not said.primary:
        return _NONE
    spans: list[Span] = [(said.primary, "bold")]
    if said.secondary:
        up = said.state is State.PROTECTED
        spans += [(" ═▶ " if up else " ╌╌ ", "link-up" if up else "link-cut"), (said.secondary, "base")]
    return spans


def _since(board: Board, row: Standing) -> list[Span]:
    said = row.view.protection if row.view is not None else None
    if said is None or not said.since:
        return _NONE
    return [(duration(board.now - said.since), "base")]


def _rate(board: Board, row: Standing) -> list[Span]:
    return _measured(row.view.stats.rate_per_s) if row.view is not None and believed(board, row) else _NONE


def _pause(board: Board, row: Standing) -> list[Span]:
    return _measured(row.view.stats.pause_p95_ms) if row.view is not None and believed(board, row) else _NONE


def _mismatches(board: Board, row: Standing) -> list[Span]:
    rate = row.view.mismatches_per_min if row.view is not None and believed(board, row) else None
    if rate is None:
        return _NONE
    return [(whole(rate) if rate >= 1 or rate == 0 else number(rate), "strong")]


def _measured(value: float | None) -> list[Span]:
    return _NONE if value is None else [(number(value), "strong")]


def believed(board: Board, row: Standing) -> bool:
    """True when what was measured still holds: no number outlives the lock-step it was measured in."""
    return row.view is not None and row.view.protection.state is State.PROTECTED and not is_old(board, row)


def _probe(board: Board, row: Standing) -> list[Span]:
    probe = row.view.probe if row.view is not None else None
    if probe is None:
        return _NONE
    if not probe.ok:
        lasted = f" {lasting(board.now - probe.silent_since)}" if probe.silent_since is not None else ""
        return [(f"{BAD} silent{lasted}", "error")]
    stale = board.now - probe.at > _PROBE_STALE
    value = f"{number(probe.rtt_ms)} ms"
    return [(value, "stale")] if stale else [(value.removesuffix(" ms"), "strong"), (" ms", "low")]


def key_spans(board: Board, row: Standing) -> list[Span]:
    """The one key for this guest: of the running plan, of what is recommended, or none."""
    if row.view is None:
        return [("enter", "strong"), (" retry", "muted")] if row.rank is Rank.UNKNOWN else []
    progress, said = row.view.progress, row.view.protection
    if progress is not None and progress.running and progress.steps:
        count = len(progress.steps)
        return [(f"step {min(progress.current + 1, count)} of {count}", "muted")]
    if said.do_now is None:
        return []
    text = BY_ACTION[said.do_now]
    key = board.keys.get(text.action.value, text.key)
    if board.read_only.get(row.place) or not allowed(row.view, said.do_now):
        return [(f"{key} {text.word}", "low")]
    return [(key, "strong"), (f" {text.word}", "base")]


@dataclass(frozen=True, slots=True)
class Column:
    """`keep`: the higher, the sooner it is dropped. `most`: it grows to its widest entry, up to so many cells."""

    name: str
    least: int
    keep: int
    draw: Callable[[Board, Standing], list[Span]]
    most: int = 0
    right: bool = False
    measured: bool = False


_COLUMNS = (
    Column("state", 15, 0, _state),
    Column("guest", 5, 0, _guest, most=24),
    Column("pair", 4, 3, _pair, most=16),
    Column("hosts", 9, 4, _path, most=30),
    Column("for", 11, 2, _since, right=True),
    Column("ckpt/s", 6, 6, _rate, right=True, measured=True),
    Column("p95 ms", 6, 7, _pause, right=True, measured=True),
    Column("mism/min", 8, 8, _mismatches, right=True, measured=True),
    Column("service", 14, 5, _probe, right=True),
    Column("key", 13, 0, key_spans),
)
_NUMBER_WIDTH = 3

Placed = tuple[Column, int, int]


def placed_columns(board: Board, width: int) -> list[Placed]:
    """The columns that fit into `width` cells, each with its first cell and its width."""
    several = len({row.place for row in board.everything}) > 1
    wanted: list[tuple[Column, int]] = []
    for column in _COLUMNS:
        if column.name == "pair" and not several:
            continue
        wide = column.least
        if column.most:
            widest = max((width_of(column.draw(board, row)) for row in board.everything), default=0)
            wide = max(wide, min(column.most, widest))
        wanted.append((column, wide))
    kept: list[tuple[Column, int]] = []
    room = width - _NUMBER_WIDTH
    for column, wide in sorted(wanted, key=lambda entry: entry[0].keep):
        taken = sum(cells + GAP for _, cells in kept)
        if column.keep > 0 and taken + wide > room:
            break
        kept.append((column, wide))
    kept.sort(key=lambda entry: _COLUMNS.index(entry[0]))
    spare = room - sum(cells for _, cells in kept) - GAP * (len(kept) - 1)
    if spare < 0:
        kept = [(c, max(5, w + spare) if c.name == "guest" else w) for c, w in kept]
    out: list[Placed] = []
    x = _NUMBER_WIDTH
    for index, (column, wide) in enumerate(kept):
        # What is left over goes behind the numbers: there a guest that is not protected has its sentence.
        if spare > 0 and index and not column.measured and (kept[index - 1][0].measured or index == len(kept) - 1):
            x += spare
            spare = 0
        out.append((column, x, wide))
        x += wide + GAP
    return out


def is_old(board: Board, row: Standing) -> bool:
    """True when no snapshot came for more than three samples."""
    return bool(row.at) and board.now - row.at > STALE_AFTER


def short_headline(row: Standing) -> str:
    """What is the matter, without the guest's name in front: it stands in its own column."""
    if row.view is None:
        return row.why
    headline = row.view.protection.headline
    for start in (f"{row.guest} is ", f"{row.guest}: ", f"{row.guest} "):
        if row.guest and headline.startswith(start):
            return headline[len(start) :]
    return headline
