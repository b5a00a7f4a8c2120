"""How the packets of each guest NIC go, as a picture: through the engine's own streams, or through ifb pairs."""

from __future__ import annotations

from colotui.model.facts import HostFacts, IfbDevice, IfbPair, Missing
from colotui.model.pair import EngineKind, NicSpec
from colotui.model.protection import HostView, LinkState, Role
from colotui.ui.format import rate_count, whole
from colotui.ui.glyphs import BAD
from colotui.ui.paint.box import badge
from colotui.ui.paint.canvas import Canvas, Span, fitted, width_of
from colotui.ui.paint.ladder import forward_spans, paint_client, paint_rung
from colotui.ui.paint.scene import Scene

_WIDE = 120
_NIC_ROWS = 11
_PAIR_ROWS = 8
_STREAMS = 7


def wiring_page(scene: Scene, width: int) -> Canvas:
    """The whole picture, as high as it must be."""
    qemu = scene.guest.spec.engine is EngineKind.QEMU
    pairs = [
        (view, view.facts, pair)
        for view in (scene.left, scene.right)
        if view.facts is not None
        for pair in view.facts.ifb_pairs
    ]
    nics = scene.guest.spec.nics if qemu else ()
    canvas = Canvas(width, len(nics) * _NIC_ROWS + len(pairs) * _PAIR_ROWS + 9)
    y = 0
    for index, nic in enumerate(nics):
        y = _nic(scene, canvas, y, index, nic)
    if qemu:
        canvas.spans(0, y, forward_spans(scene))
        text = "The engine copies and compares packets in its own filters: it needs no ifb."
        canvas.put(0, y + 1, text, "base")
        y += 3
    for view, facts, pair in pairs:
        y = _pair(scene, canvas, y, view, facts, pair, unused=qemu)
    _without_pair(scene, canvas, y)
    return canvas


def _title(canvas: Canvas, y: int, spans: list[Span]) -> None:
    at = canvas.spans(0, y, fitted(spans, canvas.width))
    canvas.fill(at + 1, y, canvas.width - at - 1, "─", "hairline")


# -- streams of the engine ----------------------------------------------------------------------------


def _nic(scene: Scene, canvas: Canvas, y: int, place: int, nic: NicSpec) -> int:
    """Client, bridge and tap of each host; between them the streams that carry packets. The next free row."""
    _title(
        canvas, y, [(f"NIC {place + 1} of {scene.guest.name}", "bold"), (f"   {nic.mac}   {nic.model.value}", "muted")]
    )
    wide = canvas.width >= _WIDE
    views = (scene.left, scene.right)
    paint_client(scene, canvas, 0, canvas.width - 1, y + 1)
    for view in views:
        _rail(scene, canvas, y + 4, view, left=view is scene.left)
    streams = [stream for stream in scene.guest.streams if stream.unit == "pkt/s"] if place == 0 else []
    words = [[_end_words(scene, view, stream.direction, short=not wide) for stream in streams[:2]] for view in views]
    start, end = (max((len(text) for text in side), default=0) + 3 for side in words)
    end = canvas.width - end
    if not streams:
        known = "not in lock-step: no streams between the hosts"
        text = known if place == 0 else "the streams of this NIC are not measured"
        canvas.put(start + 2, y + _STREAMS, text, "low", end - start - 3)
        return y + _NIC_ROWS
    for index, stream in enumerate(streams[:2]):
        row = y + _STREAMS + index
        paint_rung(scene, canvas, stream, row, start, end, first=False)
        canvas.put(0, row, "├ ", "graph-low")
        canvas.put(2, row, words[0][index], "muted")
        canvas.right(canvas.width, row, [(f"{words[1][index]} ", "muted"), ("┤", "graph-low")])
    return y + _NIC_ROWS


def _rail(scene: Scene, canvas: Canvas, y: int, view: HostView, *, left: bool) -> None:
    """Bridge and tap, and at the foot the copy of the guest."""
    half = canvas.width // 2 - 2

    def put(row: int, spans: list[Span]) -> None:
        shown = fitted(spans, half)
        if left:
            canvas.spans(0, row, shown, half)
        else:
            canvas.right(canvas.width, row, shown, half)

    copy = scene.copy(view.spec.name)
    tap: Span = ("tap of the guest", "base")
    bridge = _bridge(scene, view)
    put(y, [("│ ", "graph-low"), *bridge] if left else [*bridge, (" │", "graph-low")])
    put(y + 1, [("│ ", "graph-low"), tap] if left else [tap, (" │", "graph-low")])
    for row in (y + 2, y + 3, y + 4):
        put(row, [("│", "graph-low")])
    name: list[Span] = [(f"{scene.guest.name} on {view.spec.name} ", "name"), *badge(scene, copy)]
    put(y + 5, name if left else [*badge(scene, copy), (f" {scene.guest.name} on {view.spec.name}", "name")])


def _bridge(scene: Scene, view: HostView) -> list[Span]:
    facts = view.facts
    if facts is None:
        return [(view.spec.bridge, "strong"), ("   — not read yet", "low")]
    link = facts.bridge
    if isinstance(link, Missing):
        return [(view.spec.bridge, "strong"), ("   — ", "low"), (link.why, "low")]
    state: Span = ("up", "base") if link.up else (f"{BAD} down", "error-bold")
    spans: list[Span] = [(f"{link.nic} ", "strong"), state]
    if scene.facts_stale(view.spec.name):
        spans += [("   ", "low"), scene.age_span(facts.taken_at)]
    return spans


def _end_words(scene: Scene, view: HostView, direction: str, *, short: bool) -> str:
    """What an end of a stream does, by the role of the copy there."""
    if short:
        return view.spec.name
    role = scene.copy(view.spec.name).role
    if role is Role.PRIMARY:
        return "copies what clients send" if direction == "right" else "compares, lets equal ones out"
    if role is Role.SECONDARY:
        return "gets the same packets" if direction == "right" else "hands its replies over"
    return "no copy of the guest"


# -- ifb pairs ----------------------------------------------------------------------------------------


def _pair(
    scene: Scene, canvas: Canvas, y: int, view: HostView, facts: HostFacts, pair: IfbPair, *, unused: bool
) -> int:
    """What feeds either ifb of a pair, and what they counted. The next free row."""
    title: list[Span] = [(f"ifb pair of {pair.nic} on {view.spec.name}", "bold")]
    if unused:
        title += [("   ", "low"), ("not used by this engine", "muted")]
    if scene.facts_stale(view.spec.name):
        title += [("   ", "low"), scene.age_span(facts.taken_at)]
    elif pair.packets_per_s is not None:
        value, prefix = rate_count(pair.packets_per_s, scene.units, f"ifb-{view.spec.name}-{pair.nic}")
        shown = value if prefix else whole(pair.packets_per_s)
        title += [("   ", "low"), (shown, "strong"), (f" {prefix} pkt/s".replace("  ", " "), "low")]
    title += [("   ", "low"), (f"{whole(pair.dropped)} dropped", "warn" if pair.dropped else "muted")]
    _title(canvas, y, title)
    devices = {} if isinstance(facts.ifbs, Missing) else {device.name: device for device in facts.ifbs}
    other = scene.right if view is scene.left else scene.left
    carrier = view.spec.forward.nic
    _feed(canvas, y + 1, pair.nic, "what the guest sends", pair.primary, devices.get(pair.primary), live=pair.up)
    if not unused:
        meet = _meeting(canvas)
        for row in (y + 3, y + 4):
            canvas.put(meet, row, "│", "graph-low")
        canvas.put(meet + 2, y + 3, "one is compared with the other", "muted")
    second = devices.get(pair.secondary)
    fed = " ".join(second.fed_by) if second is not None and second.fed_by else carrier
    _feed(canvas, y + 5, fed, f"what comes from {other.spec.name}", pair.secondary, second, live=pair.up)
    return y + _PAIR_ROWS


def _meeting(canvas: Canvas) -> int:
    return min(canvas.width * 4 // 10, 62)


def _feed(canvas: Canvas, y: int, source: str, words: str, name: str, device: IfbDevice | None, *, live: bool) -> None:
    """`web01-net0 ── what the guest sends ──▶ ifb0 up  qdisc  in  out  dropped`."""
    end = _meeting(canvas)
    line, ink = ("─", "graph-low") if live else ("╌", "hairline")
    if device is not None and not device.fed_by:
        line, ink, words = "╌", "hairline", "nothing feeds it"
    at = canvas.put(0, y, source, "base", 15) + 1
    canvas.fill(at, y, end - 2 - at, line, ink)
    label = f" {words} "
    if at + 2 + len(label) < end - 3:
        canvas.put(at + 2, y, label, "muted")
    else:
        canvas.put(0, y + 1, words, "low", end - 2)
    canvas.put(end - 2, y, "▶", ink)
    at = canvas.put(end, y, name, "strong", 15)
    if device is None:
        canvas.put(at + 2, y, "— not read", "low")
        return
    state: Span = ("up", "base") if device.up else (f"{BAD} down", "error-bold")
    at = canvas.spans(at + 1, y, [state, (f"   {device.qdisc or 'no qdisc'}", "muted")])
    counters: list[Span] = [
        (whole(device.rx_packets), "strong"),
        (" in   ", "low"),
        (whole(device.tx_packets), "strong"),
        (" out   ", "low"),
        (f"{whole(device.dropped)} dropped", "warn" if device.dropped else "muted"),
    ]
    if width_of(counters) + at + 3 <= canvas.width:
        canvas.spans(at + 3, y, counters)
    else:
        canvas.spans(end + 2, y + 1, counters)


def _without_pair(scene: Scene, canvas: Canvas, y: int) -> None:
    """ifb devices that belong to no pair, or why there are none."""
    for view in (scene.left, scene.right):
        facts = view.facts
        label: list[Span] = [(f"ifb on {view.spec.name}   ", "muted")]
        if facts is None:
            why = "connecting" if view.link is LinkState.CONNECTING else "not read yet"
            canvas.spans(0, y, [*label, (f"— {why}", "low")])
        elif isinstance(facts.ifbs, Missing):
            canvas.spans(0, y, [*label, (f"— {facts.ifbs.why}", "low")])
        else:
            paired = {name for pair in facts.ifb_pairs for name in (pair.primary, pair.secondary)}
            loose = [device.name for device in facts.ifbs if device.name not in paired]
            if not loose and paired:
                continue
            words = f"{' '.join(loose)} in no pair" if loose else "none"
            canvas.spans(0, y, [*label, (words, "base" if loose else "muted")])
        y += 1
