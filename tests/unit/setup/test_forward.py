"""Where the forward address is refused."""

from __future__ import annotations

from typing import Any, cast

import pytest

from colotui.errors import HostCallFailed
from colotui.host.wiring import Link
from colotui.model.pair import ForwardSpec, HostSpec, Pair
from colotui.setup.forward import _refuse
from colotui.setup.site import Site

HERE = HostSpec("alpha", "10.79.0.2", ForwardSpec("eth1", "10.78.0.1"))
SITE = Site(Pair("lab", (HERE, HERE), ()), HERE, cast(Any, None), cast(Any, None), cast(Any, None))


def link(index: int, name: str, *addresses: str, master: int = 0) -> Link:
    return Link(index, name, True, True, "02:00:00:00:00:01", 1500, "", master, "noqueue", addresses)


@pytest.mark.parametrize(
    ("others", "own", "sentence"),
    [
        ([link(3, "eth0", "10.78.0.1/32")], link(2, "eth1"), "10.78.0.1 is already there on eth0"),
        ([link(3, "eth0", "10.78.0.9/24")], link(2, "eth1"), "eth0 (10.78.0.9/24) is in the network 10.78.0.0/24"),
        ([link(3, "eth0", "10.0.0.9/8")], link(2, "eth1"), "is in the network 10.78.0.0/24 already"),
        ([], link(2, "eth1", "10.78.0.1/16"), "already there with the prefix length 16"),
        ([link(7, "br0")], link(2, "eth1", master=7), "eth1 belongs to br0"),
        ([], link(2, "eth1", master=9), "eth1 belongs to another device"),
    ],
)
def test_refused(others: list[Link], own: Link, sentence: str) -> None:
    links = {one.name: one for one in [*others, own]}
    with pytest.raises(HostCallFailed) as raised:
        _refuse(SITE, links, own)
    assert sentence in raised.value.what
    assert raised.value.next_step


def test_what_is_elsewhere_does_no_harm() -> None:
    own = link(2, "eth1", "fe80::1/64", "192.0.2.1/24")
    others = [link(3, "eth0", "10.79.0.2/24", "fe80::1/64", master=7), link(7, "br0", "10.77.0.1/24")]
    _refuse(SITE, {one.name: one for one in [*others, own]}, own)
