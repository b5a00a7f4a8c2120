"""A snapshot in which everything that can become a metric is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from colotui.model.incident import Confidence, Diagnosed, Fact, Incident, Kind, Source
from colotui.model.protection import HOST_TO_HOST, Armed, Probe, Severity, Snapshot, Witness
from tests.ui.samples import NOW, protected

PINGS = (
    Witness(HOST_TO_HOST, "alpha", "beta answers over eth1 in 0.3 ms", True, NOW - 0.3, 0.3),
    Witness(HOST_TO_HOST, "beta", "alpha does not answer over eth1", False, NOW - 0.2),
)


def incident(name: str, kind: Kind, *, closed: bool = False) -> Incident:
    fact = Fact(NOW - 60, "beta", Source.EXIT, "exit", "signal 9")
    now = Diagnosed(kind, "It is so.", Confidence.PROVEN, NOW - 60, (fact,), Severity.ERROR, "Nothing.")
    return Incident(name, "web01", NOW - 60, NOW, now, NOW - 1 if closed else None)


@cache
def full() -> Snapshot:
    """Built once: it never changes."""
    snapshot = protected()
    view = snapshot.guests[0]
    view = replace(
        view,
        probe=Probe("http://10.77.0.10/", True, NOW - 0.2, 16.8, silent_since=NOW - 5, lost=4),
        witnesses=PINGS,
        armed=Armed(NOW - 100, "ann@desk"),
        stats=replace(view.stats, total=len(view.checkpoints)),
        mismatch_total=len(view.mismatches),
        incidents=(incident("web01-2", Kind.SECONDARY_DEAD), incident("web01-1", Kind.STORM, closed=True)),
    )
    return replace(snapshot, guests=(view,), read_only="")


def with_guest(snapshot: Snapshot, **changes: object) -> Snapshot:
    return replace(snapshot, guests=(replace(snapshot.guests[0], **changes),))  # type: ignore[arg-type]
