"""Addresses and routes in the words of `ip`: there and back, and nothing else gets in."""

from __future__ import annotations

import pytest

from colotui.setup.carried import Address, Carried

FULL = Carried(
    (Address("10.79.0.2/24", "scope 0", "eth2"), Address("10.79.9.5/24", "scope 0 broadcast 10.79.9.255", "eth2:1")),
    ("10.79.0.0/24 table 254 proto 2 scope 253 src 10.79.0.2", "0.0.0.0/0 via 10.79.0.1 table 254 proto 4 scope 0"),
)


def test_the_label_stays_with_its_device() -> None:
    assert FULL.add("eth2", "replace")[:2] == [
        "addr replace 10.79.0.2/24 scope 0 label eth2 dev eth2",
        "addr replace 10.79.9.5/24 scope 0 broadcast 10.79.9.255 label eth2:1 dev eth2",
    ]
    assert FULL.add("br0")[:2] == [
        "addr add 10.79.0.2/24 scope 0 dev br0",
        "addr add 10.79.9.5/24 scope 0 broadcast 10.79.9.255 dev br0",
    ]


def test_taking_is_the_opposite_order() -> None:
    assert FULL.take("eth2") == [
        "route del 0.0.0.0/0 via 10.79.0.1 table 254 proto 4 scope 0 dev eth2",
        "route del 10.79.0.0/24 table 254 proto 2 scope 253 src 10.79.0.2 dev eth2",
        "addr del 10.79.9.5/24 dev eth2",
        "addr del 10.79.0.2/24 dev eth2",
    ]


def test_it_is_kept_and_read_back() -> None:
    assert Carried.from_json(FULL.as_json()) == FULL


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"addresses": [], "routes": ["default\nlink set eth0 down"]},
        {"addresses": [], "routes": ["default; reboot"]},
        {"addresses": [{"at": "10.0.0.1/8\nroute flush", "more": "", "label": ""}], "routes": []},
        {"addresses": [{"at": "10.0.0.1/8", "more": "", "label": "$(reboot)"}], "routes": []},
        {"addresses": [{"at": "10.0.0.1/8", "surprise": "x"}], "routes": []},
        {"addresses": ["10.0.0.1/8"], "routes": []},
        {"addresses": None, "routes": []},
    ],
)
def test_a_damaged_or_hostile_file_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not "):
        Carried.from_json(told)
