"""The welcome while there is no pair file: set up a pair, or try the lab of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from colotui.model.setup import Draft
from colotui.ui.paint.wizard.leaf import Spot
from colotui.ui.paint.wizard.welcome import CHOICES, LAB, paint_welcome
from colotui.ui.widgets.pageview import PageView

if TYPE_CHECKING:
    from colotui.ui.setupapp import SetupApp


class WelcomeScreen(Screen[None]):
    """Two ways on. `going_on`: it only stands while the set-up is made, and offers nothing."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j,tab", "move(1)", "Down", show=False),
        Binding("up,k,shift+tab", "move(-1)", "Up", show=False),
        Binding("1", "choose(0)", "Set up a pair", show=False),
        Binding("2", "choose(1)", "Try the lab", show=False),
        Binding("enter", "enter", "Take it", show=False),
        Binding("c", "copy", "Copy the command", show=False),
        Binding("T", "theme", "Next theme", id="theme", show=False),
        Binding("escape,q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    WelcomeScreen { layout: vertical; overflow: hidden; background: $background; }
    WelcomeScreen:ansi { background: $background; }
    """

    def __init__(self, *, going_on: bool) -> None:
        super().__init__()
        self.page_view = PageView(id="welcome")
        self.chosen = 0
        self._going_on = going_on
        self._draft: Draft | None = None
        self._wanted = False
        self._remark = ""
        self._spots: tuple[Spot, ...] = ()

    @property
    def cockpit(self) -> SetupApp:
        """The app."""
        return cast("SetupApp", self.app)

    def compose(self) -> ComposeResult:
        """One page."""
        yield self.page_view

    def on_mount(self) -> None:
        """First picture."""
        self.redraw()

    def on_resize(self) -> None:
        """Fold anew."""
        self.redraw()

    def redraw(self) -> None:
        """Paint it."""
        width, height = self.size
        if not self.is_mounted or width < 1 or height < 1:
            return
        lines, self._spots = paint_welcome(
            width,
            height,
            chosen=self.chosen,
            draft=self._draft,
            waiting=self._going_on or self._wanted,
            remark=self._remark,
            ascii_only=self.cockpit.ascii_only,
        )
        self.page_view.show(lines)

    def forget_colours(self) -> None:
        """The theme changed."""
        self.page_view.forget_colours()

    def ready(self, draft: Draft) -> None:
        """The set-up can begin; it does at once when it was asked for already."""
        self._draft = draft
        if self._wanted:
            self._wanted = False
            self.cockpit.begin_setup()
        self.redraw()

    def left(self, draft: Draft | None) -> None:
        """The set-up was left: it can be gone on with."""
        self._draft, self.chosen = draft, 0
        self.redraw()

    def action_move(self, by: int) -> None:
        """The other choice."""
        self.chosen = (self.chosen + by) % len(CHOICES)
        self._remark = ""
        self.redraw()

    def action_choose(self, index: int) -> None:
        """A choice by its number."""
        self.chosen = index
        self.action_enter()

    def action_enter(self) -> None:
        """Take the choice."""
        if self._going_on:
            return
        if self.chosen == 1:
            self.action_copy()
        elif self._draft is None:
            self._wanted = True
        else:
            self.cockpit.begin_setup()
        self.redraw()

    def action_copy(self) -> None:
        """The lab's command for the clipboard."""
        if self.chosen == 1:
            self.app.copy_to_clipboard(LAB)
            self._remark = "copied: leave with q, then run it"
            self.redraw()

    def action_theme(self) -> None:
        """The next theme."""
        self.cockpit.next_theme()

    def on_page_view_clicked(self, event: PageView.Clicked) -> None:
        """A choice was clicked."""
        for spot in self._spots:
            if spot.row == event.y and spot.x <= event.x < spot.end:
                self.action_choose(int(spot.name))
                return
