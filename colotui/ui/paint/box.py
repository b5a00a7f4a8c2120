"""One host of the ladder: its frame, its role badge and what is known of the guest's copy on it."""

from __future__ import annotations

from colotui.model.facts import Missing, QemuFacts
from colotui.model.plan import Action
from colotui.model.protection import Copy, Life, LinkState, Role, Severity, State
from colotui.model.text import plain
from colotui.ui.actions import allowed
from colotui.ui.format import clock, duration, fine_duration, lasting, number, size_binary
from colotui.ui.glyphs import BAD, METER, METER_EMPTY, WARN
from colotui.ui.paint.canvas import Canvas, Span, cells_of, clip
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.sheet import wrapped

BOX_WIDTH = 43
BOX_HEIGHT = 8
_METER_CELLS = 8


def is_lost(scene: Scene, copy: Copy) -> bool:
    """True when the copy's death or hang is the trouble at hand: then, and only then, it is red.

    What died before a survivor carried on is a grey fact.
    """
    if copy.life is Life.HUNG:
        return True
    trouble = scene.protection.severity is Severity.ERROR or scene.protection.state is State.FAILING_OVER
    return copy.life is Life.DEAD and copy.role is not Role.NONE and trouble


def can_be_promoted(scene: Scene, copy: Copy) -> bool:
    """True when this copy is the way out of an outage."""
    return (
        copy.role is Role.SECONDARY
        and copy.life in (Life.RUNNING, Life.PAUSED)
        and scene.protection.state is State.NOT_PROTECTED
        and allowed(scene.guest, Action.FAILOVER)
        and not copy.damage
    )


def badge(scene: Scene, copy: Copy) -> list[Span]:
    """The role, filled for a primary, in words that also say when it is dead."""
    if copy.life is Life.DEAD and is_lost(scene, copy):
        return [(f" {BAD} {copy.role.value.upper()}, DEAD ", "badge-dead")]
    if copy.life is Life.HUNG:
        role = f"{copy.role.value.upper()}, " if copy.role is not Role.NONE else ""
        return [(f" {BAD} {role}HUNG ", "badge-dead")]
    if copy.life is Life.UNREACHABLE:
        return [(f"? {copy.role.value.upper()}" if copy.role is not Role.NONE else "? not known", "low")]
    if copy.life in (Life.ABSENT, Life.DEAD):
        return [("no copy", "low")]
    if copy.role is Role.PRIMARY:
        return [(" PRIMARY ", "badge-primary")]
    if copy.role is Role.SECONDARY:
        return [("SECONDARY", "secondary-bold")]
    return [("no role", "muted")]


def frame_style(scene: Scene, host: str) -> tuple[tuple[str, ...], str]:
    """Characters and style of the frame: heavy for the primary, red for the dead, dashed where nothing is."""
    copy = scene.copy(host)
    if scene.snapshot.host(host).link is not LinkState.UP or copy.life is Life.UNREACHABLE:
        return tuple("┌╌┐╎└┘"), "low"
    if is_lost(scene, copy):
        return tuple("┌─┐│└┘"), "error"
    if copy.life in (Life.ABSENT, Life.DEAD):
        return tuple("┌╌┐╎└┘"), "hairline"
    if copy.role is Role.PRIMARY:
        return tuple("┏━┓┃┗┛"), "frame-primary"
    return tuple("┌─┐│└┘"), "frame-secondary"


def paint_box(scene: Scene, canvas: Canvas, host: str, x: int, y: int, width: int = BOX_WIDTH) -> None:
    """Draw the host's box with its top left corner at (`x`, `y`)."""
    (corner_a, top, corner_b, side, corner_c, corner_d), style = frame_style(scene, host)
    canvas.put(x, y, corner_a + top * (width - 2) + corner_b, style)
    for row in range(y + 1, y + BOX_HEIGHT - 1):
        canvas.put(x, row, side, style)
        canvas.put(x + width - 1, row, side, style)
    canvas.put(x, y + BOX_HEIGHT - 1, corner_c + top * (width - 2) + corner_d, style)

    view, copy = scene.snapshot.host(host), scene.copy(host)
    end = x + width - 3
    badge_at = canvas.right(end, y + 1, badge(scene, copy))
    at = canvas.put(x + 3, y + 1, host, "name", badge_at - x - 4)
    canvas.put(at + 2, y + 1, view.spec.address, "muted", badge_at - at - 3)
    if view.link is not LinkState.UP:
        _no_channel(scene, canvas, host, x, y, end)
        return
    value = x + 12
    for row, (label, spans) in enumerate(copy_rows(scene, host), start=y + 3):
        canvas.put(x + 3, row, label, "muted")
        canvas.spans(value, row, spans, end - value + 1)


def _no_channel(scene: Scene, canvas: Canvas, host: str, x: int, y: int, end: int) -> None:
    view = scene.snapshot.host(host)
    if view.link is LinkState.CONNECTING:
        canvas.put(x + 3, y + 3, "connecting …", "muted")
    else:
        lasted = lasting(scene.now - view.since)
        canvas.spans(x + 3, y + 3, [("no answer", "warn-bold"), (f" for {lasted}", "muted")], end - x - 3)
        if view.next_try_at is not None and view.next_try_at > scene.now:
            canvas.right(end, y + 3, [(f"again in {view.next_try_at - scene.now:.0f} s", "low")])
    for row, line in enumerate(wrap(view.why, end - x - 3, 3), start=y + 4):
        canvas.put(x + 3, row, line, "muted")


def wrap(text: str, width: int, rows: int) -> list[str]:
    """`text` on at most `rows` lines of `width` cells, the last one cut with …."""
    words = " ".join(plain(text).split())
    lines = wrapped(words, width) if words else []
    if len(lines) > rows:
        lines[rows - 1 :] = ["".join(clip(cells_of(" ".join(lines[rows - 1 :])), width))]
    return lines


def copy_rows(scene: Scene, host: str) -> list[tuple[str, list[Span]]]:
    """guest, engine, cpu and memory of the copy on `host`."""
    copy = scene.copy(host)
    return [
        ("guest", guest_spans(scene, copy)),
        ("engine", engine_spans(scene, copy)),
        ("cpu", _cpu(scene, copy)),
        ("memory", _memory(scene, copy, host)),
    ]


def guest_spans(scene: Scene, copy: Copy) -> list[Span]:
    """The life of the copy in a word, and what matters most beside it."""
    spec = scene.guest.spec
    if copy.life is Life.DEAD and copy.role is not Role.NONE:
        spans: list[Span] = [(f"{BAD} gone", "error-bold") if is_lost(scene, copy) else ("gone", "base")]
        return [*spans, (f"   pid {copy.pid} ended", "muted")] if copy.pid else spans
    if copy.life is Life.HUNG:
        spans = [(f"{BAD} hung", "error-bold")]
        if copy.silent_since is not None:
            spans.append((f"   silent for {lasting(scene.now - copy.silent_since)}", "muted"))
        return spans
    if copy.life is Life.UNREACHABLE:
        return [("?", "low"), ("  its host does not answer", "low")]
    if copy.life in (Life.ABSENT, Life.DEAD):
        return [("—", "low"), ("  no QEMU of this guest here", "low")]
    word = copy.life.value
    spans = [(word, "base")]
    if copy.damage:
        return [*spans, (f"   {BAD} {copy.damage}", "error")]
    if scene.stale(copy.seen_at):
        return [(word, "stale"), ("   ", "low"), scene.age_span(copy.seen_at)]
    if can_be_promoted(scene, copy):
        return [*spans, ("   can be promoted", "ok-bold")]
    if copy.life is Life.WAITING:
        return [("waiting", "base"), ("   for a primary", "muted")]
    if copy.role is Role.SECONDARY and scene.in_step:
        behind = scene.guest.stats.last_at
        if behind is not None:
            return [*spans, (f"   {duration(scene.now - behind)} behind", "muted")]
    memory, unit = size_binary(spec.memory)
    return [*spans, (f"   {spec.cpus} vCPU {memory} {unit}", "muted")]


def engine_spans(scene: Scene, copy: Copy) -> list[Span]:
    """Engine and version; how it ended when it did; COLO's own word when it left the lock-step."""
    if copy.exit is not None and copy.life is Life.DEAD:
        spans: list[Span] = [(f"exit: {copy.exit}", "error" if is_lost(scene, copy) else "muted")]
        return [*spans, (f"   {clock(copy.exit.at)}", "muted")] if copy.exit.at is not None else spans
    version = copy.version
    facts = scene.facts(copy.host)
    problem = ""
    if facts is not None and isinstance(facts.qemu, QemuFacts):
        version = version or facts.qemu.version
        problem = facts.qemu.problem
    elif facts is not None and not version and isinstance(facts.qemu, Missing):
        return [("—", "low"), (f"  {facts.qemu.why}", "low")]
    if not version:
        return [("—", "low"), ("  not known", "low")]
    spans = [(version if version[:1].isalpha() else f"QEMU {version}", "base")]
    if problem:
        return [*spans, (f"   {WARN} {problem}", "warn")]
    if copy.detail:
        return [*spans, (f"   {copy.detail}", "warn" if scene.protection.state is not State.PROTECTED else "muted")]
    return [*spans, (f"   {copy.accel}", "muted")] if copy.accel else spans


def meter(share: float, cells: int = _METER_CELLS) -> list[Span]:
    """A bar of its whole."""
    full = max(0, min(cells, round(share * cells)))
    if share > 0.005 and full == 0:
        full = 1
    return [(METER * full, "meter"), (METER_EMPTY * (cells - full), "track")]


def _gone_value(scene: Scene, copy: Copy) -> bool:
    return copy.life in (Life.DEAD, Life.HUNG, Life.UNREACHABLE) or scene.stale(copy.seen_at)


def _cpu(scene: Scene, copy: Copy) -> list[Span]:
    if copy.cpu_percent is None:
        return [("—", "low")]
    text = f"{copy.cpu_percent:.0f}"
    if _gone_value(scene, copy):
        return [(f"{text} %", "stale"), ("   ", "low"), scene.age_span(copy.seen_at)]
    cores = max(1, scene.guest.spec.cpus)
    return [*meter(copy.cpu_percent / (100 * cores)), (f"{text:>5}", "strong"), (" %", "low")]


def _memory(scene: Scene, copy: Copy, host: str) -> list[Span]:
    if copy.rss is None:
        return [("—", "low")]
    mib = copy.rss / 2**20
    text, unit = (number(mib).removesuffix(".0"), "MiB") if mib < 10240 else size_binary(copy.rss)
    if _gone_value(scene, copy):
        return [(f"{text} {unit}", "stale"), ("   ", "low"), scene.age_span(copy.seen_at)]
    facts = scene.facts(host)
    if facts is None or facts.memory_total <= 0:
        return [(f"{text:>13}", "strong"), (f" {unit}", "low")]
    total, total_unit = size_binary(facts.memory_total)
    share = copy.rss / facts.memory_total
    return [*meter(share), (f"{text:>5}", "strong"), (f" {unit} of {total} {total_unit}", "low")]


def silence(scene: Scene) -> str:
    """For how long the guest's service has been silent, or ""."""
    probe = scene.guest.probe
    if probe is None or probe.ok or probe.silent_since is None:
        return ""
    return fine_duration(scene.now - probe.silent_since)
