"""The four panes of the cockpit, each with the painter of the present form."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from colotui.model.protection import Event
from colotui.ui.keys import time_bindings
from colotui.ui.layout import Form
from colotui.ui.paint.checkpoints import paint_checkpoint_line, paint_checkpoints
from colotui.ui.paint.choosing import chosen_text, step_to_forced
from colotui.ui.paint.hostfacts import fitting, rows
from colotui.ui.paint.hosts import paint_hosts, paint_hosts_folded, paint_hosts_tabbed, row_text
from colotui.ui.paint.lists import (
    event_text,
    filtered_events,
    filtered_mismatches,
    mismatch_text,
    paint_events,
    paint_mismatches,
    severities,
)
from colotui.ui.paint.scene import Scene
from colotui.ui.panes.base import Pane, PanePainter


class HostsPane(Pane):
    """Facts of both hosts side by side; one at a time where there is no room."""

    title: ClassVar[str] = "hosts"
    form = Form.WIDE

    def painter(self) -> PanePainter:
        """By form: spine, spine with heads, or tabs."""
        return {Form.FOLDED: paint_hosts_folded, Form.TABBED: paint_hosts_tabbed}.get(self.form, paint_hosts)

    def text(self, scene: Scene) -> str:
        """The chosen row, both sides of it."""
        if self.form is not Form.WIDE:
            return super().text(scene)
        shown = fitting(rows(scene), self.size.height - 1)
        return row_text(shown[self.state.cursor]) if self.state.cursor < len(shown) else super().text(scene)


class CheckpointsPane(Pane):
    """The graph of pauses."""

    BINDINGS: ClassVar[list[BindingType]] = [*time_bindings()]
    title: ClassVar[str] = "checkpoints"
    form = Form.WIDE
    chosen: float | None = None

    def painter(self) -> PanePainter:
        """A graph, or one line of it."""
        return paint_checkpoint_line if self.form is Form.TABBED else paint_checkpoints

    def move(self, scene: Scene, by: int) -> None:
        """To the forced checkpoint before the chosen one, or after it; the axis goes along when it must."""
        self.chosen = step_to_forced(scene, self.chosen, by)
        if self.chosen is not None:
            scene.axis.reach(self.chosen, scene.now)

    def text(self, scene: Scene) -> str:
        """The chosen checkpoint, else the pane."""
        return chosen_text(scene, self.chosen) or super().text(scene)


class MismatchesPane(Pane):
    """The list of packet mismatches."""

    title: ClassVar[str] = "mismatches"
    lists: ClassVar[bool] = True

    def painter(self) -> PanePainter:
        """The list."""
        return paint_mismatches

    def text(self, scene: Scene) -> str:
        """The chosen mismatch."""
        shown = filtered_mismatches(scene, self.state)
        return mismatch_text(shown[self.state.cursor]) if self.state.cursor < len(shown) else ""

    def chosen_at(self, scene: Scene) -> float | None:
        """When the chosen mismatch was, so that its checkpoint lights up in the graph."""
        shown = filtered_mismatches(scene, self.state)
        return shown[self.state.cursor].at if self.state.cursor < len(shown) else None


class EventsPane(Pane):
    """The list of events."""

    title: ClassVar[str] = "events"
    lists: ClassVar[bool] = True

    def painter(self) -> PanePainter:
        """The list."""
        return paint_events

    def shown(self, scene: Scene) -> list[Event]:
        """The events that pass the filter, newest first."""
        return filtered_events(scene, self.state)

    def text(self, scene: Scene) -> str:
        """The chosen event."""
        shown = self.shown(scene)
        return event_text(shown[self.state.cursor], scene.now) if self.state.cursor < len(shown) else ""

    def jump(self, scene: Scene, direction: int) -> bool:
        """To the next (1, older) or previous (-1) warning or error; False when there is none."""
        places = severities(self.shown(scene))
        here = self.state.cursor if self.has_focus else -1 if direction > 0 else self.state.count
        after = [p for p in places if p > here] if direction > 0 else [p for p in reversed(places) if p < here]
        if not after:
            return False
        self.state.cursor = after[0]
        self.state.following = self.state.cursor == 0
        self.state.settle(self.state.count, self.state.room)
        return True
