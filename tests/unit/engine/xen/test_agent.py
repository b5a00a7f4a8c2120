"""The classic agent: its kernel log grouped and counted by hand, its statistics, its qdisc."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.xen import debugfs
from colotui.engine.xen.agentlog import MOST_WAITING, AgentCheckpoint, AgentError, AgentLog, Lost, Opened
from colotui.engine.xen.agentwords import Details, detail_of
from colotui.engine.xen.qdisc import ColoQdisc, decode, of_message, teach
from colotui.host import kmsg
from colotui.model.checkpoint import Cause
from colotui.model.mismatch import Mismatch

FIXTURES = Path(__file__).parents[3] / "fixtures" / "xen"


def read(log: AgentLog, lines: list[bytes]) -> list[object]:
    events: list[object] = []
    for line in lines:
        record = kmsg.parse(line)
        assert record is not None
        events += log.record(record.sequence, record.stamp, record.text)
    return [*events, *log.settle()]


@pytest.fixture
def events() -> tuple[AgentLog, list[object]]:
    log = AgentLog()
    return log, read(log, (FIXTURES / "agent.kmsg").read_bytes().splitlines())


def test_counts_by_hand(events: tuple[AgentLog, list[object]]) -> None:
    log, found = events
    # closing lines 120, 133, 148, 155, 158, 171; one other ethertype, one corrupted
    assert log.mismatches == 8 == sum(isinstance(event, Mismatch) for event in found)
    assert (log.checkpoints, log.forced) == (3, 2)
    assert (log.lost, log.torn) == (8, 0)
    assert [event for event in found if isinstance(event, Lost)] == [Lost(9.2, 8)]
    assert [
        (event.domid, event.master, event.slave, event.primary) for event in found if isinstance(event, Opened)
    ] == [
        (5, 12, 13, True),
        (5, 12, 13, False),
    ]
    assert [event.text for event in found if isinstance(event, AgentError)] == [
        "HA_compare: can't create kernel thread",
        "ics is NULL when release queue",
    ]


def test_mismatches(events: tuple[AgentLog, list[object]]) -> None:
    found = [event for event in events[1] if isinstance(event, Mismatch)]
    assert [(one.protocol, one.what, one.source, one.destination) for one in found] == [
        ("tcp", "TCP seq differs", ":80", ":51234"),
        ("udp", "length 104 ≠ 79", ":53", ":40000"),
        ("ethernet", "ethertype differs (0800 ≠ 0806)", "", ""),
        ("ethernet", "primary's packet is corrupted", "", ""),
        ("icmp", "IP ttl differs (40 ≠ 3f)", "", ""),
        ("arp", "packets differ", "", ""),
        ("ipv6", "payload differs", "", ""),
        ("ip", "packets differ", "", ""),
    ]
    assert [(one.primary_length, one.secondary_length) for one in found[:2]] == [(60, 52), (104, 79)]
    assert (found[5].primary_length, found[5].secondary_length) == (28, 46)
    assert found[0].at == 8.0
    assert found[0].forced_ms == pytest.approx(0.5)
    assert [round(one.forced_ms or 0, 3) for one in found[1:7]] == [1.0, 0.898, 0.8, 0.7, 0.6, 0.5]
    assert found[7].forced_ms is None


def test_checkpoints(events: tuple[AgentLog, list[object]]) -> None:
    log, found = events
    ended = [event for event in found if isinstance(event, AgentCheckpoint) and event.finished]
    assert [(one.cause, one.started, round(one.resume_ms or 0)) for one in ended] == [
        (Cause.PERIODIC, None, 4),
        (Cause.PERIODIC, None, 5),
        (Cause.TCP, 8.0005, 4),
    ]
    assert ended[2].whole_ms == pytest.approx(93.5)
    begun = [event for event in found if isinstance(event, AgentCheckpoint) and not event.finished]
    assert (len(begun), begun[3].cause) == (4, Cause.OTHER)
    assert log.hangs_since is None  # whether the last one finished was lost with the records


def test_a_checkpoint_that_hangs() -> None:
    log = AgentLog()
    log.record(1, 5.0, "HA_compare: --------flush packets.")
    assert log.hangs_since == 5.0
    log.record(2, 6.0, "HA_compare: --------checkpoint finish.")
    assert log.hangs_since is None


def test_a_mismatch_cut_by_lost_records_is_not_counted_twice() -> None:
    log = AgentLog()
    log.record(1, 1.0, "HA_compare: iphdr's id is different")
    assert log.record(9, 2.0, "HA_compare: compare_xxx_packet() fails 0800")[0] == Lost(2.0, 7)
    assert (log.mismatches, log.torn, log.lost) == (1, 1, 7)
    assert log.record(9, 2.0, "HA_compare: compare_xxx_packet() fails 0800") == []
    log.record(10, 3.0, "HA_compare: protocol in eth header is different")
    log.overrun(3.5)
    assert (log.mismatches, log.torn) == (1, 2)
    log.record(11, 4.0, "HA_compare: protocol in eth header is different")
    log.record(12, 4.1, "HA_compare: --------start a new checkpoint.")
    assert log.mismatches == 2


def test_memory_is_bounded() -> None:
    log = AgentLog()
    out = 0
    for number in range(3 * MOST_WAITING):
        out += len(log.record(2 * number, 1.0, "HA_compare: the data is different"))
        out += len(log.record(2 * number + 1, 1.0, "HA_compare: compare_xxx_packet() fails 0800"))
        for _ in range(3):
            log._line(1.0, "HA_compare: nop")
    assert len(log._waiting) <= MOST_WAITING
    assert log.mismatches == 3 * MOST_WAITING


@pytest.mark.parametrize(
    "line",
    [
        "HA_compare: the length of packet is different", "HA_compare: the data is different", "  protocol: 0800",
        "  transport protocol: 6", "HA_compare: master iphdr is corrupted", "HA_compare: slave iphdr is corrupted",
        *(f"HA_compare: iphdr's {name} is different" for name in
          ("version", "protocol", "saddr", "daddr", "ihl", "tos", "frag_off", "ttl", "id")),
        "HA_compare: master saddr: a4d0a0a", "HA_compare: slave saddr: a4d0a0b",
        "HA_compare: iphdr option is different",
        "HA_compare: same=1, last_id=2", "HA_compare: Master pkt:", "HA_compare: Slaver pkt:",
        "HA_compare:[IP]len = 1, id= 2.", "HA_compare: unknown protocol: 2",
        "HA_compare:[TCP] src=1, dst=2, seq = 3, ack=4", "HA_compare: snd_nxt: 1, rcv_nxt: 2",
        "HA_compare:[UDP] src=1, dst=2", "HA_compare:[ICMP] code=1", "HA_compare:[ARP] ar_hrd=1, ar_pro=2",
        "HA_compare:[ARP] ar_hln=6, ar_pln=4, ar_op=1", "HA_compare:[ARP] ar_sha: 00:01, ar_sip: 1.2.3.4",
        "HA_compare:[ARP] ar_tha: 00:01, ar_tip: 1.2.3.4", "HA_compare: master packet, len=1",
        "HA_compare: slave packet, len=1", "HA_compare: tcp header's window is different",
        "HA_compare: tcp header's flags is different", "HA_compare: tcp header's options are different",
        "HA_compare: tcp data's len is different", "HA_compare: tcp data is different",
        "HA_compare: 00 01 02 03\t04 05 06 07", "HA_compare: nop", "HA_compare:", " 08 0a", "HA_compare: 08 0a",
        "OOPS, rcv_nxt: 0x1, sent_rcv_nxt: 0x2", "window: 0x1, sent_window: 0x2", "OOPS, origin skb is not TCP packet.",
        "update_packet is not supported, but returns UPDATE_MASTER_PACKET",
    ],
)  # fmt: skip
def test_every_line_inside_a_mismatch(line: str) -> None:
    assert detail_of(line)
    log = AgentLog()
    log.record(1, 1.0, line)
    assert log._lines == [line]


def test_other_lines_are_none_of_the_agent_s() -> None:
    assert not any(detail_of(line) for line in ("eth0: Link is Up", "", "protocol: 0800", "HA_compare: something new"))


def test_what_differs_is_said_for_each_layer() -> None:
    assert Details.of(["HA_compare: tcp header's options are different"], "0800").what == "TCP options differ"
    assert Details.of(["HA_compare: iphdr option is different"], "0800").what == "IP options differ"
    assert Details.of(["HA_compare: slave iphdr is corrupted"], "0800").what == "secondary's IP header is corrupted"
    assert Details.of([], "1234").protocol == "1234"


@given(st.lists(st.tuples(st.integers(0, 50), st.one_of(st.text(max_size=60), st.sampled_from(
    (FIXTURES / "agent.kmsg").read_text().splitlines()))), max_size=60))  # fmt: skip
def test_any_log_is_read(records: list[tuple[int, str]]) -> None:
    log = AgentLog()
    for sequence, text in records:
        log.record(sequence, 1.0, text.partition(";")[2] or text)
    log.overrun(1.0)
    log.settle()


def test_statistics_files() -> None:
    root = debugfs.ROOT
    assert debugfs.paths([5, -1]) == [
        f"{root}/compare_count", f"{root}/total_time", f"{root}/max_time", f"{root}/other/statistics_status",
        f"{root}/ipv4/statistics_status", f"{root}/tcp/statistics_status", f"{root}/status5",
    ]  # fmt: skip
    told = debugfs.read(
        {
            f"{root}/compare_count": b"4\n",
            f"{root}/total_time": b"1000\n",
            f"{root}/max_time": b"700\n",
            f"{root}/other/statistics_status": b"m_error_packet:\t0\nprotocol:\t2\ndata:\t\t3\n",
            f"{root}/tcp/statistics_status": b"seq:\t\t12\nack_seq:\t1\nrubbish\n",
            f"{root}/ipv4/statistics_status": FileNotFoundError(),
            f"{root}/status5": b"master compare queueis not empty.\nslave release queue is not empty.\nx\n",
            f"{root}/statusx": b"",
        }
    )
    assert (told.compare_count, told.total_ns, told.max_ns, told.mean_ns) == (4, 1000, 700, 250)
    assert told.reasons == (("tcp seq", 12), ("data", 3), ("protocol", 2), ("tcp ack_seq", 1))
    assert told.counters["other"]["m_error_packet"] == 0
    assert "ipv4" not in told.counters
    assert told.waiting == {5: ("primary, to compare", "secondary, to release")}
    assert debugfs.read({}).reasons == ()


@given(st.binary(max_size=200))
def test_any_statistics_are_read(data: bytes) -> None:
    debugfs.read(dict.fromkeys(debugfs.paths([1]), data)).reasons  # noqa: B018


def options(this: int, other: int, flags: int, domid: int) -> bytes:
    return (
        struct.pack("=HHII", 12, 1, this, other) + struct.pack("=HHI", 8, 2, flags) + struct.pack("=HHI", 8, 3, domid)
    )


def test_qdisc_parameters() -> None:
    assert decode(options(12, 13, 1, 5)) == ColoQdisc(12, 13, True, 5)
    assert decode(options(12, 13, 0, 5)) == ColoQdisc(12, 13, False, 5)
    assert decode(b"") is None
    assert decode(options(12, 13, 1, 5)[:-1]) is None
    assert decode(options(12, 13, 1, 5)[:12]) is None


def test_pyroute2_learns_the_kind() -> None:
    teach()
    teach()
    from pyroute2.netlink.rtnl.tcmsg import tcmsg

    # a qdisc message as it lies on the wire: family, index, handle, parent, info; then kind and options
    body = options(12, 13, 1, 5)
    attributes = struct.pack("=HH5s3x", 9, 1, b"colo\0") + struct.pack("=HH", 4 + len(body), 2) + body
    head = struct.pack("=BBHiIII", 0, 0, 0, 12, 0x10000, 0xFFFFFFFF, 2)
    data = struct.pack("=IHHII", 16 + len(head) + len(attributes), 36, 0, 0, 0) + head + attributes
    message = tcmsg(data)
    message.decode()
    assert of_message(message) == ColoQdisc(12, 13, True, 5)
    bare = tcmsg(struct.pack("=IHHII", 16 + len(head) + 12, 36, 0, 0, 0) + head + attributes[:12])
    bare.decode()
    assert of_message(bare) is None  # what the agent's own dump looks like


@given(st.binary(max_size=80))
def test_any_parameters_are_read(data: bytes) -> None:
    decode(data)
