"""The same data on stock widgets, as one would write it first: the yardstick for the cockpit's own ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, RichLog, Sparkline, Static

from colotui.controller.base import Controller
from colotui.model.protection import Event, Snapshot
from colotui.ui.format import clock, clock_ms, number
from colotui.ui.moment import scene_of
from colotui.ui.paint.hostfacts import Side, rows
from colotui.ui.paint.ladder import paint_ladder
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.top import paint_top

_COLOURS = {"strong": "bold white", "muted": "grey62", "low": "grey50", "ok": "green", "error": "red", "name": "bold"}


def _text(lines: list[tuple[tuple[str, str], ...]]) -> Text:
    out = Text()
    for index, line in enumerate(lines):
        if index:
            out.append("\n")
        for text, style in line:
            out.append(text, _COLOURS.get(style.partition("@")[0], ""))
    return out


def _side(side: Side) -> str:
    return "".join(text for text, _ in [*side.value, ("   ", ""), *side.remark])


class StockApp(App[int]):
    """Static, DataTable, Sparkline, RichLog and Footer; twice a second, the log as events come."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, "nothing", word) for key, word in zip("fwKpr/z:?q", ("fail over", "switch", "stop", "protect",
        "re-protect", "filter", "freeze", "command", "help", "quit"), strict=True)
    ]  # fmt: skip
    CSS = """
    #top { height: 3; background: $surface; } #ladder { height: 11; margin-top: 1; }
    #hosts { height: 10; margin-top: 1; }
    #middle { height: 9; margin-top: 1; } #graph { width: 58%; } Sparkline { height: 6; } #log { margin-top: 1; }
    """

    def __init__(self, make: Callable[[], Controller]) -> None:
        super().__init__()
        self._make = make
        self._controller: Controller | None = None
        self._seen = 0

    def compose(self) -> ComposeResult:
        yield Static(id="top")
        yield Static(id="ladder")
        yield DataTable(id="hosts", show_cursor=False)
        with Horizontal(id="middle"):
            with Vertical(id="graph"):
                yield Static("checkpoints")
                yield Sparkline([], id="pauses")
                yield Static(id="figures")
            yield DataTable(id="mismatches", show_cursor=False)
        yield RichLog(id="log", max_lines=500)
        yield Footer()

    def action_nothing(self) -> None:
        """The keys are only shown."""

    async def on_mount(self) -> None:
        self._controller = await asyncio.to_thread(self._make)
        self._controller.subscribe(self._arrived)
        self.set_interval(0.5, self._tick)
        self._tick()
        await self._controller.start()

    def _arrived(self, snapshot: Snapshot) -> None:
        fresh = min(snapshot.event_total - self._seen, len(snapshot.events))
        self._seen = snapshot.event_total
        log = self.query_one("#log", RichLog)
        for event in snapshot.events[len(snapshot.events) - fresh :]:
            log.write(self._line(event))

    @staticmethod
    def _line(event: Event) -> Text:
        line = Text(f"{clock(event.at)}  ", "grey62")
        line.append(f"{event.source:<10}  ", "yellow" if event.severity.value == "warning" else "grey62")
        line.append(f"{event.text:<40}  ")
        line.append(event.detail, "grey62")
        return line

    def _tick(self) -> None:
        import time

        snapshot = self._controller.snapshot if self._controller is not None else None
        scene = scene_of(snapshot, None, "", time.time())
        if scene is None:
            return
        width = self.size.width
        self.query_one("#top", Static).update(_text(paint_top(scene, width, 3)))
        self.query_one("#ladder", Static).update(_text(paint_ladder(scene, width, 11)))
        self._hosts(scene)
        self._mismatches(scene)
        recent = scene.guest.checkpoints[-300:]
        self.query_one("#pauses", Sparkline).data = [point.pause_ms or 0.0 for point in recent]
        stats = scene.guest.stats
        text = f"rate {number(stats.rate_per_s)}/s  p50 {number(stats.pause_p50_ms)}  p95 {number(stats.pause_p95_ms)}"
        self.query_one("#figures", Static).update(Text(f"{text}  max {number(stats.pause_max_ms)}  seen {stats.total}"))

    def _hosts(self, scene: Scene) -> None:
        table = self.query_one("#hosts", DataTable)
        if not table.columns:
            table.add_columns(("alpha", "left"), ("fact", "label"), ("beta", "right"))
        for row in rows(scene):
            cells = (_side(row.left), row.label, _side(row.right))
            if row.label not in table.rows:
                table.add_row(*map(Text, cells), key=row.label)
                continue
            for column, cell in zip(("left", "label", "right"), cells, strict=True):
                table.update_cell(row.label, column, Text(cell))

    def _mismatches(self, scene: Scene) -> None:
        table = self.query_one("#mismatches", DataTable)
        if not table.columns:
            table.add_columns("time", "protocol", "from", "what", "forced")
        if table.row_count == len(scene.guest.mismatches):
            return
        table.clear()
        for entry in reversed(scene.guest.mismatches):
            cells = (clock_ms(entry.at), entry.protocol, entry.source, entry.what, number(entry.forced_ms))
            table.add_row(*map(Text, cells))
