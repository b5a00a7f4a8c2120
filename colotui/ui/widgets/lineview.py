"""A widget that shows painted lines: one strip a row, repainted only in the cells whose text or style changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from rich.segment import Segment
from textual.filter import ANSIToTruecolor
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
        width = max(1, self.size.width) if len(lines) > len(old) else 0
        dirty: list[Region] = []
        for index in changed:
            runs = changed_runs(old[index], lines[index]) if index < len(old) else [(0, width)]
            dirty += (Region(start, index, end - start, 1) for start, end in runs)
        self.refresh(*dirty)

    def forget_colours(self) -> None:
        """Make the strips anew: the theme changed."""
        self._strips = [None] * len(self._lines)
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows as they are painted: there is no border, padding or tint, which Textual would look for in each."""
        width = self.size.width
        strips = [self._row(y, width) for y in crop.line_range]
        exact = self.palette.all_exact
        # What turns the terminal's own colours into exact ones has nothing to do where all are.
        filters = [each for each in self.get_line_filters() if not (exact and type(each) is ANSIToTruecolor)]
        if filters:
            background = self.background_colors[1]
            for each in filters:
                strips = [strip.apply_filter(each, background) for strip in strips]
        return strips if crop.column_span == (0, width) else [strip.crop(crop.x, crop.right) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """One row of the picture."""
        return self._row(y, self.size.width)

    def _row(self, y: int, width: int) -> Strip:
        if y >= len(self._lines):
            return Strip.blank(width, self.palette.style("base"))
        strip = self._strips[y]
        if strip is None:
            strip = self._strip(self._lines[y])
            if strip.cell_length < width:
                strip = strip.adjust_cell_length(width, self.palette.style("base"))
            # Kept whole: lines may be there before the width they were painted for is.
            self._strips[y] = strip
        if strip.cell_length != width:
            strip = strip.adjust_cell_length(width, self.palette.style("base"))
        return strip

    def _strip(self, line: Line) -> Strip:
        palette = self.palette
        segments: list[Segment] = []
        length = 0
        text, name, ground, bare = "", "", "", False
        for part, style in line:
            # A blank looks the same in every colour of one ground, so it joins its neighbour: fewer segments
            # and fewer bytes to the terminal.
            length += len(part) if part.isascii() else cell_len(part)
            part_ground, plain = palette.ground_of(style)
            if text and part_ground == ground:
                blank = text.isspace()
                if style == name or (plain and bare and (blank or part.isspace())):
                    if blank:
                        name = style
                    text += part
                    continue
            if text:
                segments.append(Segment(text, palette.style(name)))
            text, name, ground, bare = part, style, part_ground, plain
        if text:
            segments.append(Segment(text, palette.style(name)))
        return Strip(segments, length)
