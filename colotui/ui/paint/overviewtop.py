"""Above and below the list of guests: how many need somebody, what is the matter with the chosen one, and the keys."""

from __future__ import annotations

from collections import Counter

from colotui.ui.fleet import Rank, Standing
from colotui.ui.format import clock
from colotui.ui.glyphs import BAD, UNKNOWN
from colotui.ui.paint.canvas import Canvas, Line, Span, fitted
from colotui.ui.paint.columns import Board
from colotui.ui.paint.sheet import wrapped

_WORDS = {
    Rank.NOT_SERVED: "not served",
    Rank.UNKNOWN: "not known",
    Rank.NOT_PROTECTED: "not protected",
    Rank.ASKING: "connecting",
    Rank.SYNCING: "syncing",
    Rank.WARNING: "protected with a warning",
    Rank.PROTECTED: "protected",
}


def counted(board: Board) -> list[tuple[Rank, int]]:
    """How many stand where, the worst first; only what there is."""
    found = Counter(row.rank for row in board.everything)
    return [(rank, found[rank]) for rank in Rank if found[rank]]


def paint_overview_top(board: Board, width: int, height: int) -> list[Line]:
    """A band when somebody is needed, else a quiet strip with a pill; the same rows either way."""
    bad = [row for row in board.everything if row.needs_you]
    margin = 2 if width >= 90 else 1
    if bad:
        worst = bad[0].rank is Rank.NOT_SERVED
        style = "error-band" if worst else "warning-band"
        canvas = Canvas(width, height, "band-error-background" if worst else "band-warning-background")
        _band(board, canvas, bad, style, margin)
        return board.finish(canvas)
    canvas = Canvas(width, height, "surface")
    row = 1 if height >= 3 else 0
    end = canvas.right(width - margin, row, [*_replay(board, "muted"), (clock(board.now), "muted")])
    well = all(entry.rank >= Rank.WARNING for entry in board.everything)
    word = f" ● ALL {len(board.everything)} PROTECTED " if well else f" ◐ {len(board.everything)} GUESTS "
    x = canvas.put(margin, row, word, "pill" if well else "badge", end - margin - 1)
    counts = [entry for entry in counted(board) if not (well and entry[0] is Rank.PROTECTED)]
    canvas.spans(x + 3, row, fitted(_counts(counts, "strong", "muted"), max(0, end - x - 5)))
    return board.finish(canvas)


def _replay(board: Board, style: str) -> list[Span]:
    return [(" REPLAY ", "badge-replay"), ("  ", style)] if board.replay else []


def _counts(counts: list[tuple[Rank, int]], strong: str, muted: str) -> list[Span]:
    spans: list[Span] = []
    for rank, count in counts:
        spans += [*([("   ", muted)] if spans else []), (str(count), strong), (f" {_WORDS[rank]}", muted)]
    return spans


def _sentence(row: Standing, strong: str, style: str) -> list[Span]:
    """What is the matter, the guest's name in front of it once."""
    said = row.view.protection.headline if row.view is not None else row.why
    if said.startswith(f"{row.name} "):
        return [(row.name, strong), (said[len(row.name) :], style)]
    return [(row.name, strong), (f"  {said}", style)]


def _band(board: Board, canvas: Canvas, bad: list[Standing], style: str, margin: int) -> None:
    width, height = canvas.width, canvas.height
    end = canvas.right(width - margin, 0, [*_replay(board, style), (clock(board.now), style)]) - 2
    sign = BAD if style == "error-band" else UNKNOWN if bad[0].rank is Rank.UNKNOWN else "○"
    verb = "needs" if len(bad) == 1 else "need"
    x = canvas.put(margin, 0, f"{sign} {len(bad)} of {len(board.everything)} {verb} you", f"{style}-bold", end - margin)
    canvas.spans(x + 3, 0, fitted(_counts(counted(board), f"{style}-bold", style), max(0, end - x - 3)))
    if height >= 3:
        canvas.spans(margin, 1, _sentence(bad[0], f"{style}-bold", style), width - 2 * margin)
    if height >= 2:
        x = canvas.put(margin, height - 1, "Do now", style) + 2
        hidden = not board.rows or board.rows[0] is not bad[0]
        x = canvas.put(x, height - 1, f" {board.keys.get('back', 'esc') if hidden else '1'} ", f"{style}-key") + 2
        text = f"open {bad[0].name}" if bad[0].view is not None else f"try pair {bad[0].name} again"
        canvas.put(
            x,
            height - 1,
            "take the filter away: it hides the worst" if hidden else text,
            f"{style}-bold",
            width - margin - x,
        )


def paint_detail(board: Board, width: int, height: int) -> list[Line]:
    """What is the matter with the guest under the cursor, in full sentences."""
    canvas = Canvas(width, height)
    margin = 2 if width >= 90 else 1
    room = width - 2 * margin
    row = board.chosen
    if row is None:
        return board.finish(canvas)
    if row.view is None:
        for y, text in enumerate(wrapped(f"{row.pair}: {row.why}", room)[:height]):
            canvas.put(margin, y, text, "base")
        return board.finish(canvas)
    said = row.view.protection
    canvas.spans(margin, 0, _sentence(row, "name", "base"), room)
    parts = [part for part in (said.meaning, said.do_not) if part]
    silent = [host.why for host in row.hosts if host.why]
    canvas.put(margin, 1, "   ".join([*parts, *silent]), "muted", room)
    return board.finish(canvas)


def paint_overview_keys(board: Board, width: int) -> list[Line]:
    """One row: what the list answers to; help pinned at the right."""
    canvas = Canvas(width, 1, "surface")
    margin = 2 if width >= 90 else 1

    def key(name: str, default: str) -> str:
        return board.keys.get(name, default)

    end = canvas.right(width - margin, 0, [(key("help", "?"), "strong"), (" help", "muted")]) - 2
    entries = (
        ("1-9", "open" if width < 90 else "open that guest"),
        ("enter", "open"),
        (key("down", "j").split()[0] + " " + key("up", "k").split()[0], "move"),
        (key("filter", "/"), "filter"),
        (key("back", "esc"), "cockpit"),
        (key("copy", "y"), "copy"),
        (key("palette", ":"), "command" if width >= 90 else "all"),
        (key("quit", "q"), "quit"),
    )
    x = margin
    for shown, word in entries:
        spans: list[Span] = [(shown, "strong"), (f" {word}", "muted")]
        wide = len(shown) + len(word) + 1
        if x + wide > end:
            break
        x = canvas.spans(x, 0, spans) + (3 if width >= 120 else 2)
    return board.finish(canvas)
