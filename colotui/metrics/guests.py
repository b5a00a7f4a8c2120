"""The metrics of the guests: how each is protected, its copies, checkpoints, mismatches, streams and incidents."""

from __future__ import annotations

from colotui.metrics.sheet import Family, Kind, Sheet, word
from colotui.metrics.tally import PAUSE_BOUNDS, PROTOCOLS, GuestTally
from colotui.model.checkpoint import Cause
from colotui.model.incident import Kind as IncidentKind
from colotui.model.protection import Copy, GuestView, Life, Probe, Stream

_GUEST = ("pair", "guest")
_COPY = ("pair", "guest", "host")
_STREAM = ("pair", "guest", "stream")

STATE = Family("colotui_guest_state", Kind.STATESET, "How the guest is protected.", _GUEST)
SEVERITY = Family("colotui_guest_severity", Kind.STATESET, "How much the guest needs somebody.", _GUEST)
SINCE = Family(
    "colotui_guest_state_since_timestamp_seconds", Kind.GAUGE,
    "When this state of protection began, as far back as this exporter has seen (Unix time).", _GUEST,
)  # fmt: skip
PLAN = Family("colotui_guest_plan_running", Kind.GAUGE, "Whether this cockpit runs a plan on the guest.", _GUEST)
ARMED = Family(
    "colotui_guest_armed", Kind.GAUGE, "Whether the failover is armed here. Only one who may act can say.", _GUEST
)
ARMED_ABLE = Family("colotui_guest_armed_able", Kind.GAUGE, "Whether the armed failover would act now.", _GUEST)
INCIDENTS_OPEN = Family("colotui_incidents_open", Kind.GAUGE, "Incidents open now.", (*_GUEST, "kind"))
INCIDENTS = Family("colotui_incidents", Kind.COUNTER, "Incidents this exporter has seen.", (*_GUEST, "kind"))

ROLE = Family("colotui_copy_role", Kind.STATESET, "What the copy of the guest on this host is.", _COPY)
LIFE = Family("colotui_copy_life", Kind.STATESET, "What can be said of the copy's process.", _COPY)
SPEAKS = Family("colotui_copy_speaks", Kind.GAUGE, "Whether the copy's replies reach the clients.", _COPY)
IN_LOCKSTEP = Family("colotui_copy_in_lockstep", Kind.GAUGE, "Whether the copy runs in COLO.", _COPY)
PEER = Family("colotui_copy_peer_connected", Kind.GAUGE, "Whether the links to the other copy stand.", _COPY)
DAMAGED = Family("colotui_copy_damaged", Kind.GAUGE, "Whether the copy is known to be damaged.", _COPY)
GENERATION = Family(
    "colotui_copy_generation", Kind.GAUGE, "How often the guest has been carried on alone, as noted beside this copy.",
    _COPY,
)  # fmt: skip
CPU = Family("colotui_copy_cpu_ratio", Kind.GAUGE, "CPU time QEMU takes; 1 is one whole CPU.", _COPY)
RSS = Family("colotui_copy_resident_memory_bytes", Kind.GAUGE, "Memory QEMU holds.", _COPY)
QMP = Family("colotui_copy_qmp_latency_seconds", Kind.GAUGE, "How long QEMU's monitor took to answer.", _COPY)
SEEN = Family("colotui_copy_seen_timestamp_seconds", Kind.GAUGE, "When the copy was last looked at (Unix time).", _COPY)
COPY = Family("colotui_copy", Kind.INFO, "What runs the copy.", _COPY)

CHECKPOINTS = Family(
    "colotui_checkpoints", Kind.COUNTER, "Checkpoints this exporter has seen, by cause.", (*_GUEST, "cause")
)
PAUSE = Family(
    "colotui_checkpoint_pause_seconds", Kind.HISTOGRAM,
    "How long each checkpoint stopped the guest. The first one of a protection carries the whole memory.", _GUEST,
)  # fmt: skip
LAST_CHECKPOINT = Family(
    "colotui_checkpoint_last_timestamp_seconds", Kind.GAUGE, "When the newest checkpoint began (Unix time).", _GUEST
)
MISMATCHES = Family(
    "colotui_mismatches", Kind.COUNTER, "Replies that differed between the copies, seen by this exporter.",
    (*_GUEST, "protocol"),
)  # fmt: skip

PROBE_UP = Family("colotui_probe_up", Kind.GAUGE, "Whether the guest's service answered the last question.", _GUEST)
PROBE_RTT = Family("colotui_probe_rtt_seconds", Kind.GAUGE, "How long the guest's service took to answer.", _GUEST)
PROBE_LOST = Family("colotui_probe_lost", Kind.COUNTER, "Questions the guest's service left unanswered.", _GUEST)
PROBE_SILENT = Family(
    "colotui_probe_silent_since_timestamp_seconds", Kind.GAUGE, "When the present silence began (Unix time).", _GUEST
)
PROBE_AT = Family("colotui_probe_timestamp_seconds", Kind.GAUGE, "When the service was last asked (Unix time).", _GUEST)

STREAM_UP = Family("colotui_stream_up", Kind.GAUGE, "Whether the stream between the hosts stands.", _STREAM)
STREAM_PACKETS = Family("colotui_stream_packets_per_second", Kind.GAUGE, "Packets the stream carries.", _STREAM)
STREAM_BYTES = Family("colotui_stream_bytes_per_second", Kind.GAUGE, "Bytes the stream carries.", _STREAM)

FAMILIES = (
    STATE, SEVERITY, SINCE, PLAN, ARMED, ARMED_ABLE, INCIDENTS_OPEN, INCIDENTS, ROLE, LIFE, SPEAKS, IN_LOCKSTEP, PEER,
    DAMAGED, GENERATION, CPU, RSS, QMP, SEEN, COPY, CHECKPOINTS, PAUSE, LAST_CHECKPOINT, MISMATCHES, PROBE_UP,
    PROBE_RTT, PROBE_LOST, PROBE_SILENT, PROBE_AT, STREAM_UP, STREAM_PACKETS, STREAM_BYTES,
)  # fmt: skip

STREAMS_KEPT = 16
"""Streams of one guest at most: their names are an engine's, and each name is a time series for ever."""


def fill(sheet: Sheet, pair: str, view: GuestView, tally: GuestTally | None, *, acting: bool) -> None:
    """All of one guest. `tally` None: no counters. `acting`: this cockpit may act, so it knows what it has armed."""
    at = (pair, view.name)
    protection = view.protection
    sheet.one_of(STATE, at, protection.state)
    sheet.one_of(SEVERITY, at, protection.severity)
    sheet.number(SINCE, at, protection.since)
    if acting:
        sheet.number(PLAN, at, view.progress is not None and view.progress.running)
        sheet.number(ARMED, at, view.armed is not None)
        if view.armed is not None:
            sheet.number(ARMED_ABLE, at, view.armed.able)
    opened = [incident.now.kind for incident in view.incidents if incident.open]
    for kind in IncidentKind:
        sheet.number(INCIDENTS_OPEN, (*at, word(kind)), opened.count(kind))
    for copy in view.copies.values():
        _copy(sheet, (*at, copy.host), copy, view.spec.engine.value)
    for stream in view.streams[:STREAMS_KEPT]:
        _stream(sheet, (*at, stream.name.replace(" ", "_")), stream)
    sheet.number(LAST_CHECKPOINT, at, view.stats.last_at)
    if view.probe is not None:
        _probe(sheet, at, view.probe, counters=tally is not None)
    if tally is not None:
        _counters(sheet, at, tally)


def _copy(sheet: Sheet, at: tuple[str, str, str], copy: Copy, engine: str) -> None:
    sheet.one_of(LIFE, at, copy.life)
    sheet.number(SEEN, at, copy.seen_at)
    if copy.life is Life.UNREACHABLE:  # the rest is what was known before
        return
    sheet.one_of(ROLE, at, copy.role)
    sheet.number(GENERATION, at, copy.generation)
    sheet.number(DAMAGED, at, bool(copy.damage))
    if copy.life in (Life.ABSENT, Life.DEAD):
        return
    sheet.number(SPEAKS, at, copy.speaks)
    sheet.number(IN_LOCKSTEP, at, copy.in_colo)
    sheet.number(PEER, at, copy.peer_connected)
    sheet.number(CPU, at, None if copy.cpu_percent is None else copy.cpu_percent / 100.0)
    sheet.number(RSS, at, copy.rss)
    sheet.number(QMP, at, None if copy.qmp_ms is None else copy.qmp_ms / 1000.0)
    sheet.info(COPY, at, {"engine": engine, "version": copy.version, "accel": copy.accel})


def _stream(sheet: Sheet, at: tuple[str, str, str], stream: Stream) -> None:
    sheet.number(STREAM_UP, at, stream.up)
    if stream.value is not None and stream.unit == "pkt/s":
        sheet.number(STREAM_PACKETS, at, stream.value)
    elif stream.value is not None and stream.unit == "MB/s":
        sheet.number(STREAM_BYTES, at, stream.value * 1e6)


def _probe(sheet: Sheet, at: tuple[str, str], probe: Probe, *, counters: bool) -> None:
    sheet.number(PROBE_UP, at, probe.ok)
    sheet.number(PROBE_RTT, at, None if probe.rtt_ms is None else probe.rtt_ms / 1000.0)
    sheet.number(PROBE_SILENT, at, probe.silent_since)
    sheet.number(PROBE_AT, at, probe.at)
    if counters:
        sheet.number(PROBE_LOST, at, probe.lost)


def _counters(sheet: Sheet, at: tuple[str, str], tally: GuestTally) -> None:
    for cause in Cause:
        sheet.number(CHECKPOINTS, (*at, word(cause)), tally.checkpoints[cause])
    for protocol in PROTOCOLS:
        sheet.number(MISMATCHES, (*at, protocol), tally.mismatches[protocol])
    for kind in IncidentKind:
        sheet.number(INCIDENTS, (*at, word(kind)), tally.incidents[kind])
    sheet.histogram(PAUSE, at, PAUSE_BOUNDS, tally.pause_counts, tally.pause_sum)
