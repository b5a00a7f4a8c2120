"""The list of all guests of all pairs, the worst first; Enter or a digit opens one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from colotui.ui.fleet import Key, Standing
from colotui.ui.keys import overview_bindings
from colotui.ui.layout import Form, layout_for
from colotui.ui.paint.columns import Board, row_text
from colotui.ui.paint.overview import HEAD_ROWS, paint_list, paint_tiny_list
from colotui.ui.paint.overviewtop import paint_detail, paint_overview_keys, paint_overview_top
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.state import PaneState
from colotui.ui.widgets.filterbar import FilterBar
from colotui.ui.widgets.lineview import LineView
from colotui.ui.widgets.pageview import PageView

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp

_DETAIL_ROWS = 2


class OverviewScreen(Screen[None]):
    """Always live, also while the cockpit below is frozen."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*overview_bindings()]
    DEFAULT_CSS = """
    OverviewScreen { layout: vertical; overflow: hidden; background: $background; }
    OverviewScreen:ansi { background: $background; }
    OverviewScreen #overview-keys { dock: bottom; height: 1; }
    OverviewScreen #filter { dock: bottom; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.state = PaneState()
        self.top = LineView(id="overview-top")
        self.list = PageView(id="overview-list")
        self.detail = LineView(id="overview-detail")
        self.key_bar = LineView(id="overview-keys")
        self.filter_bar = FilterBar()
        # The guest under the cursor once it was moved: the order may change, the choice must not.
        self._held: Key | None = None

    @property
    def cockpit(self) -> CockpitApp:
        """The app."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield from (self.top, self.list, self.detail, self.filter_bar, self.key_bar)

    def on_mount(self) -> None:
        """First picture."""
        self.redraw()

    def on_resize(self) -> None:
        """Fold anew."""
        self.redraw()

    def on_screen_resume(self) -> None:
        """Uncovered: nothing was painted meanwhile."""
        self.redraw()

    def rows(self) -> list[Standing]:
        """The guests that pass the filter, the worst first; the cursor put on the one it was moved to."""
        rows = [row for row in self.cockpit.fleet.standings if self.state.matches(row_text(row))]
        if self._held is not None:
            self.state.cursor = next((i for i, row in enumerate(rows) if row.key == self._held), self.state.cursor)
        self.state.cursor = max(0, min(self.state.cursor, len(rows) - 1))
        return rows

    def board(self) -> Board:
        """What the painters look at."""
        app = self.cockpit
        return Board(
            everything=app.fleet.standings,
            rows=self.rows(),
            now=app.wall(),
            state=self.state,
            ascii_only=app.ascii_only,
            keys=app.shown_keys,
            read_only={place: app.refusal(pair) for place, pair in enumerate(app.fleet.pairs)},
            replay=app.recorded,
        )

    def redraw(self) -> None:
        """Paint the newest standings."""
        width, height = self.size
        if not self.is_mounted or width < 1 or height < 1:
            return
        layout, board = layout_for(width, height), self.board()
        tiny = layout.form is Form.TINY
        for part in (self.top, self.detail):
            part.display = not tiny
        self.key_bar.display = not tiny and not self.filter_bar.display
        if tiny:
            self.list.styles.height, self.list.styles.margin = height, (0, 0, 0, 0)
            self.list.show(paint_tiny_list(board, width, height))
            return
        room = height - layout.top - 1 - 1 - _DETAIL_ROWS - 1
        self.top.styles.height, self.list.styles.height, self.detail.styles.height = layout.top, room, _DETAIL_ROWS
        self.list.styles.margin = self.detail.styles.margin = (1, 0, 0, 0)
        self.top.show(paint_overview_top(board, width, layout.top))
        self.list.show(paint_list(board, width, room))
        self.detail.show(paint_detail(board, width, _DETAIL_ROWS))
        self.key_bar.show(paint_overview_keys(board, width))

    def forget_colours(self) -> None:
        """The theme changed."""
        for part in (self.top, self.list, self.detail, self.key_bar):
            part.forget_colours()

    # -- choosing ---------------------------------------------------------------------------------

    def _chosen(self) -> Standing | None:
        rows = self.rows()
        return rows[self.state.cursor] if rows else None

    def chosen_scene(self) -> Scene | None:
        """The moment of the guest under the cursor; None when there is none to act on."""
        row = self._chosen()
        if row is None or row.view is None:
            return None
        return self.cockpit.scene(live=True, guest=row.guest, pair=self.cockpit.fleet.pairs[row.place])

    def action_move(self, by: int) -> None:
        """Cursor up or down."""
        self.rows()
        self.state.move(by)
        self._hold()

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self.action_move(by * max(1, self.state.room - 1))

    def action_ends(self, which: int) -> None:
        """To the first or the last."""
        self.action_move(which * 1_000_000)

    def _hold(self) -> None:
        """Keep the cursor on its guest; on the first row it stays with whichever is the worst."""
        self._held = None
        row = self._chosen()
        self._held = row.key if row is not None and self.state.cursor > 0 else None
        self.redraw()

    def action_nth(self, number: int) -> None:
        """Open the guest at that row of the list."""
        rows = self.rows()
        if number <= len(rows):
            self._open(rows[number - 1])
        else:
            self.cockpit.say(f"the list has no row {number}")

    def action_open(self) -> None:
        """Open the guest under the cursor."""
        row = self._chosen()
        if row is not None:
            self._open(row)

    def _open(self, row: Standing) -> None:
        if row.view is not None:
            self.cockpit.open_guest(row)
            return
        pair = self.cockpit.fleet.pairs[row.place]
        if pair.failure is None:
            self.cockpit.say(f"{row.pair}: {row.why}")
            return
        self.cockpit.say(f"{row.pair}: tried again")
        self.cockpit.watch_pair(pair)

    def action_act(self, name: str) -> None:
        """An action on the guest under the cursor: its cockpit opens, and the plan over it."""
        row = self._chosen()
        if row is None or row.view is None:
            self.cockpit.say("there is no guest to act on")
            return
        self.cockpit.open_guest(row)
        self.cockpit.cockpit_screen.action_act(name)

    def action_back(self) -> None:
        """One step out: the filter, then to the cockpit."""
        if self.state.query:
            self.state.query = ""
            self.redraw()
        elif self.cockpit.scene() is None:
            self.cockpit.say("the pair behind this list cannot be shown: choose a guest, enter opens it")
        else:
            self.dismiss(None)

    def on_page_view_clicked(self, message: PageView.Clicked) -> None:
        """A click puts the cursor on the row; on the row of the cursor it opens the guest."""
        head = 1 if not self.top.display else HEAD_ROWS
        index = self.state.top + message.y - head
        if message.y < head or index >= len(self.rows()):
            return
        if index == self.state.cursor:
            self.action_open()
            return
        self.state.cursor = index
        self._hold()

    def on_page_view_wheeled(self, message: PageView.Wheeled) -> None:
        """The wheel moves the cursor."""
        self.action_move(3 * message.by)

    # -- the rest ---------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Open the filter line."""
        if not self.top.display:
            return
        bar = self.filter_bar
        bar.value = self.state.query
        bar.display = True
        self.key_bar.display = False
        bar.focus()

    def on_filter_bar_typed(self, message: FilterBar.Typed) -> None:
        """Each letter filters; the end of typing gives the keys back."""
        self.state.query = message.query
        if message.done:
            self.filter_bar.display = False
            self.set_focus(None)
        self.redraw()

    def action_copy(self) -> None:
        """Copy the chosen row."""
        row = self._chosen()
        if row is not None:
            self.app.copy_to_clipboard(row_text(row))
            self.cockpit.say("copied: " + row_text(row)[:60])

    def action_help(self) -> None:
        """The help."""
        from colotui.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_theme(self) -> None:
        """The next theme."""
        self.cockpit.next_theme()

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, or take it back."""
        self.cockpit.toggle_mouse()
