"""The metrics of a snapshot: true to it, absent where nothing is known, and accepted by the library's own parsers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from colotui.metrics.collector import FAMILIES, PairCollector, text
from colotui.metrics.sheet import Kind
from colotui.model.facts import Missing
from colotui.model.protection import Life, LinkState, Snapshot
from tests.ui.samples import NOW, facts
from tests.unit.metrics.samples import full, with_guest

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]


def rendered(snapshot: Snapshot | None, accept: str = "application/openmetrics-text", *, lasting: bool = True) -> str:
    registry = CollectorRegistry()
    collector = PairCollector("lab", "1.2.3", lasting=lasting)
    registry.register(collector)
    if snapshot is not None:
        collector.take(snapshot)
    return text(registry, accept)[0].decode()


def samples(snapshot: Snapshot | None, *, lasting: bool = True) -> Samples:
    found = parse_openmetrics(rendered(snapshot, lasting=lasting))
    return {(one.name, frozenset(one.labels.items())): one.value for family in found for one in family.samples}


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset({"pair": "lab", **labels}.items())))


def names(found: Samples) -> set[str]:
    return {name for name, _ in found}


def test_says_what_the_snapshot_says() -> None:
    found = samples(full())
    web01, alpha = {"guest": "web01"}, {"host": "alpha"}
    assert value(found, "colotui_guest_state", colotui_guest_state="protected", **web01) == 1
    assert value(found, "colotui_guest_state", colotui_guest_state="failed_over", **web01) == 0
    assert value(found, "colotui_copy_role", colotui_copy_role="primary", **web01, **alpha) == 1
    assert value(found, "colotui_copy_speaks", host="beta", **web01) == 0
    assert value(found, "colotui_copy_qmp_latency_seconds", **web01, **alpha) == pytest.approx(0.0004)
    assert value(found, "colotui_copy_info", **web01, **alpha, engine="qemu", version="11.1.3", accel="tcg") == 1
    assert value(found, "colotui_probe_rtt_seconds", **web01) == pytest.approx(0.0168)
    assert value(found, "colotui_probe_lost_total", **web01) == 4
    assert value(found, "colotui_stream_packets_per_second", stream="input_copy", **web01) == 118
    assert value(found, "colotui_stream_bytes_per_second", stream="disk_writes", **web01) == pytest.approx(4e5)
    assert value(found, "colotui_incidents_open", kind="secondary_dead", **web01) == 1
    assert value(found, "colotui_incidents_open", kind="storm", **web01) == 0
    assert value(found, "colotui_incidents_total", kind="storm", **web01) == 1
    assert value(found, "colotui_guest_armed", **web01) == 1
    assert value(found, "colotui_host_clock_offset_seconds", **alpha) == pytest.approx(0.0011)
    assert value(found, "colotui_host_modules", state="gone", host="beta") == 1
    assert value(found, "colotui_host_ifb_pairs_used", **alpha) == 1
    assert value(found, "colotui_host_nics_misplaced", host="beta") == 2
    assert value(found, "colotui_link_speed_bytes_per_second", link="forward", **alpha) == 1.25e8
    assert value(found, "colotui_forward_rtt_seconds", **alpha) == pytest.approx(0.0003)
    assert value(found, "colotui_forward_pings_lost_total", host="beta") == 1
    assert value(found, "colotui_build_info", version="1.2.3") == 1


def test_every_family_appears_when_all_is_known() -> None:
    found = names(samples(full()))
    suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info", Kind.HISTOGRAM: "_bucket"}
    missing = [family.name for family in FAMILIES if family.name + suffix.get(family.kind, "") not in found]
    assert missing == ["colotui_link_dropped_packets"] or missing == []
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_both_formats_hold_the_same_samples() -> None:
    plain = parse_plain(rendered(full(), "text/plain"))
    rows = {(one.name, frozenset(one.labels.items())) for family in plain for one in family.samples}
    assert rows == set(samples(full()))


def test_names_follow_the_rules_of_the_field() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"colotui_[a-z0-9_]+", family.name)
        assert not family.name.endswith(("_total", "_info", "_count", "_sum", "_bucket", "_ms", "_percent"))
        assert family.help.endswith((".", ")."))
        assert set(family.labels) <= {"pair", "guest", "host", "kind", "cause", "protocol", "stream", "link", "state"}


def test_before_the_first_snapshot_only_the_version_is_known() -> None:
    assert names(samples(None)) == {"colotui_build_info", "colotui_scrapes_total"}


def test_a_look_that_does_not_last_has_no_counters() -> None:
    found = names(samples(full(), lasting=False))
    assert not [name for name in found if name.endswith(("_total", "_bucket"))]
    assert "colotui_guest_state" in found


def test_what_is_not_known_is_absent() -> None:
    snapshot = full()
    guest = snapshot.guests[0]
    alpha = replace(guest.copies["alpha"], life=Life.UNREACHABLE, speaks=None)
    beta = replace(guest.copies["beta"], qmp_ms=None, rss=None, cpu_percent=None, peer_connected=None, speaks=None)
    snapshot = with_guest(snapshot, copies={"alpha": alpha, "beta": beta}, probe=None, streams=(), witnesses=())
    gone = Missing("not read")
    few = facts("beta", clock_offset_ms=gone, ifbs=gone, irqbalance=gone, forward=gone, qemu=gone, nic_irqs=())
    hosts = (replace(snapshot.hosts[0], link=LinkState.DOWN), replace(snapshot.hosts[1], facts=few))
    found = samples(replace(snapshot, hosts=hosts, read_only="asked for"))
    of_alpha = {name for name, labels in found if ("host", "alpha") in labels}
    assert of_alpha == {
        "colotui_host_up",
        "colotui_host_facts_timestamp_seconds",
        "colotui_copy_life",
        "colotui_copy_seen_timestamp_seconds",
        "colotui_forward_pings_total",
        "colotui_forward_pings_lost_total",
    }
    assert value(found, "colotui_host_up", host="alpha") == 0
    absent = ("_probe_", "_stream_", "_armed", "_plan_", "clock", "_ifb_", "irqbalance", "quickack", "_fit", "_nics")
    assert [name for name in names(found) if any(word in name for word in absent)] == []
    of_beta = {name for name, labels in found if ("host", "beta") in labels}
    assert not of_beta & {"colotui_copy_qmp_latency_seconds", "colotui_copy_resident_memory_bytes"}
    assert not of_beta & {"colotui_copy_speaks", "colotui_copy_peer_connected", "colotui_copy_cpu_ratio"}


def test_numbers_that_are_none_are_left_out() -> None:
    snapshot = with_guest(full(), streams=(replace(full().guests[0].streams[1], value=float("nan")),))
    assert "colotui_stream_packets_per_second" not in names(samples(snapshot))


EVERYTHING = names(samples(full()))
HOSTILE = 'x"} 1\ncolotui_host_up{pair="lab",host="alpha"} 0\n# EOF\n\\\r\x00\x1b[31m\ud800\u2028'


@settings(deadline=None, max_examples=15)
@given(st.one_of(st.just(HOSTILE), st.text(alphabet=st.characters(), max_size=300)))
def test_words_of_a_host_cannot_break_the_format(words: str) -> None:
    snapshot = full()
    beta = replace(snapshot.guests[0].copies["beta"], version=words, accel=words)
    snapshot = with_guest(snapshot, copies={**snapshot.guests[0].copies, "beta": beta})
    snapshot = replace(
        snapshot, hosts=(replace(snapshot.hosts[0], facts=facts("alpha", kernel=words)), snapshot.hosts[1])
    )
    found = samples(snapshot)
    assert value(found, "colotui_host_up", host="alpha") == 1
    assert names(found) == EVERYTHING
    plain = [one for family in parse_plain(rendered(snapshot, "")) for one in family.samples]
    assert len(plain) == len(found)
    kernels = [dict(labels)["kernel"] for name, labels in found if name == "colotui_host_info" and len(labels) == 4]
    assert all(len(kernel) <= 128 for kernel in kernels)


def test_streams_are_bounded() -> None:
    stream = full().guests[0].streams[0]
    many = tuple(replace(stream, name=f"stream {number}") for number in range(1000))
    found = samples(with_guest(full(), streams=many))
    assert len([name for name, _ in found if name == "colotui_stream_up"]) == 16


def test_an_accept_header_never_comes_back() -> None:
    registry = CollectorRegistry()
    for accept in ("application/openmetrics-text; version=9\r\nX: y", "text/plain;version=1.0.0;escaping=evil", "*/*"):
        kind = text(registry, accept)[1]
        assert kind in (
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "text/plain; version=0.0.4; charset=utf-8",
        )


def test_the_time_of_everything_is_said() -> None:
    found = samples(full())
    assert value(found, "colotui_snapshot_timestamp_seconds") == NOW
    assert value(found, "colotui_host_facts_timestamp_seconds", host="alpha") == pytest.approx(NOW - 0.4)
    assert value(found, "colotui_copy_seen_timestamp_seconds", guest="web01", host="alpha") == pytest.approx(NOW - 0.3)
    assert value(found, "colotui_probe_timestamp_seconds", guest="web01") == pytest.approx(NOW - 0.2)
