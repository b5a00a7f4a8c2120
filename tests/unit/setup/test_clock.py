"""The clock step on a host that only records: the lab's hosts share this machine's clock, which is never set."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from colotui.errors import HostCallFailed
from colotui.host.answers import ClockReading, CommandResult, FileStat
from colotui.host.follow import ReadError
from colotui.model.pair import ForwardSpec, HostSpec, Pair
from colotui.model.setup import Wanted
from colotui.setup import clock
from colotui.setup.ledger import Ledger
from colotui.setup.site import Site
from tests.lab.preparing import survey

SPECS = (
    HostSpec("alpha", "192.0.2.1", ForwardSpec("eth1", "10.78.0.1")),
    HostSpec("beta", "192.0.2.2", ForwardSpec("eth1", "10.78.0.2"), port=2222),
)
PAIR = Pair("pair", SPECS, ())


@dataclass
class Recorder:
    """A host with a clock of its own, perhaps a time service, and files in memory."""

    offset_ms: float = 0.0
    units: tuple[str, ...] = ()
    running: set[str] = field(default_factory=set)
    enabled: set[str] = field(default_factory=set)
    service_sets_clock: bool = True
    stuck: bool = False
    ran: list[list[str]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    name: str = "alpha"

    async def clock(self, exchanges: int = 5) -> ClockReading:
        return ClockReading(self.offset_ms, 0.4)

    async def stat(self, paths: Sequence[str]) -> dict[str, Any]:
        there = {*self.files, *(f"/usr/lib/systemd/system/{unit}" for unit in self.units)}
        return {path: FileStat(1, 0.0, 0o100644, False) if path in there else ReadError(2, "none") for path in paths}

    async def read(self, paths: Sequence[str], limit: int = 0) -> dict[str, Any]:
        return {path: self.files.get(path, ReadError(2, "none")) for path in paths}

    async def write(self, path: str, data: bytes, **_: Any) -> None:
        self.files[path] = data

    async def remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            self.files.pop(path, None)

    async def rmdir(self, path: str) -> None:
        return

    async def listdir(self, path: str) -> list[str]:
        return sorted(name.rpartition("/")[2] for name in self.files if name.startswith(path + "/"))

    async def named_processes(self, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
        return {name: (7,) for name in names if name in self.running}

    async def run(self, argv: Sequence[str], timeout: float = 10, *, check: bool = True) -> CommandResult:
        self.ran.append(list(argv))
        unit = argv[-1]
        said = ""
        if argv[0] == "date" and not self.stuck:
            self.offset_ms = (float(argv[3][1:]) - time.time()) * 1e3
        elif argv[1:2] == ["is-enabled"]:
            said = "enabled" if unit in self.enabled else "disabled"
        elif argv[1:2] == ["is-active"]:
            said = "active" if self.running else "inactive"
        elif argv[1:3] == ["enable", "--now"]:
            self.running.add("chronyd")
            self.enabled.add(unit)
            self.offset_ms = 3.0 if self.service_sets_clock else self.offset_ms
        elif argv[1:2] == ["stop"]:
            self.running.clear()
        elif argv[1:2] == ["disable"]:
            self.enabled.discard(unit)
        return CommandResult(0, said + "\n", "")


def site(host: Recorder, *, systemd: bool = True) -> Site:
    return Site(PAIR, SPECS[0], host, survey("alpha", systemd=systemd), Ledger(host))  # type: ignore[arg-type]


async def test_a_service_that_is_installed_is_started_and_stopped_again() -> None:
    host = Recorder(offset_ms=5000.0, units=("chrony.service",))
    (step,) = await clock.steps(site(host), Wanted())
    assert step.check is not None
    assert step.undo is not None
    assert not await step.check()
    assert await step.apply() == "chrony.service started"
    assert await step.check()
    assert ["systemctl", "enable", "--now", "chrony.service"] in host.ran
    assert not [argv for argv in host.ran if argv[0] == "date"]
    await step.undo()
    assert (host.running, host.enabled, host.files) == (set(), set(), {})


async def test_a_service_that_ran_before_stays_when_it_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_SETTLE", 0.0)
    host = Recorder(-61_000.0, ("chrony.service",), {"chronyd"}, {"chrony.service"})
    (step,) = await clock.steps(site(host), Wanted())
    assert step.undo is not None
    said = await step.apply()
    assert "-61.0 s off, set once: chrony.service did not put it right" in said
    assert abs(host.offset_ms) < 100
    await step.undo()
    assert (host.running, host.enabled) == ({"chronyd"}, {"chrony.service"})


async def test_without_a_service_it_is_set_once_and_the_drift_is_said() -> None:
    for host, systemd in ((Recorder(90_000.0), True), (Recorder(90_000.0, ("chrony.service",)), False)):
        (step,) = await clock.steps(site(host, systemd=systemd), Wanted())
        assert step.check is not None
        assert step.undo is None
        assert "drift" in step.why
        assert not await step.check()
        said = await step.apply()
        assert said.startswith("it was +90.0 s off")
        assert "chrony" in said
        (set_it,) = host.ran
        assert set_it[:3] == ["date", "-u", "-s"]
        assert abs(float(set_it[3][1:]) - time.time()) < 5
        assert await step.check()
        assert "ssh -p 2222 root@192.0.2.2 date" in step.script[-1]


async def test_a_clock_that_does_not_take_it_is_a_failure() -> None:
    (step,) = await clock.steps(site(Recorder(90_000.0, stuck=True)), Wanted())
    with pytest.raises(HostCallFailed, match=r"still \+90\.0 s off"):
        await step.apply()


async def test_not_wanted() -> None:
    assert await clock.steps(site(Recorder(90_000.0)), replace(Wanted(), clock=False)) == []
