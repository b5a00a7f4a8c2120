"""Offloads as a real agent reads them, and answers of a host that make no sense."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from colotui.errors import HostCallFailed
from colotui.host.channel import Host, ReadError
from colotui.host.ethtool import OFFLOADS, Feature, NicFeatures, features, offloads, set_features, set_offload


async def test_loopback_tells_its_offloads(host: Host) -> None:
    found = (await features(host, ["lo"]))["lo"]
    assert isinstance(found, NicFeatures)
    assert found.by_name["tx-scatter-gather"] == Feature(switchable=False, wanted=False, active=True)
    assert "sg" in found.kept_on
    assert (await offloads(host, ["lo"])) == {"lo": found.on}
    assert found.on == tuple(name for name in OFFLOADS if name in found.on)


async def test_each_nic_that_cannot_be_read_says_why(host: Host) -> None:
    names = ["lo", "none-such", "x" * 16, "../lo", "", "lo\x01"]
    found = await offloads(host, names)
    assert isinstance(found.pop("lo"), tuple)
    assert {name: one.errno for name, one in found.items() if isinstance(one, ReadError)} == {
        "none-such": errno.ENODEV,
        "x" * 16: errno.EINVAL,
        "../lo": errno.EINVAL,
        "": errno.EINVAL,
        "lo\x01": errno.ENODEV,
    }
    with pytest.raises(HostCallFailed):
        await offloads(host, ["lo\0"])


async def test_a_nic_that_is_not_there_cannot_be_set(host: Host) -> None:
    with pytest.raises(HostCallFailed, match="offloads of none-such") as caught:
        await set_offload(host, "none-such", "tso", False)
    assert caught.value.errno == errno.ENODEV
    with pytest.raises(HostCallFailed, match="offloads of none-such"):
        await set_features(host, "none-such", {"rx-gro": True})


async def test_only_known_features_are_set(host: Host) -> None:
    with pytest.raises(HostCallFailed, match="not features"):
        await set_features(host, "lo", {"loopback": True})


async def test_what_the_driver_has_fixed_is_said(host: Host) -> None:
    with pytest.raises(HostCallFailed, match="sg stays on: the driver has fixed it") as caught:
        await set_offload(host, "lo", "sg", False)
    assert caught.value.errno == errno.EOPNOTSUPP
    await set_offload(host, "lo", "sg", True)  # is so, nothing to ask for
    await set_offload(host, "lo", "lro", False)


def test_kept_on_is_what_no_request_can_end() -> None:
    def nic(*tso: Feature) -> NicFeatures:
        names = ("tx-tcp-segmentation", "tx-tcp6-segmentation")
        return NicFeatures(dict(zip(names, tso, strict=True)))

    fixed, on, refused = Feature(False, False, True), Feature(True, True, True), Feature(True, False, True)
    off, waiting = Feature(True, False, False), Feature(True, True, False)
    assert nic(off, waiting).on == ()
    assert nic(fixed, off).kept_on == ("tso",)
    assert nic(fixed, refused).kept_on == ("tso",)
    assert nic(fixed, on).on == ("tso",)
    assert nic(fixed, on).kept_on == ()


class Liar:
    """A host whose agent answers nonsense."""

    name = "liar"

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    async def ask(self, op: str, **args: object) -> dict[str, Any]:
        return self.answer


@pytest.mark.parametrize(
    "told",
    [None, {}, {"nics": 3}, {"nics": {}}, {"nics": {"lo": None}}, {"nics": {"lo": [1]}}, {"nics": {"lo": ["x", "y"]}},
     {"nics": {"lo": {"rx-gro": [True]}}}, {"nics": {"lo": {"rx-gro": 7}}}, {"nics": {"lo": 3}}],
)  # fmt: skip
async def test_an_answer_that_makes_no_sense_is_a_failed_call(told: Any) -> None:
    with pytest.raises(HostCallFailed, match="makes no sense"):
        await offloads(Liar(told), ["lo"])  # type: ignore[arg-type]


async def test_features_nobody_asked_about_are_dropped() -> None:
    told = {"nics": {"lo": {"rx-gro": [True, True, True, False], "\x1b[2J": [True, True, True]}}}
    found = (await features(Liar(told), ["lo"]))["lo"]  # type: ignore[arg-type]
    assert isinstance(found, NicFeatures)
    assert list(found.by_name) == ["rx-gro"]
