"""What all plots share: the clock below, the scale at the left, and the marks of what happened on top."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.model.protection import Severity
from colotui.report.axis import TimeAxis
from colotui.report.content import Content, Part
from colotui.report.markup import Html, joined, tag
from colotui.ui.format import number

TOP = 10.0
FOOT = 22.0
LETTER = 7.0
"""Px of one letter of a label."""


@dataclass(frozen=True, slots=True)
class Size:
    """The width of a plot in px, and what of it the labels at the left and the remarks at the right take."""

    width: float
    left: float
    right: float

    @property
    def narrow(self) -> bool:
        """True for the form for small screens."""
        return self.width < 600


WIDE = Size(860, 72, 10)
NARROW = Size(400, 60, 6)


@dataclass(frozen=True, slots=True)
class Plot:
    """A frame around `height` px of ink, drawn for one part of a report. `key` makes its ids unique in the page."""

    content: Content
    part: Part
    size: Size
    key: str
    height: float

    @property
    def axis(self) -> TimeAxis:
        """The clock; the same in all plots of one width."""
        window = self.content.window
        return TimeAxis(window.low, window.high, self.size.left, self.size.width - self.size.right)

    @property
    def base(self) -> float:
        """The y of zero."""
        return TOP + self.height

    def y(self, value: float, scale: float) -> float:
        """Where `value` lies when `scale` is at the top; more than that lies on the top."""
        return self.base - min(max(value / scale, 0.0), 1.0) * self.height

    def scale(self, top: float, unit: str) -> Html:
        """The full scale at the top left, half of it, zero at the base line, with faint lines."""
        x, end = self.size.left, self.size.width - self.size.right
        label = number(top)
        label = label[:-2] if label.endswith(".0") else label
        return joined(
            (
                tag("line", class_="grid", x1=x, x2=end, y1=TOP, y2=TOP),
                tag("line", class_="grid", x1=x, x2=end, y1=TOP + self.height / 2, y2=TOP + self.height / 2),
                tag("text", label, class_="num", x=x - 6, y=TOP + 10, text_anchor="end"),
                tag("text", unit, class_="unit", x=x - 6, y=TOP + 22, text_anchor="end"),
                tag("text", "0", class_="num", x=x - 6, y=self.base, text_anchor="end"),
            )
        )

    def over(self, labels: list[tuple[float, str]]) -> Html:
        """Says of what reaches over the top of the plot how high; of labels that would touch, the first."""
        found, taken = list[Html](), 0.0
        for x, words in labels:
            label = f"↑ {words}"
            begin = min(x - 3, self.size.width - self.size.right - LETTER * len(label))
            if begin >= taken:
                found.append(tag("text", label, class_="over", x=begin, y=TOP - 1))
                taken = begin + LETTER * (len(label) + 1)
        return joined(found)

    def drawn(self, title: str, description: str, ink: Html, *, lanes: float = 0.0, under: bool = False) -> Html:
        """Holes, ink, marks, clock. `lanes`: px of ink below the base line; `under`: the marks lie under the ink."""
        foot = self.base + lanes
        height = foot + FOOT
        names = f"{self.key}-t", f"{self.key}-d"
        return tag(
            "svg",
            tag("title", title, id=names[0]),
            tag("desc", description, id=names[1]),
            self._holes(foot),
            self._marks(foot) if under else None,
            ink,
            tag(
                "line",
                class_="base",
                x1=self.size.left,
                x2=self.size.width - self.size.right,
                y1=self.base,
                y2=self.base,
            ),
            None if under else self._marks(foot),
            self._clock(foot),
            class_="narrow" if self.size.narrow else "wide",
            viewBox=f"0 0 {self.size.width:g} {height:g}",
            role="img",
            aria_labelledby=" ".join(names),
        )

    def _clock(self, foot: float) -> Html:
        ticks = self.axis.ticks(64.0 if self.size.narrow else 92.0)
        found: list[Html] = []
        for at, label in ticks:
            x = self.axis.x(at)
            edge = 24.0
            found.append(tag("line", class_="tick", x1=x, x2=x, y1=foot, y2=foot + 4))
            if self.size.left + edge * 0.3 <= x <= self.size.width - edge:
                found.append(tag("text", label, class_="num", x=x, y=foot + 17, text_anchor="middle"))
        return joined(found)

    def _holes(self, foot: float) -> Html:
        """Where nobody recorded: hatched, so that nothing there is taken for zero."""
        if not self.content.gaps:
            return Html()
        pattern = tag(
            "pattern", tag("path", d="M0 6L6 0", class_="hatch"),
            id=f"{self.key}-h", width=6, height=6, patternUnits="userSpaceOnUse",
        )  # fmt: skip
        holes = [
            tag("rect", x=self.axis.x(low), width=max(self.axis.x(high) - self.axis.x(low), 2.0), y=TOP,
                height=foot - TOP, fill=f"url(#{self.key}-h)")
            for low, high in self.content.gaps
        ]  # fmt: skip
        return joined((tag("defs", pattern), *holes))

    def _marks(self, foot: float) -> Html:
        """A line where an incident began, one where each plan did."""
        axis, found = self.axis, list[Html]()
        for incident in self.part.incidents:
            at = max(incident.now.since, incident.opened_at - 600.0)
            if at >= axis.low:
                loud = "bad" if incident.now.severity is Severity.ERROR else "warn"
                found.append(tag("line", class_=f"mark {loud}", x1=axis.x(at), x2=axis.x(at), y1=TOP - 6, y2=foot))
        for done in self.part.actions:
            if done.run.begun >= axis.low:
                x = axis.x(done.run.begun)
                found.append(tag("line", class_="mark act", x1=x, x2=x, y1=TOP - 6, y2=foot))
        return joined(found)
