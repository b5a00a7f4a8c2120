"""A snapshot as calm text: the truth first, then the copies side by side, the figures, witnesses and actions."""

from __future__ import annotations

from collections.abc import Callable

from colotui.cli.term import Term, clean
from colotui.model.facts import LinkFacts, Missing
from colotui.model.plan import Action
from colotui.model.protection import Copy, GuestView, HostView, Life, LinkState, Severity, Snapshot, Witness
from colotui.ui import format as fmt
from colotui.ui.glyphs import state_glyph

LABEL = 14
"""Columns of the labels on the left."""

_STYLES = {Severity.OK: "good", Severity.WORKING: "working", Severity.WARNING: "warning", Severity.ERROR: "bad"}


def print_snapshot(snapshot: Snapshot, out: Term) -> None:
    """Print all guests of the pair, then the hosts that cannot be reached."""
    for number, guest in enumerate(snapshot.guests):
        if number:
            out.line()
        _Guest(snapshot, guest, out).print()
    silent = [host for host in snapshot.hosts if host.link is not LinkState.UP]
    if silent:
        out.line()
    for host in silent:
        out.wrapped(host.why or f"{host.spec.name}: not reached yet", 2)


class _Guest:
    """Prints one guest."""

    def __init__(self, snapshot: Snapshot, guest: GuestView, out: Term) -> None:
        self.snapshot, self.guest, self.out = snapshot, guest, out
        self.now = snapshot.at

    def print(self) -> None:
        """Top to bottom: truth, copies, figures, witnesses, actions."""
        self._truth()
        self.out.line()
        self._copies()
        self.out.line()
        self._figures()
        self.out.line()
        self._witnesses()
        self.out.line()
        self._actions()

    def _truth(self) -> None:
        protection, out = self.guest.protection, self.out
        style = _STYLES[protection.severity]
        glyph = state_glyph(protection.state, protection.severity)
        since = f"   since {fmt.day_or_clock(protection.since, self.now)}" if protection.since else ""
        word = f"{glyph} {protection.state.value}"
        out.line(f"{out.paint(word, style)}   {out.paint(self.guest.name, 'strong')}{since}")
        out.wrapped(protection.headline, 2)
        if protection.meaning:
            out.wrapped(protection.meaning, 2)
        if protection.do_now is not None:
            what = protection.do_now_text or protection.do_now.value
            out.wrapped(f"{what}:  colotui {protection.do_now.value} {self.guest.name}", LABEL, "  do now")
        if protection.do_not:
            out.wrapped(protection.do_not, LABEL, "  do not")
        for incident in self.guest.incidents:
            if incident.open:
                told = incident.now
                out.wrapped(f"{incident.id}  {told.kind.value} ({told.confidence.value})", LABEL, "  incident")
        if self.guest.half_run:
            out.wrapped(f"`{self.guest.half_run}` was left half done", LABEL, "  left")

    def _copies(self) -> None:
        names = [host.spec.name for host in self.snapshot.hosts]
        self._row("", names, "strong")
        copies = [self.guest.copies.get(name) for name in names]
        self._row("role", [_role(copy, self.guest) for copy in copies])
        self._row("copy", [_life(copy) for copy in copies])
        for label, read in _ROWS:
            cells = ["" if copy is None or not _answers(copy) else read(copy) for copy in copies]
            if any(cells):
                self._row(label, [cell or fmt.MISSING for cell in cells])
        self._row("channel", [_channel(host, self.now) for host in self.snapshot.hosts])
        forwards = [_forward(host) for host in self.snapshot.hosts]
        if any(forwards):
            self._row("forward", [cell or fmt.MISSING for cell in forwards])
        self._row("seen", ["" if copy is None else _ago(self.now - copy.seen_at) for copy in copies])

    def _row(self, label: str, cells: list[str], style: str = "") -> None:
        width = (self.out.width - LABEL) // 2
        shown = [clean(cell, width - 2) for cell in cells]
        padded = [self.out.paint(f"{cell:<{width}}", style) for cell in shown]
        self.out.line((f"  {label:<{LABEL - 2}}" + "".join(padded)).rstrip())

    def _figures(self) -> None:
        stats, out, guest = self.guest.stats, self.out, self.guest
        if stats.total:
            rate = f"{fmt.number(stats.rate_per_s)} /s over {fmt.duration(stats.window_s)}"
            share = "" if stats.forced_share is None else f", {stats.forced_share * 100:.0f} % forced"
            out.wrapped(f"{rate}{share}; {fmt.whole(stats.total)} seen", LABEL, "  checkpoints")
            if stats.pause_p50_ms is not None:
                out.wrapped(
                    f"median {_ms(stats.pause_p50_ms)}, 95 % below {_ms(stats.pause_p95_ms)}, "
                    f"longest {_ms(stats.pause_max_ms)}",
                    LABEL,
                    "  pause",
                )
            if stats.last_at is not None:
                out.wrapped(_ago(self.now - stats.last_at), LABEL, "  last")
        else:
            out.wrapped("none seen in this look", LABEL, "  checkpoints")
        if guest.mismatch_total or stats.total:
            text = f"{fmt.whole(guest.mismatch_total)} seen"
            if guest.mismatches:
                latest = guest.mismatches[-1]
                text += f"; last {_ago(self.now - latest.at)}: {clean(latest.protocol)} {clean(latest.what)}"
            out.wrapped(text, LABEL, "  mismatches")
        if guest.probe is not None:
            probe = guest.probe
            answer = f"answers in {fmt.number(probe.rtt_ms)} ms" if probe.ok else f"no reply ({clean(probe.error)})"
            out.wrapped(f"{clean(probe.target)} {answer}, {_ago(self.now - probe.at)}", LABEL, "  service")
        else:
            out.wrapped("not asked: the pair file names no `probe`", LABEL, "  service")

    def _witnesses(self) -> None:
        self.out.line("  witnesses")
        for witness in self.guest.witnesses:
            self._witness(witness)
        if not self.guest.witnesses:
            self.out.line("    none answered")

    def _witness(self, witness: Witness) -> None:
        age = _ago(self.now - witness.at)
        mark = {True: " ", False: "✘", None: "?"}[witness.ok]
        left = f"  {mark} {clean(witness.name, 22):<22} {clean(witness.host, 12):<12} "
        room = self.out.width - len(left) - len(age) - 2
        self.out.line(f"{left}{clean(witness.text, room):<{room}}  {age}".rstrip())

    def _actions(self) -> None:
        self.out.line("  actions")
        for action in Action:
            if action not in self.guest.actions:
                continue
            reason = self.guest.actions[action]
            if reason is None:
                self.out.line(f"    {action.value:<{LABEL - 4}}colotui {action.value} {self.guest.name}")
            else:
                self.out.wrapped(f"no: {reason}", LABEL, f"    {action.value}")


def _role(copy: Copy | None, guest: GuestView) -> str:
    if copy is None:
        return fmt.MISSING
    words = [copy.role.value if copy.role.value != "none" else "no role"]
    if copy.speaks is True:
        words.append("speaks to the client")
    elif copy.speaks is False and copy.life is not Life.ABSENT:
        words.append("its replies are held")
    return ", ".join(words)


def _life(copy: Copy | None) -> str:
    if copy is None:
        return fmt.MISSING
    if copy.life is Life.UNREACHABLE:
        return "not known: host not reached"
    words = [copy.life.value]
    if copy.exit is not None:
        words.append(str(copy.exit))
    if copy.in_colo:
        words.append("in lock-step")
    if copy.peer_connected is False:
        words.append("links to the peer cut")
    if copy.damage:
        words.append(f"damaged: {copy.damage}")
    return ", ".join(words)


def _answers(copy: Copy) -> bool:
    return copy.life in (Life.RUNNING, Life.PAUSED, Life.WAITING)


def _memory(copy: Copy) -> str:
    return "" if copy.rss is None else " ".join(fmt.size_binary(copy.rss))


_ROWS: tuple[tuple[str, Callable[[Copy], str]], ...] = (
    ("QEMU", lambda copy: ", ".join(part for part in (copy.version, copy.accel, f"pid {copy.pid}") if part)),
    ("memory", _memory),
    ("cpu", lambda copy: "" if copy.cpu_percent is None else f"{fmt.number(copy.cpu_percent)} %"),
)


def _channel(host: HostView, now: float) -> str:
    if host.link is not LinkState.UP:
        return f"{host.link.value} for {fmt.duration(now - host.since)}"
    return "up" if host.facts is None else f"up, {fmt.number(host.facts.rtt_ms)} ms"


def _forward(host: HostView) -> str:
    if host.facts is None:
        return ""
    link = host.facts.forward
    if isinstance(link, Missing):
        return f"not known: {link.why}"
    return f"{link.nic} up{_speed(link)}" if link.up else f"{link.nic} down"


def _speed(link: LinkFacts) -> str:
    speed = fmt.link_speed(link.speed_mbps)
    return f", {speed}" if speed else ""


def _ms(value: float | None) -> str:
    return f"{fmt.number(value)} ms"


def _ago(seconds: float) -> str:
    return f"{fmt.duration(seconds)} ago"
