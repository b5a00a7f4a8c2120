"""A collector of the official client library over the newest snapshot of a pair, and its text in both formats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from prometheus_client import exposition, openmetrics
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from colotui.metrics import guests, hosts
from colotui.metrics.sheet import Family, Kind, Sheet
from colotui.metrics.tally import Tally, forward_witnesses
from colotui.model.protection import Snapshot

BUILD = Family("colotui_build", Kind.INFO, "The version of this exporter.", ("pair",))
TAKEN = Family(
    "colotui_snapshot_timestamp_seconds", Kind.GAUGE, "When all of this was put together (Unix time).", ("pair",)
)
COLLECT = Family(
    "colotui_collect_duration_seconds", Kind.GAUGE, "How long the last snapshot took to become metrics.", ("pair",)
)
SCRAPES = Family("colotui_scrapes", Kind.COUNTER, "How often this exporter was asked.", ("pair",))

FAMILIES = (BUILD, TAKEN, COLLECT, SCRAPES, *guests.FAMILIES, *hosts.FAMILIES)
"""Every family there can be, for whoever writes rules and dashboards."""


def families(snapshot: Snapshot, tally: Tally | None) -> list[Metric]:
    """The metrics of one snapshot, by name. `tally` None: without counters, for a look that does not last."""
    sheet = Sheet()
    _fill(sheet, snapshot, tally)
    return sheet.metrics


def _fill(sheet: Sheet, snapshot: Snapshot, tally: Tally | None) -> None:
    pair = snapshot.pair
    sheet.number(TAKEN, (pair,), snapshot.at)
    for guest in snapshot.guests:
        counted = None if tally is None else tally.guests.get(guest.name)
        guests.fill(sheet, pair, guest, counted, acting=not snapshot.read_only)
    forward = forward_witnesses(snapshot)
    for host in snapshot.hosts:
        name = host.spec.name
        pings = None if tally is None else (tally.pings[name], tally.lost[name])
        hosts.fill(sheet, pair, host, forward.get(name), pings)


class PairCollector(Collector):
    """Takes every snapshot, so that nothing is counted twice or missed, and hands out the metrics of the newest.

    `lasting` False: one look that does not last; it has no counters, for they would begin anew with each look.
    """

    def __init__(
        self, pair: str, version: str, *, lasting: bool = True, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._pair, self._version = pair, version
        self._tally = Tally() if lasting else None
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._scrapes = 0

    def take(self, snapshot: Snapshot) -> None:
        """The newest snapshot; they come in order."""
        self._snapshot = snapshot
        if self._tally is not None:
            self._tally.take(snapshot)

    def collect(self) -> Iterable[Metric]:
        """See Collector. Before the first snapshot only the version is known."""
        begun = self._clock()
        sheet = Sheet()
        at = (self._pair,)
        sheet.info(BUILD, at, {"version": self._version})
        if self._tally is not None:
            self._scrapes += 1
            sheet.number(SCRAPES, at, self._scrapes)
        if self._snapshot is not None:
            _fill(sheet, self._snapshot, self._tally)
            sheet.number(COLLECT, at, self._clock() - begun)
        return sheet.metrics


PLAIN = exposition.CONTENT_TYPE_PLAIN_0_0_4
OPENMETRICS = openmetrics.exposition.CONTENT_TYPE_LATEST


def text(registry: CollectorRegistry, accept: str = "") -> tuple[bytes, str]:
    """The metrics and their content type: OpenMetrics for whoever accepts it, else Prometheus' older text format."""
    # Only the name of the type is looked for: nothing of what a stranger sends comes back in a header.
    if "application/openmetrics-text" in accept:
        return openmetrics.exposition.generate_latest(registry), OPENMETRICS  # type: ignore[no-untyped-call]
    return exposition.generate_latest(registry), PLAIN
