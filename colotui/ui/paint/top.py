"""The top of the screen: a quiet strip with a pill while all is well, a band of the same height when not."""

from __future__ import annotations

from colotui.model.facts import Missing
from colotui.model.protection import Protection, Role, Severity, State
from colotui.replay.when import day
from colotui.ui.format import clock, duration, fine_duration, lasting, number, size_bytes, whole
from colotui.ui.glyphs import SPEAKS, WARN, state_glyph
from colotui.ui.paint.advice import paint_advice
from colotui.ui.paint.armed import armed_badge
from colotui.ui.paint.canvas import Canvas, Line, Span, width_of
from colotui.ui.paint.incidentbadge import LOUDNESS, strip_group
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.tabs import other_guests, tab_spans

_BANDS = {
    Severity.WORKING: ("working-band", "band-working-background"),
    Severity.WARNING: ("warning-band", "band-warning-background"),
    Severity.ERROR: ("error-band", "band-error-background"),
}


def paint_top(scene: Scene, width: int, height: int) -> list[Line]:
    """The strip or the band, `height` 3 (wide), 2 (folded) or 1 rows."""
    protection = scene.protection
    calm = protection.state is State.PROTECTED and protection.severity in (Severity.OK, Severity.WARNING)
    quiet = calm or protection.severity is Severity.OK
    canvas = Canvas(width, height, "surface" if quiet else _BANDS[protection.severity][1])
    if quiet:
        _strip(scene, canvas)
    else:
        _band(scene, canvas)
    return scene.finish(canvas)


def glyph_of(scene: Scene, protection: Protection) -> str:
    """The sign of the state; in ASCII the round ones get brackets, so that they are seen."""
    sign = state_glyph(protection.state, protection.severity)
    if scene.ascii_only:
        return {"●": "(*)", "◐": "(~)", "○": "(o)"}.get(sign, sign)
    return sign


def _pill(scene: Scene) -> list[Span]:
    protection = scene.protection
    style = "pill" if protection.state is State.PROTECTED else "badge"
    return [(f" {glyph_of(scene, protection)} {protection.state.value.upper()} ", style)]


def _strip(scene: Scene, canvas: Canvas) -> None:
    width = canvas.width
    margin = 2 if width >= 100 else 1
    row = 1 if canvas.height >= 3 else 0
    tabbed = canvas.height >= 3 and len(scene.tabs) > 1
    if tabbed:
        canvas.spans(margin, 0, tab_spans(scene, width - 2 * margin))
    end = _clock_and_badges(scene, canvas, row, width - margin, "muted", tabbed=tabbed)
    pill_at = margin if canvas.height >= 3 or width < 100 else 1
    x = canvas.spans(pill_at if width >= 100 else 0, row, _pill(scene)) + 2
    x = canvas.put(x, row, scene.guest.name, "name", end - x)
    if scene.protection.since:
        x += 2
        if canvas.height >= 3:
            x = canvas.put(x, row, "for ", "low")
        x = canvas.put(x, row, duration(scene.now - scene.protection.since), "base", end - x)
    if canvas.height >= 3:
        _wide_numbers(scene, canvas, row, x, end)
    elif width >= 100:
        _groups(canvas, row, x + 3, end, [(1, _warning_or(scene, [])), (0, strip_group(scene))], right=_synced(scene))
        if canvas.height > 1:
            _folded_path(scene, canvas, margin, width - margin)
    else:
        arrow, synced = _arrow(scene), _synced(scene, short=True)
        # The roles are never cut: beside a badge the age of the last checkpoint goes first.
        fits = width_of(arrow) + width_of(synced) + 2 <= end - 4 - (x + 3)
        shown = arrow if width_of(arrow) <= end - (x + 3) else []
        _groups(canvas, row, x + 3, end, [(1, shown)], right=synced if fits else None)
        if canvas.height > 1:
            numbers = [
                (0, strip_group(scene)),
                (1, _warning_or(scene, _rate(scene))),
                (2, _pause(scene)),
                (4, _mismatches(scene)),
            ]
            _groups(canvas, 1, margin, width - margin, [*numbers, (3, _forward(scene))], gap=3)


def _wide_numbers(scene: Scene, canvas: Canvas, row: int, x: int, end: int) -> None:
    start = max(x + 3, 47)
    _groups(canvas, row, start, end - 4, [(0, _arrow(scene))])
    start += width_of(_arrow(scene)) + (7 if canvas.width >= 150 else 4)
    if scene.protection.severity is Severity.WARNING:
        after = canvas.spans(start, row, _warning_or(scene, []), end - start - 2) + 4
        canvas.spans(after, row, strip_group(scene), max(0, end - after - 2))
        said = [text for text in (scene.protection.meaning, scene.protection.do_not) if text]
        canvas.put(start + 2, row + 1, "   ".join(said), "muted", canvas.width - 2 - start)
        return
    groups = [
        (0, strip_group(scene)),
        (1, _rate(scene)),
        (2, _pause(scene)),
        (4, _mismatches(scene)),
        (3, _synced(scene)),
    ]
    _groups(canvas, row, start, end - 2, groups, gap=4)


def _groups(
    canvas: Canvas,
    row: int,
    x: int,
    end: int,
    groups: list[tuple[int, list[Span]]],
    *,
    gap: int = 4,
    right: list[Span] | None = None,
) -> None:
    """Write groups apart by `gap`; the one with the highest number goes first when there is no room."""
    if right:
        end = canvas.right(end - 4, row, right) - 2
    shown = [group for group in groups if group[1]]
    while len(shown) > 1 and sum(width_of(spans) + gap for _, spans in shown) - gap > end - x:
        shown.remove(max(shown, key=lambda group: group[0]))
    for _, spans in shown:
        x = canvas.spans(x, row, spans, max(0, end - x)) + gap


def _warning_or(scene: Scene, otherwise: list[Span]) -> list[Span]:
    protection = scene.protection
    if protection.severity is not Severity.WARNING:
        return otherwise
    return [(f"{WARN} {protection.headline}", "warn-bold")]


def _arrow(scene: Scene) -> list[Span]:
    protection = scene.protection
    if not protection.primary:
        return []
    spans: list[Span] = [(protection.primary, "name")]
    if protection.secondary:
        spans += [(" ═▶ ", "link-up"), (protection.secondary, "base")]
    return spans


def _rate(scene: Scene) -> list[Span]:
    rate = scene.guest.stats.rate_per_s
    return [] if rate is None else [(f"{number(rate):>4}", "strong"), (" ckpt/s", "muted")]


def _pause(scene: Scene) -> list[Span]:
    stats = scene.guest.stats
    if stats.pause_p50_ms is None:
        return []
    spans: list[Span] = [("pause ", "muted"), (f"{number(stats.pause_p50_ms):>3}", "strong"), (" ms", "low")]
    return [*spans, ("  p95 ", "muted"), (f"{number(stats.pause_p95_ms):>3}", "strong")]


def _mismatches(scene: Scene) -> list[Span]:
    rate = scene.guest.mismatches_per_min
    if rate is None:
        return []
    return [(whole(rate) if rate >= 1 or rate == 0 else number(rate), "strong"), (" mismatches/min", "muted")]


def _synced(scene: Scene, *, short: bool = False) -> list[Span]:
    last = scene.guest.stats.last_at
    if last is None:
        return []
    value, _, unit = duration(scene.now - last).partition(" ")
    late = scene.now - last > scene.guest.spec.checkpoint_delay / 1000 + 4
    style = "warn-bold" if late else "strong"
    return [("synced ", "muted"), (f"{value:>3}", style), (f" {unit}" + ("" if short else " ago"), "low")]


def _forward(scene: Scene) -> list[Span]:
    facts = scene.facts(scene.left.spec.name)
    if facts is None or isinstance(facts.forward, Missing) or facts.forward.tx_bytes_per_s is None:
        return []
    total = facts.forward.tx_bytes_per_s + (facts.forward.rx_bytes_per_s or 0.0)
    value, unit = size_bytes(total, scene.units, "top-forward")
    name = "" if scene.facts_stale(scene.left.spec.name) else "strong"
    return [(f"{facts.forward.nic} ", "muted"), (value, name or "stale"), (f" {unit}/s", "low")]


def _folded_path(scene: Scene, canvas: Canvas, x: int, end: int) -> None:
    protection = scene.protection
    rate = scene.guest.stats.rate_per_s
    spans: list[Span] = []
    if protection.primary:
        speaks = scene.copy(protection.primary).speaks
        spans = [(protection.primary, "name")]
        if speaks:
            spans.append((f" {SPEAKS} speaks", "accent"))
    if protection.secondary:
        spans += [(" ══ ", "link-up"), (f"{number(rate)}/s", "strong"), (" ══▶ ", "link-up")]
        spans.append((protection.secondary, "base"))
        if scene.copy(protection.secondary).role is Role.SECONDARY:
            spans.append((" held", "muted"))
    at = canvas.spans(x, 1, spans)
    probe = scene.guest.probe
    reply: list[Span] = []
    if probe is not None and probe.ok and probe.rtt_ms is not None:
        reply = [("client ", "muted"), (number(probe.rtt_ms), "strong"), (" ms", "low")]
    right = [*_forward(scene), *([("   ", "low")] if reply else []), *reply]
    if width_of(right) < end - at - 2:
        canvas.right(end, 1, right)


def _band(scene: Scene, canvas: Canvas) -> None:
    protection = scene.protection
    style = _BANDS[protection.severity][0]
    width = canvas.width
    margin = 2 if width >= 120 else 1
    end = _clock_and_badges(scene, canvas, 0, width - margin, style, wall=canvas.height >= 3)
    if canvas.height < 3 and end < width - margin:
        # No clock stands there, but a badge.
        end -= 2
    since = _since(scene, style, canvas.height)
    if since:
        end = canvas.right(end - (0 if canvas.height < 3 else 6), 0, since) - 2
    headline = _headline(scene)
    if scene.guest.name not in headline:
        headline = f"{scene.guest.name}   {headline}" if canvas.height >= 3 else f"{scene.guest.name}: {headline}"
    x = canvas.put(margin, 0, f"{glyph_of(scene, protection)} {protection.state.value.upper()}", f"{style}-bold")
    gap = 3 if canvas.height >= 3 else 2
    canvas.put(x + gap, 0, headline, f"{style}-bold", end - x - gap)
    if canvas.height < 2:
        return
    if canvas.height >= 3:
        canvas.put(margin, 1, protection.meaning, style, width - 2 * margin)
    paint_advice(scene, canvas, canvas.height - 1, margin, style)


def _headline(scene: Scene) -> str:
    """What is going on; of a running plan its title and where it is, for the step count stands at the right."""
    progress = scene.guest.progress
    if scene.protection.severity is not Severity.WORKING or progress is None or not progress.steps:
        return scene.protection.headline
    step = progress.steps[min(progress.current, len(progress.steps) - 1)]
    return f"{progress.title}: {step.title}" + (f", {progress.note}" if progress.note else "")


def _since(scene: Scene, style: str, height: int) -> list[Span]:
    protection, progress = scene.protection, scene.guest.progress
    if progress is not None and progress.running and progress.steps:
        count = len(progress.steps)
        spans: list[Span] = [(f"step {min(progress.current + 1, count)} of {count}", f"{style}-bold")]
        if height >= 3:
            spans.append((f"   {fine_duration(scene.now - progress.started_at)}", f"{style}-bold"))
        return spans
    if not protection.since:
        return []
    lasted = lasting(scene.now - protection.since)
    if height >= 3:
        return [(f"since {clock(protection.since)}   {lasted}", f"{style}-bold")]
    return [(f"{clock(protection.since)}, {lasted}", f"{style}-bold")]


def _clock_and_badges(
    scene: Scene, canvas: Canvas, row: int, end: int, style: str, *, wall: bool = True, tabbed: bool = False
) -> int:
    """Clock at the right, badges left of it; the first cell they take."""
    if wall:
        end = canvas.right(end, row, [(clock(scene.wall), style)])
    wide = canvas.width >= 140
    badges: list[list[Span]] = []
    if scene.frozen:
        text = f"  at {clock(scene.now)}, {lasting(scene.wall - scene.now)} ago, " if wide else ""
        badge: list[Span] = [(" FROZEN ", "badge-warn")]
        if text:
            badge += [(text, style), (scene.key("freeze", "z"), "strong" if style == "muted" else style)]
            badge.append((" goes on", style))
        if scene.live is not None and _louder(scene.live, scene.protection):
            badge = [(f" NOW: {scene.live.state.value.upper()} ", "badge-dead"), ("  ", style), *badge]
        badges.append(badge)
    if scene.guest.armed is not None:
        badges.append(armed_badge(scene, canvas.width, style))
    if scene.replay:
        badge = [(" REPLAY ", "badge-replay")]
        if wide:
            badge.append((f"  of {day(scene.now)}", style))
        badges.append(badge)
    elif scene.snapshot.read_only:
        badge = [(" READ-ONLY ", "badge")]
        if wide:
            badge.append((f"  {scene.snapshot.read_only}"[:44], style))
        badges.append(badge)
    if len(scene.tabs) > 1 and not tabbed:
        badges.append(other_guests(scene, canvas.width // 3, style))
    for badge in badges:
        end = canvas.right(end - 3, row, badge, max(0, end - canvas.width // 3))
    return end


def _louder(live: Protection, shown: Protection) -> bool:
    return live.state is not shown.state or LOUDNESS.index(live.severity) > LOUDNESS.index(shown.severity)
