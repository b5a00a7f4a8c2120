"""The picture of the pair: two hosts as rails, the streams that keep them in step as rungs, the client above."""

from __future__ import annotations

from dataclasses import replace

from colotui.model.facts import Missing
from colotui.model.protection import Copy, HostView, Life, LinkState, Probe, Role, Severity, State, Stream
from colotui.ui.format import age, link_speed, number, rate_count, size_bytes, whole
from colotui.ui.glyphs import BAD, BOTH, SPEAKS
from colotui.ui.paint.box import BOX_WIDTH, is_lost, paint_box, silence
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.scene import Scene

HEIGHT = 11
_MARGIN = 2
_BOX_TOP = 3
_DROP = 20


def paint_ladder(scene: Scene, width: int, height: int = HEIGHT) -> list[Line]:
    """Eleven rows: client line, its wires, then the two boxes with the rungs between."""
    canvas = Canvas(width, height)
    right_x = width - _MARGIN - BOX_WIDTH
    paint_client(scene, canvas, _MARGIN + _DROP, right_x + _DROP)
    paint_box(scene, canvas, scene.left.spec.name, _MARGIN, _BOX_TOP)
    paint_box(scene, canvas, scene.right.spec.name, right_x, _BOX_TOP)
    _rungs(scene, canvas, _MARGIN + BOX_WIDTH, right_x)
    _forward(scene, canvas, _MARGIN + BOX_WIDTH, right_x)
    return scene.finish(canvas)


def probe_spans(scene: Scene, probe: Probe | None) -> list[Span]:
    """What the guest's service says to us."""
    if probe is None and scene.guest.spec.probe is not None:
        spec = scene.guest.spec.probe
        return [("client ", "muted"), ("→ ", "low"), (spec.url or spec.address, "base"), ("    — not asked yet", "low")]
    if probe is None:
        return [("client  ", "muted"), ("— no probe in the pair file", "low")]
    spans: list[Span] = [("client ", "muted"), ("→ ", "low"), (probe.target, "base")]
    if probe.ok:
        if scene.stale(probe.at):
            text = f"reply {number(probe.rtt_ms)} ms  " if probe.rtt_ms is not None else "answered  "
            return [*spans, ("    ", "low"), (text, "stale"), scene.age_span(probe.at)]
        if probe.rtt_ms is not None:
            spans += [("    reply ", "muted"), (f"{number(probe.rtt_ms):>4}", "strong"), (" ms", "low")]
        else:
            spans.append(("    answers", "base"))
        return [*spans, ("    lost ", "muted"), (whole(probe.lost), "strong")]
    lasted = silence(scene)
    spans.append((f"    {BAD} no reply" + (f" for {lasted}" if lasted else ""), "error-bold"))
    if scene.stale(probe.at):
        spans += [("   ", "low"), scene.age_span(probe.at)]
    elif probe.error:
        spans.append((f"   {probe.error}"[:40], "muted"))
    return spans


def paint_client(scene: Scene, canvas: Canvas, left_x: int, right_x: int, y: int = 0) -> None:
    """Three rows from `y`: the client, and its wires to what stands below `left_x` and `right_x`."""
    middle = canvas.width // 2
    spans = probe_spans(scene, scene.guest.probe)
    canvas.spans(max(_MARGIN, middle - width_of(spans) // 2), y, spans, canvas.width - 2 * _MARGIN)
    for x, view in ((left_x, scene.left), (right_x, scene.right)):
        _wire(scene, canvas, scene.copy(view.spec.name), x, y + 1, middle, view)
    tee = "base"
    for view in (scene.left, scene.right):
        style = _wire_style(scene, scene.copy(view.spec.name), view.link)[1]
        if style in ("link-up", "link-cut"):
            tee = style
    canvas.put(middle, y + 1, "┴", tee if tee != "base" else "hairline")


def _wire_style(scene: Scene, copy: Copy, link: LinkState) -> tuple[str, str]:
    """Character and style of a host's wire to the client."""
    silent = scene.guest.probe is not None and not scene.guest.probe.ok
    if link is not LinkState.UP or copy.life is Life.UNREACHABLE:
        return "╌", "low"
    if copy.role is Role.PRIMARY and (is_lost(scene, copy) or _mute(scene, copy)):
        return "╌", "link-cut"
    if copy.life in (Life.ABSENT, Life.DEAD):
        return " ", "hairline"
    if copy.speaks:
        return ("╌", "link-cut") if silent else ("─", "link-up")
    return "╌", "link-idle"


def _wire(scene: Scene, canvas: Canvas, copy: Copy, x: int, y: int, middle: int, view: HostView) -> None:
    char, style = _wire_style(scene, copy, view.link)
    if char == " ":
        return
    low, high = min(x, middle), max(x, middle)
    left = x < middle
    canvas.fill(low + 1, y, high - low - 1, char, style)
    canvas.put(x, y, "╭" if left else "╮", style)
    label = f" {view.spec.bridge} "[:14]
    canvas.put(x + 4 if left else x - 3 - len(label), y, label, "muted")
    words, word_style, sign = _wire_words(scene, copy, view.link)
    canvas.put(x, y + 1, sign, style if sign != "?" else "low")
    if left:
        canvas.put(x + 3, y + 1, words, word_style)
    else:
        canvas.right(x - 3, y + 1, [(words, word_style)])


def _mute(scene: Scene, copy: Copy) -> bool:
    """A primary that runs but whose replies nobody lets out."""
    return copy.role is Role.PRIMARY and copy.speaks is False and scene.protection.severity is Severity.ERROR


def _wire_words(scene: Scene, copy: Copy, link: LinkState) -> tuple[str, str, str]:
    """What the copy says to the client: words, their style, the sign at the wire's end."""
    if link is not LinkState.UP or copy.life is Life.UNREACHABLE:
        return "not known whether it speaks", "low", "?"
    silent = scene.guest.probe is not None and not scene.guest.probe.ok
    if copy.role is Role.PRIMARY and (is_lost(scene, copy) or (silent and copy.speaks is not False)):
        return "silent", "error-bold", BAD
    if _mute(scene, copy):
        return "mute: its replies are held", "error-bold", BAD
    if copy.speaks:
        return "speaks to the client", "base", SPEAKS
    if copy.speaks is None:
        return "not known whether it speaks", "low", "?"
    if copy.role is Role.SECONDARY or copy.armed:
        return "replies held", "muted", "╎"
    return "silent", "muted", "╎"


def _rungs(scene: Scene, canvas: Canvas, start: int, end: int) -> None:
    streams = scene.guest.streams
    idle = all(stream.up is None for stream in streams)
    if not streams or (idle and scene.protection.state in (State.FAILED_OVER, State.NOT_PROTECTED)):
        unknown = all(copy.life is Life.UNREACHABLE for copy in scene.guest.copies.values())
        text = "not known yet" if unknown else "not in lock-step: no streams between the hosts"
        canvas.put(start + max(2, (end - start - len(text)) // 2), _BOX_TOP + 3, text, "low", end - start - 3)
        return
    rows = (_BOX_TOP + 1, _BOX_TOP + 3, _BOX_TOP + 4, _BOX_TOP + 5, _BOX_TOP + 6)
    for index, (stream, row) in enumerate(zip(streams, rows, strict=False)):
        paint_rung(scene, canvas, stream, row, start, end, first=index == 0)


def _source_is_silent(scene: Scene) -> bool:
    """True when the primary, who counts the streams, cannot be asked: its last numbers must not stand as live."""
    host = scene.protection.primary
    if not host:
        return scene.left.link is not LinkState.UP and scene.right.link is not LinkState.UP
    return scene.snapshot.host(host).link is not LinkState.UP or scene.copy(host).life is Life.UNREACHABLE


def _points_right(scene: Scene, stream: Stream) -> bool:
    primary_left = scene.protection.primary != scene.right.spec.name
    return (stream.direction == "right") == primary_left


def paint_rung(scene: Scene, canvas: Canvas, stream: Stream, row: int, start: int, end: int, *, first: bool) -> None:
    """One stream between cells `start` and `end`: the `first` is the stream of the checkpoints."""
    room = end - start
    number_end = start + 36 if room >= 66 else start + min(34, max(26, room - 18))
    tail = end - 10 if room >= 60 else end - 5
    if _source_is_silent(scene):
        stream = replace(stream, up=None, value=None, remark="")
    live = bool(stream.up)
    line, style = ("═", "link-up") if first else ("─", "graph-low")
    if not live:
        line, style = "╌", "hairline"
    edge = style if live else ("link-idle" if stream.up is False else "hairline")
    canvas.fill(start, row, 3, line, edge)
    canvas.fill(tail, row, end - tail, line, style)
    if not live:
        canvas.fill(end - 3, row, 3, line, edge)
    x = canvas.put(start + 4, row, stream.name, "bold" if first and live else "base", 18)
    if stream.port:
        x = canvas.put(x + 1, row, f":{stream.port}", "muted")
    if stream.up is False:
        at = number_end - 9
        canvas.fill(x + 1, row, at - 1 - (x + 1), "╌", "hairline")
        at = canvas.put(at, row, f"{BAD} closed", "error-bold")
        if stream.remark:
            at = canvas.put(at + 1, row, stream.remark, "muted", tail - at - 3)
        canvas.fill(at + 1, row, tail - at - 1, "╌", "hairline")
        return
    canvas.fill(x + 1, row, min(start + 29, number_end - 7) - (x + 1), line, style)
    if live:
        if _points_right(scene, stream):
            canvas.put(end - 1, row, "▶", style)
        else:
            canvas.put(start, row, "◀", style)
    value, unit = _value(scene, stream)
    canvas.right(number_end, row, [(value, "strong" if live and stream.value is not None else "low")])
    canvas.put(number_end + 1, row, unit if stream.value is not None else "", "low", 8)
    waiting = "not yet" if scene.protection.severity is Severity.WORKING else "not known"
    remark = stream.remark if stream.up is not None else (stream.remark or waiting)
    if room >= 66:
        canvas.put(start + 46, row, remark, "muted", tail - start - 47)


def _value(scene: Scene, stream: Stream) -> tuple[str, str]:
    """The stream's value in a unit that keeps still."""
    if stream.value is None:
        return "—", ""
    key = f"stream-{stream.name}"
    if stream.unit in ("B/s", "B"):
        value, unit = size_bytes(stream.value, scene.units, key)
        return value, unit + stream.unit[1:]
    if stream.unit == "pkt/s":
        value, prefix = rate_count(stream.value, scene.units, key)
        return value if prefix else whole(stream.value), f"{prefix} pkt/s".strip()
    return number(stream.value), stream.unit


def _forward(scene: Scene, canvas: Canvas, start: int, end: int) -> None:
    """The forward link under the rungs: NICs, speed, rate; red when a side says it is down."""
    spans = forward_spans(scene)
    at = start + max(2, (end - start - width_of(spans)) // 2)
    canvas.spans(at, _BOX_TOP + 7, spans, end - at - 1)


def forward_spans(scene: Scene) -> list[Span]:
    """`forward link eth1 ⇄ eth1   1 Gb/s   2.1 MB/s`."""
    names = [scene.left.spec, scene.right.spec]
    spans: list[Span] = [
        ("forward link ", "muted"),
        (f"{names[0].forward.nic} {BOTH} {names[1].forward.nic}", "base"),
    ]
    for spec in names:
        facts = scene.facts(spec.name)
        if facts is not None and not isinstance(facts.forward, Missing) and not facts.forward.up:
            return [*spans, (f"   {BAD} down on {spec.name}", "error-bold")]
    for spec in names:
        facts = scene.facts(spec.name)
        if facts is None or isinstance(facts.forward, Missing) or scene.facts_stale(spec.name):
            continue
        link = facts.forward
        if speed := link_speed(link.speed_mbps):
            spans.append((f"   {speed}", "muted"))
        if link.tx_bytes_per_s is not None:
            value, unit = size_bytes(link.tx_bytes_per_s + (link.rx_bytes_per_s or 0.0), scene.units, "forward")
            spans += [("   ", "low"), (f"{value:>3}", "strong"), (f" {unit}/s", "low")]
        return spans
    facts = scene.facts(names[0].name)
    if facts is None:
        return [*spans, ("   — not read yet", "low")]
    if isinstance(facts.forward, Missing):
        return [*spans, (f"   — {facts.forward.why}", "low")]
    return [*spans, (f"   {age(max(0.0, scene.now - facts.taken_at))}", "stale-age")]
