"""The fence of an armed failover: what was seen proves one moment, a second QEMU of the guest stops it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from colotui.engine.qemu.session import CopySession
from colotui.engine.qemu.steps import gone_step
from colotui.errors import ActionRefused
from colotui.host.answers import ProcessInfo

RUN = "/run/colotui/web01"
PID = f"{RUN}/pid"
GONE = ProcessInfo(4711, "colotui-web01", ("qemu", "-pidfile", PID), 99, 0, 0, "S")


class PlayedHost:
    """A host with these processes."""

    name = "alpha"

    def __init__(self, *processes: ProcessInfo) -> None:
        self.processes = {process.pid: process for process in processes}

    async def named_processes(self, names: list[str]) -> dict[str, tuple[int, ...]]:
        return {name: tuple(p.pid for p in self.processes.values() if p.comm == name) for name in names}

    async def process(self, pid: int) -> ProcessInfo | None:
        found = self.processes.get(pid)
        return None if found is None or found.state == "Z" else found


def session(*processes: ProcessInfo) -> CopySession:
    wiring = SimpleNamespace(spec=SimpleNamespace(name="web01"), run_dir=RUN, data_dir="/var/lib/colotui/web01")
    return CopySession(cast("Any", PlayedHost(*processes)), cast("Any", wiring), lambda _host, _event: None)


def other(**changes: Any) -> ProcessInfo:
    fields = {
        name: getattr(GONE, name) for name in ("pid", "comm", "cmdline", "start_time", "cpu_ticks", "rss", "state")
    }
    return ProcessInfo(**{**fields, **changes})


@pytest.mark.parametrize(
    "left",
    [
        (),
        (other(state="Z"),),  # not yet waited for by its supervisor
        (other(pid=8, cmdline=("sleep", "9")),),  # its name alone
        (other(pid=8, comm="colotui-db01"),),
    ],
)
async def test_the_exit_is_the_proof(left: tuple[ProcessInfo, ...]) -> None:
    words = await gone_step(session(*left), GONE).apply()
    assert words == "QEMU 4711 ended, seen by alpha itself; no other of web01 there"


@pytest.mark.parametrize("stray", [other(pid=8), other(start_time=100)])
async def test_another_qemu_stops_it_and_the_retry_fences(stray: ProcessInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = session(stray)
    step = gone_step(copy, GONE)
    with pytest.raises(ActionRefused, match=f"another QEMU of web01 runs there .pid {stray.pid}"):
        await step.apply()
    fenced: list[str] = []

    async def fence() -> str:
        fenced.append("alpha")
        return "QEMU 8 ended (kill)"

    monkeypatch.setattr(copy, "fence", fence)
    assert await step.apply() == "QEMU 8 ended (kill)"
    assert fenced == ["alpha"]


async def test_the_proof_is_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    copy = session()
    step = gone_step(copy, GONE)
    await step.apply()

    async def fence() -> str:
        return "looked at anew"

    monkeypatch.setattr(copy, "fence", fence)
    assert await step.apply() == "looked at anew"
