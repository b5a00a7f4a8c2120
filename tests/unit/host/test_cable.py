"""The test of the cable without a cable: frames, filters, figures, and hosts that answer what they like."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.errors import HostLost
from colotui.host.agent import rawframes
from colotui.host.agent.cable import steady
from colotui.host.agent.rawframes import BROADCAST, BURST, ECHO, OURS, PING, SHOUT, decode, encode, name_of, program
from colotui.host.cable import Heard, Probed, cable_test, percentile, way_of
from colotui.host.channel import Host
from colotui.model.cable import CableReport

NONCE = bytes(range(16))
ALPHA, BETA = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
NUMBER = st.integers(0, 2**32 - 1)


@given(st.sampled_from([PING, SHOUT, ECHO, BURST]), st.integers(0, 1), NUMBER, NUMBER, st.integers(46, 9000))
def test_a_frame_there_and_back(kind: int, way: int, number: int, told: int, size: int) -> None:
    frame = encode(BETA, ALPHA, NONCE, kind, way, number, told, size)
    assert len(frame) == 14 + size
    assert frame[:14] == BETA + ALPHA + b"\x88\xb5"
    assert decode(frame, NONCE) == (ALPHA, kind, way, number, told)
    assert decode(frame[:64], NONCE) == (ALPHA, kind, way, number, told), "its beginning is enough"
    assert decode(frame, NONCE[::-1]) is None


@given(st.binary(max_size=80))
def test_frames_of_others(data: bytes) -> None:
    assert decode(data, NONCE) is None
    decode(BETA + ALPHA + b"\x88\xb5" + NONCE + data, NONCE)


def passed(code: bytes, frame: bytes, kind: int) -> bool:
    """What the kernel would do with the filter."""
    lines = [struct.unpack_from("HBBI", code, 8 * i) for i in range(len(code) // 8)]
    at, loaded = 0, 0
    while True:
        what, yes, no, value = lines[at]
        at += 1
        if what in (0x30, 0x28, 0x20):
            width = {0x30: 1, 0x28: 2, 0x20: 4}[what]
            if value == 0xFFFFF004:
                loaded = kind
            elif value + width > len(frame):
                return False
            else:
                loaded = int.from_bytes(frame[value : value + width], "big")
        elif what == 0x15:
            at += yes if loaded == value else no
        elif what == 0x45:
            at += yes if loaded & value else no
        else:
            assert what == 0x06
            return value > 0


@pytest.mark.parametrize("kind", [PING, SHOUT, ECHO, BURST])
@pytest.mark.parametrize("wanted", [PING | SHOUT, ECHO, BURST, OURS])
def test_the_filter(kind: int, wanted: int) -> None:
    code = program(NONCE, wanted)
    frame = encode(BROADCAST, ALPHA, NONCE, kind, 0)
    assert passed(code, frame, socket.PACKET_BROADCAST) == bool(kind & wanted)
    assert not passed(code, frame, socket.PACKET_OUTGOING)
    for other in (bytes(60), frame[:12] + b"\x08\x00" + frame[14:], encode(BETA, ALPHA, NONCE[:15] + b"x", kind, 0)):
        assert not passed(code, other, socket.PACKET_HOST)


def test_the_filter_for_all_but_ours() -> None:
    code = program(NONCE, OURS, inverse=True)
    ours = encode(BROADCAST, ALPHA, NONCE, SHOUT, 0)
    assert not passed(code, ours, socket.PACKET_BROADCAST)
    for other in (bytes(42), ours[:12] + b"\x08\x06" + ours[14:], encode(BETA, ALPHA, NONCE[::-1], PING, 0)):
        assert passed(code, other, socket.PACKET_OTHERHOST)
        assert not passed(code, other, socket.PACKET_OUTGOING)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "x" * 16, "a:1", "a\0", 5, None, ["eth0"]])
def test_names_no_nic_has(name: Any) -> None:
    with pytest.raises(ValueError, match=r"not a usable string|no name of a NIC"):
        name_of(name)


def test_without_the_right_to_raw_frames() -> None:
    code = (
        "import os\nfrom colotui.host.agent import rawframes\nif os.geteuid() == 0: os.setuid(65534)\n"
        "try: rawframes.tap('lo', rawframes.program(bytes(16), 1))\n"
        "except OSError as error: print(error.errno, error.strerror)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "1 this user may not send raw frames\n"


def test_looks_at_loopback() -> None:
    with pytest.raises(OSError, match="lo is no Ethernet NIC"):
        rawframes.look("lo")
    with pytest.raises(OSError, match="it has no NIC nope"):
        rawframes.look("nope")


def test_the_steady_part_of_a_burst() -> None:
    assert steady([]) == (0, 0.0)
    assert steady([(1.0, 5), (2.0, 7)]) == (0, 0.0)
    assert steady([(1.0, 5), (2.0, 10), (3.5, 20), (4.0, 3)]) == (30, 2.5)


def test_percentiles() -> None:
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99.0


PROBED: dict[str, Any] = {"sent": 4, "trips": [400.0, 100.0, 200.0], "largest": 1500, "burst": 9}
HEARD: dict[str, Any] = {
    "frames": 10,
    "burst": [1000, 0.5, 1514],
    "foreign": 20,
    "strangers": [MACS[0], "02:00:00:00:00:09"],
    "heard": [],
    "seconds": 2.0,
}
OPENED: dict[str, Any] = {"mac": MACS[1], "mtu": 1500}


def test_a_way_from_both_answers() -> None:
    way = way_of(("alpha", MACS[0]), ("beta", MACS[1]), 1500, Probed.of(PROBED), Heard.of(HEARD, ["eth1"]))
    assert (way.source, way.target, way.seen, way.sent, way.lost) == ("alpha", "beta", True, 4, 1)
    assert (way.latency_p50_ms, way.latency_p99_ms) == (0.1, 0.2), "half the round trip"
    assert way.rate_mbps == pytest.approx(24.224)
    assert (way.largest, way.mtu, way.foreign_per_s) == (1500, 1500, 10.0)
    assert way.strangers == ("02:00:00:00:00:09",), "the sender is none"


class Stream:
    def __init__(self, piece: dict[str, Any] | None) -> None:
        self._piece = piece
        self.closed = False

    def finish(self) -> None:
        return

    def close(self) -> None:
        self.closed = True

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        return None if self._piece is None else (self._piece, b"")


class Liar(Host):
    """A host whose agent answers as it likes."""

    def __init__(self, name: str, opened: Any = OPENED, probed: Any = PROBED, heard: Any = HEARD) -> None:
        self._name = name
        self._answers = opened, probed
        self.channel = Stream(heard)

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, op: str, **args: Any) -> Any:
        assert op == "cable_watch"
        return self.channel, self._answers[0]

    async def ask(self, op: str, limit: float = 1, **args: Any) -> Any:
        assert op == "cable_probe"
        return self._answers[1]


async def report_of(liar: Liar) -> CableReport:
    honest = Liar("honest")
    report = await cable_test(honest, "eth1", liar, "eth1", others={"liar": ["eth2"]})
    assert honest.channel.closed
    return report


async def test_honest_answers() -> None:
    report = await report_of(Liar("liar", heard=HEARD | {"heard": ["eth2"]}))
    assert report.error == ""
    assert report.elsewhere == ("liar eth2",)


@pytest.mark.parametrize(
    "change",
    [
        {"frames": -1},
        {"frames": None},
        {"frames": True},
        {"frames": 10**400},
        {"burst": 5},
        {"burst": [1, 2]},
        {"burst": [float("nan"), 1, 1]},
        {"burst": [1e12, 1e-300, 1e12]},
        {"foreign": float("inf")},
        {"foreign": "many"},
        {"strangers": 7},
        {"strangers": ["[@click=app.quit]"]},
        {"strangers": [["x"]]},
        {"strangers": [f"02:00:00:00:00:{n:02x}" for n in range(99)]},
        {"heard": ["eth3"]},
        {"heard": [[]]},
        {"heard": None},
        {"seconds": {}},
    ],
)
async def test_nonsense_that_was_heard(change: dict[str, Any]) -> None:
    report = await report_of(Liar("liar", heard=HEARD | change))
    assert report.error.startswith("liar: its agent's answer makes no sense")
    assert not report.direct


@pytest.mark.parametrize("missing", sorted(HEARD))
async def test_answers_with_a_gap(missing: str) -> None:
    report = await report_of(Liar("liar", heard={name: value for name, value in HEARD.items() if name != missing}))
    assert report.error.startswith("liar: its agent's answer makes no sense")


@pytest.mark.parametrize(
    "probed",
    [{}, {"sent": 1}, PROBED | {"sent": 2}, PROBED | {"trips": 4}, PROBED | {"trips": ["a"]}, PROBED | {"largest": []}],
)
async def test_nonsense_that_was_sent(probed: Any) -> None:
    assert "makes no sense" in (await report_of(Liar("liar", probed=probed))).error


@pytest.mark.parametrize("opened", [{}, {"mac": 5, "mtu": 1}, {"mac": "x", "mtu": 1}, {"mac": MACS[0], "mtu": "a"}])
async def test_nonsense_at_the_start(opened: Any) -> None:
    liar = Liar("liar", opened=opened)
    assert "makes no sense" in (await report_of(liar)).error
    assert liar.channel.closed


async def test_a_stream_that_ends_without_an_answer() -> None:
    assert "makes no sense" in (await report_of(Liar("liar", heard=None))).error


async def test_a_host_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    liar = Liar("liar")

    async def lost(*_: Any, **__: Any) -> Any:
        raise HostLost("liar", "the channel ended.", "It will be tried again.")

    monkeypatch.setattr(liar, "ask", lost)
    assert (await report_of(liar)).error == "liar: the channel ended. It will be tried again."


async def test_a_host_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colotui.host.cable._MARGIN", 0.0)
    liar = Liar("liar")

    async def silent() -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(liar.channel, "receive", silent)
    report = await cable_test(Liar("honest"), "eth1", liar, "eth1", seconds=0.5)
    assert report.error == "The test of the cable did not end within 0.5 s. Try it again."
    assert liar.channel.closed


async def test_a_real_agent_refuses_nonsense(host: Host) -> None:
    report = await cable_test(host, "lo", host, "lo", seconds=0.5)
    assert report.error == "here: lo is no Ethernet NIC. Choose an Ethernet NIC."
