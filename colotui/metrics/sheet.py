"""Metric families and the sheet they are filled in on; what is not known is left out, it never becomes a zero."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.utils import floatToGoString

from colotui.model.facts import Missing
from colotui.model.text import plain

LABEL_LIMIT = 128
"""Characters of a label value: versions are words of a host, and a host may say anything."""


class Kind(StrEnum):
    """What a family is, in the words of OpenMetrics."""

    GAUGE = "gauge"
    COUNTER = "counter"
    STATESET = "stateset"
    INFO = "info"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One family. `name` is without the suffix that its kind adds (`_total`, `_info`, `_bucket`)."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


_MAKERS: dict[Kind, type[Metric]] = {
    Kind.GAUGE: GaugeMetricFamily,
    Kind.COUNTER: CounterMetricFamily,
    Kind.STATESET: StateSetMetricFamily,
    Kind.INFO: InfoMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
}


def word(member: Enum) -> str:
    """A member of an enumeration as a label value: `not_protected`, `no_twin`."""
    return member.name.lower()


def label(text: str) -> str:
    """A label value that no text format can be broken with: one line, no control characters, no half characters."""
    return plain(text, LABEL_LIMIT)


class Sheet:
    """Takes samples in and hands out the families that have any."""

    def __init__(self) -> None:
        self._made: dict[str, Metric] = {}

    @property
    def metrics(self) -> list[Metric]:
        """The families with at least one sample, by name."""
        return [self._made[name] for name in sorted(self._made)]

    def number(self, family: Family, labels: Sequence[str], value: float | Missing | None) -> None:
        """One gauge or counter. A value that is not known, or is no number, is left out."""
        if value is None or isinstance(value, Missing) or not math.isfinite(value):
            return
        made = self._of(family)
        assert isinstance(made, GaugeMetricFamily | CounterMetricFamily)
        made.add_metric(_clean(labels), float(value))

    def one_of(self, family: Family, labels: Sequence[str], member: Enum) -> None:
        """One stateset: 1 for `member`, 0 for every other member of its enumeration."""
        made = self._of(family)
        assert isinstance(made, StateSetMetricFamily)
        made.add_metric(_clean(labels), {word(each): each is member for each in type(member)})

    def info(self, family: Family, labels: Sequence[str], values: Mapping[str, str]) -> None:
        """One info; values that are "" are not known and left out."""
        known = {name: label(value) for name, value in values.items() if value}
        if known:
            made = self._of(family)
            assert isinstance(made, InfoMetricFamily)
            made.add_metric(_clean(labels), known)

    def histogram(
        self, family: Family, labels: Sequence[str], bounds: Sequence[float], counts: Sequence[int], total: float
    ) -> None:
        """One histogram. `counts`: how many fell into each bucket alone, the last one beyond all `bounds`."""
        reached, buckets = 0, []
        for bound, count in zip((*bounds, math.inf), counts, strict=True):
            reached += count
            buckets.append((floatToGoString(bound), float(reached)))  # type: ignore[no-untyped-call]
        made = self._of(family)
        assert isinstance(made, HistogramMetricFamily)
        made.add_metric(_clean(labels), buckets, total)

    def _of(self, family: Family) -> Metric:
        made = self._made.get(family.name)
        if made is None:
            made = self._made[family.name] = _MAKERS[family.kind](family.name, family.help, labels=family.labels)  # type: ignore[call-arg]
        return made


def _clean(labels: Iterable[str]) -> list[str]:
    return [label(each) for each in labels]
