"""The interrupt steps on a host made of paper: drivers that keep interrupts, shared ones, and a service of systemd."""

from __future__ import annotations

import errno
import fnmatch
from collections.abc import Sequence
from dataclasses import replace

import pytest

from colotui.errors import HostCallFailed
from colotui.host.answers import CommandResult, FileStat, ProcessInfo
from colotui.host.channel import ReadError
from colotui.model.facts import Missing
from colotui.model.pair import ForwardSpec, HostSpec, Pair
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.model.survey import HostSurvey
from colotui.setup.irqs import irq_steps
from colotui.setup.ledger import Ledger
from colotui.setup.site import Site

SPEC = HostSpec("paper", "192.0.2.1", ForwardSpec("eth1", "10.0.0.1"), service_nic="eth0")
TABLE = "          CPU0 CPU1 CPU2 CPU3\n"


class Paper:
    """A host whose files are a dict. `fixed`: files without write bits; `stubborn`: files that refuse a write."""

    name = "paper"

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/sys/devices/system/cpu/online": b"0-3\n", "/proc/interrupts": b""}
        self.devices: dict[str, str] = {}
        self.fixed: set[str] = set()
        self.stubborn: set[str] = set()
        self.service: dict[str, str] | None = None
        self.processes: list[ProcessInfo] = []
        self.calls: list[list[str]] = []

    def nic(self, name: str, folder: str, *numbers: int, label: str = "") -> None:
        """A NIC with message-signalled interrupts, or one line that it may share (`label` given)."""
        self.devices[f"/sys/class/net/{name}/device"] = folder
        lines = self.files["/proc/interrupts"].decode().splitlines(keepends=True) or [TABLE]
        for number in numbers:
            if label:
                self.files[f"{folder}/irq"] = b"%d\n" % number
            else:
                self.files[f"{folder}/msi_irqs/{number}"] = b"msix\n"
            text = f" {number}: 0 0 0 0 PCI-MSI {number}-edge {label or f'{name}-{number}'}\n"
            lines += [] if text in lines else [text]
            self.files[self.irq(number)] = b"0-3\n"
            self.files[f"/proc/irq/{number}/effective_affinity_list"] = b"0\n"
        self.files["/proc/interrupts"] = "".join(lines).encode()

    @staticmethod
    def irq(number: int) -> str:
        return f"/proc/irq/{number}/smp_affinity_list"

    def cpus(self, *numbers: int) -> list[str]:
        return [self.files[self.irq(number)].decode().strip() for number in numbers]

    async def realpath(self, paths: Sequence[str]) -> list[str]:
        return [self.devices.get(path, "") for path in paths]

    async def glob(self, patterns: Sequence[str]) -> list[str]:
        return sorted(path for path in self.files if any(fnmatch.fnmatchcase(path, one) for one in patterns))

    async def read(self, paths: Sequence[str], limit: int = 0) -> dict[str, bytes | ReadError]:
        return {path: self.files.get(path, ReadError(errno.ENOENT, "none")) for path in paths}

    async def stat(self, paths: Sequence[str]) -> dict[str, FileStat | ReadError]:
        there = {"/run/systemd/system"} if self.service is not None else set()
        return {
            path: FileStat(0, 0.0, 0o444 if path in self.fixed else 0o644, False)
            if path in self.files or path in there
            else ReadError(errno.ENOENT, "none")
            for path in paths
        }

    async def listdir(self, path: str) -> list[str]:
        return [name.removeprefix(f"{path}/") for name in self.files if name.startswith(f"{path}/")]

    async def write(self, path: str, data: bytes, *, mode: int | None = None, create: bool = False) -> None:
        if path in self.stubborn:
            raise HostCallFailed(self.name, f"write {path}: Input/output error", errno.EIO)
        assert create or path in self.files, path
        self.files[path] = data

    async def remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            self.files.pop(path, None)

    async def rmdir(self, path: str) -> None:
        return None

    async def named_processes(self, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
        return {"irqbalance": tuple(one.pid for one in self.processes)}

    async def process(self, pid: int) -> ProcessInfo | None:
        return next((one for one in self.processes if one.pid == pid), None)

    async def kill(self, pid: int, signal: int, *, start_time: int | None = None) -> bool:
        self.calls.append(["kill", str(pid), str(int(signal))])
        return True

    async def watch_exit(self, pid: int, *, start_time: int | None = None) -> float:
        return 0.0

    async def run(self, argv: Sequence[str], timeout: float = 10) -> CommandResult:
        assert self.service is not None
        if argv[1] != "show":
            self.calls.append(list(argv))
        if argv[1] == "disable":
            self.service |= {"ActiveState": "inactive", "UnitFileState": "disabled"}
        elif argv[1] == "enable":
            self.service["UnitFileState"] = "enabled-runtime" if "--runtime" in argv else "enabled"
        elif argv[1] == "start":
            self.service["ActiveState"] = "active"
        return CommandResult(0, "".join(f"{name}={value}\n" for name, value in self.service.items()), "")


@pytest.fixture
def paper() -> Paper:
    """Four CPUs; eth1 has interrupts 50 to 52, eth0 60 and 61."""
    made = Paper()
    made.nic("eth1", "/sys/devices/pci0000:00/0000:00:03.0", 50, 51, 52)
    made.nic("eth0", "/sys/devices/pci0000:00/0000:00:04.0", 60, 61)
    return made


async def steps(paper: Paper, *, keep: bool = False) -> dict[str, Step]:
    survey = HostSurvey(
        host="paper", taken_at=0.0, kernel="", system="", release="", systemd=False, cpu_model="",
        cpu_flags=frozenset(), cpus=4, kvm=False, nics=Missing("not asked"), ifbs=(), programs={}, sysctls={},
        images=(), leftovers=(), listeners=(),
    )  # fmt: skip
    pair = Pair("p", (SPEC, replace(SPEC, name="other")), ())
    site = Site(pair, SPEC, paper, survey, Ledger(paper))  # type: ignore[arg-type]
    return {step.key: step for step in await irq_steps(site, Wanted(keep=keep))}


async def so(step: Step) -> bool:
    assert step.check is not None
    return await step.check()


async def undo(step: Step) -> str:
    assert step.undo is not None
    return await step.undo()


async def test_every_interrupt_goes_to_its_nics_cpu_and_back(paper: Paper) -> None:
    paper.files[paper.irq(61)] = b"1,3\n"
    before = dict(paper.files)
    found = await steps(paper)
    assert list(found) == ["irq"]
    step = found["irq"]
    assert not await so(step)
    output = await step.apply()
    assert output == "eth1: 50 51 52 on CPU 1; eth0: 60 61 on CPU 2; 50 51 52 60 61 pending until the next interrupt"
    assert paper.cpus(50, 51, 52, 60, 61) == ["1", "1", "1", "2", "2"]
    assert await so(step)
    assert await undo(step) == "5 interrupts as they were"
    assert {path: text.strip() for path, text in paper.files.items()} == {
        path: text.strip() for path, text in before.items()
    }


async def test_what_the_driver_keeps_is_named_and_is_no_failure(paper: Paper) -> None:
    paper.fixed.add(paper.irq(52))
    step = (await steps(paper))["irq"]
    assert (await step.apply()).endswith("52 kept where they are by the driver")
    assert paper.cpus(51, 52) == ["1", "0-3"]
    assert await so(step)


async def test_a_refused_interrupt_is_named_and_not_said_to_be_done(paper: Paper) -> None:
    paper.stubborn.add(paper.irq(52))
    step = (await steps(paper))["irq"]
    assert (await step.apply()).endswith("52 refused (Input/output error)")
    assert not await so(step)
    assert await undo(step) == "5 interrupts as they were"


async def test_a_host_that_moves_nothing_fails_the_step(paper: Paper) -> None:
    paper.stubborn = {paper.irq(number) for number in (50, 51, 52, 60, 61)}
    step = (await steps(paper))["irq"]
    with pytest.raises(HostCallFailed, match="no interrupt of eth1 or eth0 can be moved") as caught:
        await step.apply()
    assert caught.value.errno == errno.EIO
    assert await undo(step) == "5 interrupts as they were"


async def test_a_shared_interrupt_goes_where_the_forward_nic_is() -> None:
    paper = Paper()
    paper.nic("eth1", "/sys/devices/pci0000:00/0000:00:03.0", 11, label="eth1, eth0")
    paper.nic("eth0", "/sys/devices/pci0000:00/0000:00:04.0", 11, label="eth1, eth0")
    step = (await steps(paper))["irq"]
    await step.apply()
    assert paper.cpus(11) == ["1"]
    assert await so(step)
    assert step.script[-1].endswith("irq eth1 1"), "by hand, the forward NIC has the last word too"


async def test_after_a_boot_interrupts_are_known_by_their_names(paper: Paper) -> None:
    paper.files["/proc/sys/kernel/random/boot_id"] = b"first"
    paper.files[paper.irq(61)] = b"3\n"
    await (await steps(paper, keep=True))["irq"].apply()
    paper.files["/proc/sys/kernel/random/boot_id"] = b"second"
    del paper.files["/sys/devices/pci0000:00/0000:00:04.0/msi_irqs/61"], paper.files[paper.irq(61)]
    paper.nic("eth0", "/sys/devices/pci0000:00/0000:00:04.0", 70)
    table = paper.files["/proc/interrupts"].decode()
    paper.files["/proc/interrupts"] = table.replace("61-edge eth0-61", "61-edge").replace("eth0-70", "eth0-61").encode()
    assert await undo((await steps(paper, keep=True))["irq"]) == "5 interrupts as they were"
    assert paper.cpus(60, 70) == ["0-3", "3"]


async def test_with_one_cpu_there_is_nothing_to_do(paper: Paper) -> None:
    paper.files["/sys/devices/system/cpu/online"] = b"0\n"
    assert await steps(paper) == {}


@pytest.mark.parametrize(
    ("active", "enabled", "calls"),
    [
        ("active", "enabled", [["enable", "irqbalance.service"], ["start", "irqbalance.service"]]),
        ("active", "disabled", [["start", "irqbalance.service"]]),
        ("inactive", "enabled", [["enable", "irqbalance.service"]]),
        ("inactive", "enabled-runtime", [["enable", "--runtime", "irqbalance.service"]]),
    ],
)
async def test_the_service_is_stopped_and_becomes_what_it_was(
    paper: Paper, active: str, enabled: str, calls: list[list[str]]
) -> None:
    paper.service = {"LoadState": "loaded", "ActiveState": active, "UnitFileState": enabled}
    step = (await steps(paper))["irqbalance"]
    assert (step.at_boot, step.script) == (False, ("systemctl disable --now irqbalance.service",))
    assert not await so(step)
    await step.apply()
    assert await so(step)
    assert paper.calls == [["systemctl", "disable", "--now", "irqbalance.service"]]
    await step.apply()
    await undo((await steps(paper))["irqbalance"])
    assert paper.service == {"LoadState": "loaded", "ActiveState": active, "UnitFileState": enabled}
    assert [argv[1:] for argv in paper.calls[1:]] == calls


@pytest.mark.parametrize("load", ["not-found", "masked"])
async def test_no_step_for_a_service_that_cannot_run(paper: Paper, load: str) -> None:
    paper.service = {"LoadState": load, "ActiveState": "inactive", "UnitFileState": ""}
    assert list(await steps(paper)) == ["irq"]


async def test_one_that_something_starts_anew_fails_the_step(paper: Paper) -> None:
    paper.processes = [ProcessInfo(77, "irqbalance", ("irqbalance",), 5, 0, 0, "S")]
    paper.files["/proc/77/status"] = b"Name:\tirqbalance\nUid:\t0\t0\t0\t0\n"
    step = (await steps(paper))["irqbalance"]
    assert step.at_boot
    with pytest.raises(HostCallFailed, match="runs again"):
        await step.apply()
    assert paper.calls == [["kill", "77", "15"]]
