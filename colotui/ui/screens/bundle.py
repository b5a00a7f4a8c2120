"""The support bundle of a guest: collected when the screen opens, listed, and written when told to."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from colotui.controller.archive import write
from colotui.errors import ColotuiError
from colotui.model.bundle import Bundle
from colotui.model.quantity import size
from colotui.model.text import plain
from colotui.ui.fleet import Watched
from colotui.ui.paint.bundle import BundleView, paint_bundle
from colotui.ui.widgets.lineview import LineView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp

_WIDEST = 132


class BundleScreen(ModalScreen[None]):
    """Nothing is written before Enter. `incident`: the id of the one it is about, "" for the newest."""

    DEFAULT_CSS = """
    BundleScreen { background: $background 70%; align: center middle; overflow: hidden; }
    BundleScreen:ansi { background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Leave", show=False),
        Binding("enter", "write", "Write it", show=False),
        Binding("y", "copy", "Copy its name", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
        Binding("pagedown", "scroll(15)", "A page down", show=False),
        Binding("pageup", "scroll(-15)", "A page up", show=False),
        Binding("g,home", "scroll(-1000000)", "To the top", show=False),
        Binding("G,end", "scroll(1000000)", "To the end", show=False),
    ]

    def __init__(self, guest: str, hosts: tuple[str, ...], incident: str = "") -> None:
        super().__init__()
        self.box = LineView(id="bundle-box")
        self.view = BundleView(guest, hosts)
        self.incident = incident
        self._highest = 0

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """One box."""
        yield self.box

    def on_mount(self) -> None:
        """Begin to collect; the screen is there at once."""
        self.run_worker(self._collect(self.cockpit.shown), exclusive=False, exit_on_error=False)
        self.redraw()

    async def _collect(self, pair: Watched) -> None:
        try:
            bundle = await pair.connected.bundle(self.view.guest, self.incident)
        except ColotuiError as error:
            self.view = replace(self.view, refused=plain(str(error)))
        else:
            target = self.cockpit.export_folder / f"{bundle.name}.tar.gz"
            self.view = replace(self.view, bundle=bundle, target=str(target))
        self.redraw()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.redraw()

    def redraw(self) -> None:
        """Paint the list."""
        if not self.is_mounted:
            return
        width = max(20, min(_WIDEST, self.size.width - (4 if self.size.width >= 100 else 0)))
        height = max(6, self.size.height - (4 if self.size.height > 24 else 0))
        lines, self._highest = paint_bundle(self.view, width, height, ascii_only=self.cockpit.ascii_only)
        box = self.box
        box.styles.width, box.styles.height = width, height
        box.show(lines)

    def forget_colours(self) -> None:
        """The theme changed."""
        self.box.forget_colours()

    def action_scroll(self, by: int) -> None:
        """Move the window over the list."""
        self.view = replace(self.view, scroll=max(0, min(self._highest, self.view.scroll + by)))
        self.redraw()

    def action_write(self) -> None:
        """Write it, once."""
        view = self.view
        if view.written:
            self.dismiss(None)
        elif view.bundle is not None and not view.writing:
            self.view = replace(view, writing=True, remark="writing …")
            self.run_worker(self._write(view.bundle), exclusive=False, exit_on_error=False)
            self.redraw()

    async def _write(self, bundle: Bundle) -> None:
        target = self.cockpit.export_folder / f"{bundle.name}.tar.gz"
        try:
            written = await asyncio.to_thread(write, bundle, target)
        except ColotuiError as error:
            self.view = replace(self.view, writing=False, remark=plain(error.what.removeprefix(f"{target}: ")))
        else:
            remark = f"Written ({size(written)}; look into it before you send it): {target}"
            self.view = replace(self.view, writing=False, written=True, remark=remark)
        self.redraw()

    def action_copy(self) -> None:
        """Copy the name of the file that was written."""
        if self.view.written:
            self.app.copy_to_clipboard(self.view.target)
            self.cockpit.say("copied")
