"""A widget that shows painted lines: one strip a row, repainted only in the cells whose text or style changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from colotui.ui.paint.canvas import Line
from colotui.ui.style import Palette
from colotui.ui.widgets.changes import changed_runs

if TYPE_CHECKING:
    from colotui.ui.app import CockpitApp


class LineView(Widget):
    """Line API widget. `show` takes the lines of the newest picture and marks the rows that differ."""

    DEFAULT_CSS = "LineView { width: 1fr; height: auto; background: $background; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._strips: list[Strip | None] = []

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown now."""
        return self._lines

    @property
    def palette(self) -> Palette:
        """The colours of the theme in use."""
        return cast("CockpitApp", self.app).palette

    def show(self, lines: list[Line]) -> None:
        """Show `lines`; cells that stayed the same cost nothing."""
        old = self._lines
        width = max(1, self.size.width)
        changed = [index for index in range(len(lines)) if index >= len(old) or lines[index] != old[index]]
        gone = len(old) - len(lines)
        if not changed and gone <= 0:
            return
        strips = self._strips[: len(lines)] + [None] * max(0, len(lines) - len(self._strips))
        for index in changed:
            strips[index] = None
        self._lines, self._strips = lines, strips
        if gone > 0:
            self.refresh()
            return
        dirty: list[Region] = []
        for index in changed:
            runs = changed_runs(old[index], lines[index]) if index < len(old) else [(0, width)]
            dirty += (Region(start, index, end - start, 1) for start, end in runs)
        self.refresh(*dirty)

    def forget_colours(self) -> None:
        """Make the strips anew: the theme changed."""
        self._strips = [None] * len(self._lines)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row of the picture."""
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.palette.style("base"))
        strip = self._strips[y]
        if strip is None:
            strip = self._strips[y] = self._strip(self._lines[y])
        return strip if strip.cell_length == width else strip.adjust_cell_length(width, self.palette.style("base"))

    def _strip(self, line: Line) -> Strip:
        palette = self.palette
        segments: list[Segment] = []
        text, name, ground, bare = "", "", "", False
        for part, style in line:
            # A blank looks the same in every colour of one ground, so it joins its neighbour: fewer segments
            # and fewer bytes to the terminal.
            part_ground = style.partition("@")[2]
            plain = palette.is_plain(style)
            if (
                text
                and part_ground == ground
                and (
                    style == name
                    or (not part.strip(" ") and plain and bare)
                    or (not text.strip(" ") and plain and bare)
                )
            ):
                if not text.strip(" "):
                    name = style
                text += part
                continue
            if text:
                segments.append(Segment(text, palette.style(name)))
            text, name, ground, bare = part, style, part_ground, plain
        if text:
            segments.append(Segment(text, palette.style(name)))
        return Strip(segments)
