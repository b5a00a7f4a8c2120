"""The netlink lists as read without pyroute2: they are those that pyroute2 reads, and hostile ones do no harm."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import colotui
from colotui.errors import HostCallFailed
from colotui.host import dumps
from colotui.host.channel import Host
from colotui.host.session import Channel

ROOT = Path(colotui.__file__).parent.parent
namespaced = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare")

# Runs in a network namespace of its own: the same wires read by pyroute2 and by our own reader must be equal.
_COMPARED = """
import asyncio, ipaddress, sys
from colotui.host import wiring
from colotui.host.channel import Host
from colotui.model.pair import ForwardSpec, HostSpec

PARTS = {"u32": {"keys": ["0x0/0x0+0"], "target": 0x10002}, "matchall": {}}

async def mirred(net, source, parent, target, what, kind, prio):
    action = {"kind": "mirred", "direction": "egress", "action": what, "ifindex": target}
    await net.tc("add-filter", kind, index=source, parent=parent, protocol=3, prio=prio, action=[action], **PARTS[kind])

async def main():
    host = Host(HostSpec("here", "local", ForwardSpec("eth1", "10.78.0.1")))
    await host.connect()
    async with await host.netlink() as net:
        for name, kind in (("tap0", "veth"), ("br0", "bridge"), ("ifb0", "ifb"), ("ifb1", "ifb"), ("eth1", "veth")):
            await net.link("add", kind=kind, ifname=name, **({"peer": name + "p"} if kind == "veth" else {}))
        index = {link.get("ifname"): link.get("index") async for link in await net.get_links()}
        await net.link("set", index=index["tap0"], master=index["br0"], state="up", ifalias="a guest's")
        for name in ("ifb0", "ifb1", "eth1", "eth1p"):
            await net.link("set", index=index[name], state="up", txqlen=77)
        await net.addr("add", index=index["eth1"], address="10.78.0.1", prefixlen=24)
        await net.addr("add", index=index["eth1"], address="fd00::1", prefixlen=64)
        await net.route("replace", dst="10.78.0.0/24", oif=index["eth1"], metrics={"quickack": 1})
        for source, target, kind in (("tap0", "ifb0", "u32"), ("eth1", "ifb1", sys.argv[1])):
            await net.tc("add", "ingress", index=index[source])
            await mirred(net, index[source], 0xFFFF0000, index[target], "redirect", kind, 9)
        await mirred(net, index["tap0"], 0xFFFF0000, index["eth1"], "mirror", "u32", 7)
        ours = await host.dumps()
        names = tuple(index)
        left, right = await wiring.read_wiring(net, names), await wiring.read_wiring(ours, names)
        assert left == right, (left, right)
        assert len(left.feeds) == 3 and len(left.links["eth1"].addresses) >= 2, left
        for target in ("10.78.0.2", "fd00::2", "192.0.2.1"):
            target = ipaddress.ip_address(target)
            one, two = [await wiring.quickack(each, index["eth1"], target) for each in (net, ours)]
            assert one == two, (target, one, two)
        ours.close()
    await host.close()
    print("equal")

try:
    asyncio.run(main())
except Exception as error:
    if "TC classifier not found" not in str(error):
        raise
    print("no such classifier")
"""


@namespaced
@pytest.mark.parametrize("classifier", ["u32", "matchall"])
def test_the_same_as_pyroute2(classifier: str) -> None:
    argv = ["unshare", "-n", sys.executable, "-c", _COMPARED, classifier]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, timeout=60)
    if "no such classifier" in done.stdout:
        pytest.skip(f"the kernel has no {classifier}")
    assert done.stdout.strip() == "equal", done.stderr


async def test_the_links_of_this_host(host: Host) -> None:
    async with await host.netlink() as net:
        theirs = {link.get("ifname"): link.get("index") async for link in await net.get_links()}
    ours = await host.dumps()
    found = {link["ifname"]: link["index"] async for link in await ours.get_links()}
    ours.close()
    assert found == theirs


async def test_a_refusal_is_said(host: Host) -> None:
    net = await host.dumps()
    with pytest.raises(HostCallFailed):
        await net._dump(18, b"\xff" * 16, dumps._link)
    net.close()


class _Answers:
    """A channel on which everything asked for is answered with what was laid ready."""

    host = "here"

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = deque(pieces)

    async def send(self, data: bytes) -> None:
        """Whatever is asked."""

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """The next piece."""
        return ({}, self._pieces.popleft()) if self._pieces else None


def answered(*pieces: bytes) -> dumps.Dumps:
    return dumps.Dumps(cast(Channel, _Answers(*pieces)))


def message(kind: int, sequence: int, body: bytes = b"", flags: int = 2) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0) + body


NAMED = struct.pack("=BxHiII", 0, 1, 7, 1, 0) + struct.pack("=HH", 8, 3) + b"eth\0"


async def test_a_torn_list_is_asked_for_again() -> None:
    torn, whole = message(16, 1, NAMED, 0x12) + message(3, 1), message(16, 2, NAMED) + message(3, 2)
    links = [link["ifname"] async for link in await answered(torn, whole).get_links()]
    assert links == ["eth"]


async def test_a_list_that_is_always_torn_is_an_error() -> None:
    with pytest.raises(HostCallFailed, match="changes faster"):
        await answered(*(message(3, number, flags=0x12) for number in range(1, 9))).get_links()


async def test_the_rest_of_a_list_that_was_given_up_is_passed_over() -> None:
    links = [link async for link in await answered(message(16, 99, NAMED), message(3, 1)).get_links()]
    assert links == []


async def test_an_end_and_an_endless_answer_are_errors() -> None:
    with pytest.raises(HostCallFailed, match="closed"):
        await answered().get_addr()
    with pytest.raises(HostCallFailed, match="too long"):
        await answered(*[message(16, 1, b"\0" * (4 << 20))] * 5).get_qdiscs()


@given(st.binary(max_size=400))
def test_hostile_bytes_make_no_fault(data: bytes) -> None:
    for _, _, _, body in dumps._messages(data):
        assert len(body) <= len(data)
    for read in (dumps._link, dumps._address, dumps._qdisc, dumps._filter, dumps._route):
        read(data)
