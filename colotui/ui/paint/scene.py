"""What a painter looks at: the snapshot, the chosen guest, the moment it is drawn for, and what painters share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from colotui.model.facts import HostFacts
from colotui.model.protection import (
    Copy,
    GuestView,
    HostView,
    Life,
    LinkState,
    Protection,
    Role,
    Snapshot,
    State,
)
from colotui.ui.fleet import Standing
from colotui.ui.format import age
from colotui.ui.glyphs import to_ascii
from colotui.ui.paint.axis import TimeAxis
from colotui.ui.paint.canvas import Canvas, Line, Span

SAMPLE_SECONDS = 1.0
STALE_AFTER = 3 * SAMPLE_SECONDS


@dataclass(slots=True)
class Scene:
    """One moment to draw. `now` is the moment of the data (frozen: when it was frozen), `wall` the wall clock.

    `live` is the truth of this second while the display is frozen. `keys` maps binding ids to the keys
    to show. `units` remembers the unit of each number, so that it does not change from sample to sample.
    `tabs` are all guests of all pairs, the worst first; `place` is the drawn pair's among them. `replay`: of a
    recording, why nothing can be done; its moment is both `now` and `wall`.
    """

    snapshot: Snapshot
    guest: GuestView
    now: float
    wall: float
    frozen: bool = False
    live: Protection | None = None
    ascii_only: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    units: MutableMapping[str, int] = field(default_factory=dict)
    focused: str = ""
    tab_host: str = ""
    selected_at: float | None = None
    tabs: Sequence[Standing] = ()
    place: int = 0
    axis: TimeAxis = field(default_factory=TimeAxis)
    replay: str = ""

    @property
    def left(self) -> HostView:
        """The host drawn on the left: the first of the pair file, whatever its role."""
        return self.snapshot.hosts[0]

    @property
    def right(self) -> HostView:
        """The host drawn on the right."""
        return self.snapshot.hosts[1]

    @property
    def protection(self) -> Protection:
        """The truth in words."""
        return self.guest.protection

    def copy(self, host: str) -> Copy:
        """The guest's copy on `host`; one of which nothing is known when the controller has none."""
        found = self.guest.copies.get(host)
        return found if found is not None else Copy(host=host, life=Life.UNREACHABLE, role=Role.NONE, seen_at=0.0)

    def facts(self, host: str) -> HostFacts | None:
        """The facts of `host`, whatever their age."""
        return self.snapshot.host(host).facts

    def key(self, name: str, default: str) -> str:
        """The key to show for a binding."""
        return self.keys.get(name, default)

    def stale(self, at: float) -> bool:
        """True when a value of that moment is older than three samples."""
        return self.now - at > STALE_AFTER

    def facts_stale(self, host: str) -> bool:
        """True when the facts of `host` are older than three samples, or its channel is down."""
        facts = self.facts(host)
        return facts is not None and (self.stale(facts.taken_at) or self.snapshot.host(host).link is not LinkState.UP)

    def age_span(self, at: float) -> Span:
        """How old a stale value is, in italics."""
        if at <= 0:
            return ("never seen", "stale-age")
        return (age(max(0.0, self.now - at)), "stale-age")

    @property
    def in_step(self) -> bool:
        """True when checkpoints are expected to go on."""
        return self.protection.state is State.PROTECTED

    def finish(self, canvas: Canvas) -> list[Line]:
        """The canvas as lines, in ASCII when that is wanted."""
        lines = canvas.lines()
        if not self.ascii_only:
            return lines
        return [tuple((to_ascii(text), style) for text, style in line) for line in lines]


Painter = Callable[[Scene, int, int], list[Line]]


def pane_title(
    canvas: Canvas,
    y: int,
    x: int,
    end: int,
    number: str,
    title: str,
    *,
    note: str = "",
    right: tuple[Span, ...] = (),
    focused: bool = False,
) -> None:
    """`2 checkpoints  pause of each ───────── ◆ forced`: the number is the key, the line fills what is left."""
    at = canvas.put(x, y, number, "focus" if focused else "low") + 1 if number else x
    at = canvas.put(at, y, title, "focus" if focused else "bold", end - at)
    if note:
        at = canvas.put(at + 2, y, note, "muted", end - at - 2)
    tail = canvas.right(end, y, right, max(0, end - at - 3)) if right else end + 1
    canvas.fill(at + 1, y, tail - 1 - (at + 1), "─", "hairline")
