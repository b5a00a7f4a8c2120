"""The lines a person would run for the bridge, and at boot."""

from __future__ import annotations

from colotui.setup.bridge import _script
from colotui.setup.carried import Address, Carried

CARRIED = Carried((Address("10.79.0.2/24", "scope 0", "eth0"),), ("0.0.0.0/0 via 10.79.0.1 table 254 proto 4 scope 0",))


def test_without_a_nic_only_the_bridge_is_made() -> None:
    lines = _script("br0", "", Carried())
    assert lines[0].startswith("[ -e /sys/class/net/br0 ] || ip link add name br0 type bridge ")
    assert lines[-1] == "# The pair file names no service NIC: none is plugged in."


def test_a_nic_with_nothing_on_it_is_only_plugged_in() -> None:
    lines = _script("br0", "eth0", Carried())
    assert 'address "$(cat /sys/class/net/eth0/address)"' in lines[0]
    assert lines[-1] == "ip link set dev eth0 master br0"


def test_what_the_nic_carries_moves_in_one_piece() -> None:
    lines = _script("br0", "eth0", CARRIED)
    assert lines[0].startswith("# eth0 carries the host's own addresses.")
    first, last = next(i for i, line in enumerate(lines) if line.startswith("{ ")), lines.index("}")
    inside = lines[first + 1 : last]
    assert inside[0] == "ip link set dev eth0 up"
    assert inside[-2:] == (
        "ip addr replace 10.79.0.2/24 scope 0 dev br0",
        "ip route replace 0.0.0.0/0 via 10.79.0.1 table 254 proto 4 scope 0 dev br0",
    )
    assert last == len(lines) - 1
