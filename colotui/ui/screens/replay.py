"""The cockpit of a replay: as the live one, with the line that says where in the recording it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult

from colotui.ui.layout import Form, Layout, layout_for
from colotui.ui.paint.replay import moment_at, paint_replay
from colotui.ui.screens.cockpit import CockpitScreen
from colotui.ui.widgets.pageview import PageView

if TYPE_CHECKING:
    from colotui.ui.replayapp import ReplayApp


class ReplayScreen(CockpitScreen):
    """The line stands above the keys, on the blank row of the live cockpit; on a small terminal an event makes room."""

    DEFAULT_CSS = """
    ReplayScreen #replay { height: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.bar = PageView(id="replay")

    @property
    def replay(self) -> ReplayApp:
        """The app."""
        return cast("ReplayApp", self.app)

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield from (self.top, self.ladder, self.hosts, self.middle, self.events, self.bar)
        yield from (self.filter_bar, self.key_bar)

    def layout_of(self, width: int, height: int) -> Layout:
        """As live, with a row for the line."""
        layout = layout_for(width, height)
        return replace(layout, events=layout.events - 1) if layout.form is Form.TABBED else layout

    def _apply(self, layout: Layout) -> None:
        super()._apply(layout)
        self.bar.display = layout.form is not Form.TINY

    def redraw(self) -> None:
        """The cockpit, and the line."""
        super().redraw()
        if self.is_mounted and self.bar.display and self.size.width > 0:
            view = self.replay.view()
            self.bar.show(paint_replay(view, self.size.width, ascii_only=self.replay.ascii_only))

    def forget_colours(self) -> None:
        """The theme changed."""
        super().forget_colours()
        self.bar.forget_colours()

    def on_page_view_clicked(self, message: PageView.Clicked) -> None:
        """A click on the line goes to that moment."""
        moment = moment_at(self.replay.view(), self.size.width, message.x)
        if moment is not None:
            self.replay.go_to(moment)

    def on_page_view_wheeled(self, message: PageView.Wheeled) -> None:
        """The wheel on the line goes 10 s back or on."""
        self.replay.action_replay_step(10 * message.by)
