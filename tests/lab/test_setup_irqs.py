"""Interrupts of a real NIC bound and put back; receive steering, offloads and irqbalance on hosts of the lab."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from colotui.config import load
from colotui.errors import HostCallFailed
from colotui.host.channel import Host
from colotui.host.ethtool import NicFeatures, features, offloads, set_offload
from colotui.host.irqs import find_sources, nic_irqs
from colotui.lab import build
from colotui.lab.lab import Lab
from colotui.model.facts import Missing
from colotui.model.pair import ForwardSpec, HostSpec, Pair
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.model.survey import HostSurvey
from colotui.setup import offloads as offloads_setup
from colotui.setup.irqbalance import find_processes
from colotui.setup.irqs import irq_steps
from colotui.setup.ledger import DATA, Ledger
from colotui.setup.site import Site

NICS = ("eth0", "eth1")
FAKE = "/usr/local/sbin/irqbalance"


def survey(name: str, count: int) -> HostSurvey:
    return HostSurvey(
        host=name, taken_at=0.0, kernel="", system="", release="", systemd=False, cpu_model="",
        cpu_flags=frozenset(), cpus=count, kvm=False, nics=Missing("not asked"), ifbs=(), programs={}, sysctls={},
        images=(), leftovers=(), listeners=(),
    )  # fmt: skip


def site_of(pair: Pair, host: Host) -> Site:
    return Site(pair, host.spec, host, survey(host.name, os.cpu_count() or 1), Ledger(host))


def one(steps: list[Step], key: str) -> Step:
    return next(step for step in steps if step.key == key)


async def taken_back(step: Step) -> str:
    assert step.undo is not None
    return await step.undo()


async def so(step: Step) -> bool:
    assert step.check is not None
    return await step.check()


# -- this machine's own NIC ----------------------------------------------------------------------------------


@pytest.fixture
async def own() -> AsyncIterator[tuple[Site, dict[int, str]]]:
    """This machine with a NIC that has interrupts, and where they are; they are put back whatever happens."""
    names = sorted(path.name for path in Path("/sys/class/net").iterdir())
    host = Host(HostSpec("here", "local", ForwardSpec("none", "10.78.0.1")))
    await host.connect()
    found = [source for source in await find_sources(host, names) if source.irqs]
    if not found or (os.cpu_count() or 1) < 2:
        await host.close()
        pytest.skip(f"no NIC of this machine has interrupts to place: {', '.join(names)}, {os.cpu_count()} CPUs")
    spec = replace(host.spec, forward=ForwardSpec(found[0].nic, "10.78.0.1"), service_nic=found[0].nic)
    host.spec = spec
    were = {number: affinity(number).read_text().strip() for number, _ in found[0].irqs}
    try:
        yield site_of(Pair("own", (spec, replace(spec, name="other")), ()), host), were
    finally:
        for number, text in were.items():
            if affinity(number).read_text().strip() != text:
                affinity(number).write_text(text)
        await host.close()


def affinity(number: int) -> Path:
    return Path(f"/proc/irq/{number}/smp_affinity_list")


async def test_the_interrupts_of_a_real_nic_get_a_cpu_and_go_back(own: tuple[Site, dict[int, str]]) -> None:
    site, were = own
    nic = site.spec.forward.nic
    folder_before = sorted(str(path) for path in Path(DATA).rglob("*")) if Path(DATA).exists() else None
    step = one(await irq_steps(site, Wanted(keep=False)), "irq")
    target = str(min(set(range(os.cpu_count() or 1)) - {0}))
    assert f"{nic} on CPU {target}" in step.why
    assert not await so(step), "bound already: nothing to prove"
    output = await step.apply()
    print(f"\n{output}")
    assert {affinity(number).read_text().strip() for number in were} == {target}
    effective = {number: Path(f"/proc/irq/{number}/effective_affinity_list").read_text().strip() for number in were}
    waiting = [number for number, now in effective.items() if now != target]
    assert ("pending until the next interrupt" in output) == bool(waiting), (output, effective)
    assert await so(step)
    assert one(await irq_steps(site, Wanted(keep=False)), "irq").why == step.why, "placed anew, it lands elsewhere"
    print(await taken_back(step))
    assert {number: affinity(number).read_text().strip() for number in were} == were
    assert not await so(step)
    assert await taken_back(step) == "nothing was changed here"
    assert (sorted(str(path) for path in Path(DATA).rglob("*")) if Path(DATA).exists() else None) == folder_before


async def test_the_script_binds_a_real_nic_as_the_step_does(own: tuple[Site, dict[int, str]]) -> None:
    site, were = own
    step = one(await irq_steps(site, Wanted()), "irq")
    others = {
        path: path.read_text()
        for path in Path("/proc/irq").glob("*/smp_affinity_list")
        if int(path.parent.name) not in were
    }
    for _ in range(2):
        done = subprocess.run(["sh", "-eu"], input="\n".join(step.script), capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert await so(step)
    assert {path: path.read_text() for path in others} == others


async def test_an_undo_after_a_cut_off_run_knows_what_was_before(own: tuple[Site, dict[int, str]]) -> None:
    site, were = own
    number = next(iter(were))
    step = one(await irq_steps(site, Wanted()), "irq")
    await step.apply()
    affinity(number).write_text("0")  # as if killed in the middle, then run again
    await step.apply()
    await taken_back(step)
    assert {number: affinity(number).read_text().strip() for number in were} == were


# -- hosts of the lab ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    lab = Lab("hirq")
    lab.down()
    lab.up(build.build(lambda *_: None), bare=True, tie=os.getpid())
    try:
        subprocess.run(lab.host_argv("alpha", ["ip", "link", "add", "br0", "type", "bridge"]), check=True)
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def site(bare: Lab) -> AsyncIterator[Site]:
    state = bare.state()
    assert state is not None
    pair = load(state.pair)
    host = Host(pair.host("alpha"))
    await host.connect()
    yield site_of(pair, host)
    await host.close()


def script(lab: Lab, step: Step) -> str:
    """The step's shell lines, run by hand."""
    argv = lab.host_argv("alpha", ["sh", "-eu"])
    return subprocess.run(argv, input="\n".join(step.script), capture_output=True, text=True, check=True).stderr


async def masks(host: Host) -> dict[str, bytes | object]:
    return dict(await host.read(await host.glob([f"/sys/class/net/{nic}/queues/rx-*/rps_cpus" for nic in NICS])))


async def nothing_kept(site: Site) -> bool:
    return await site.ledger.keys() == () and not await site.host.glob([f"{DATA}/setup"])


async def test_receive_work_of_virtual_nics_is_steered(site: Site, bare: Lab) -> None:
    steps = await irq_steps(site, Wanted())
    assert [step.key for step in steps] == ["rps"], "virtual NICs have no interrupts, and no irqbalance runs here"
    (step,) = steps
    were = await masks(site.host)
    assert were
    assert not await so(step)
    output = await step.apply()
    print(f"\n{output}")
    assert await so(step)
    now = await masks(site.host)
    sources = await find_sources(site.host, NICS)
    shown = nic_irqs(sources, await site.host.read([path for source in sources for path in source.files]))
    steered = {nic.nic: nic.rps for nic in shown}
    assert set(steered.values()) == {"1"} if os.cpu_count() == 2 else "0" not in steered.values()
    if os.cpu_count() == 2:
        assert "eth1 and eth0 share CPU 1" in output
    assert await step.apply() == output
    assert await masks(site.host) == now
    print(await taken_back(step))
    assert await masks(site.host) == were
    assert await nothing_kept(site)

    script(bare, step)
    assert await so(step)
    script(bare, step)
    assert await masks(site.host) == now
    await site.host.write("/sys/class/net/eth0/queues/rx-0/rps_cpus", b"0\n")
    await site.host.write("/sys/class/net/eth1/queues/rx-0/rps_cpus", b"0\n")


async def seen(site: Site) -> dict[str, NicFeatures]:
    found = await features(site.host, [*NICS, "br0"])
    assert all(isinstance(one, NicFeatures) for one in found.values()), found
    return found  # type: ignore[return-value]


def told(lab: Lab) -> dict[str, str]:
    """All that ethtool itself says of the NICs' features."""
    return {
        nic: subprocess.run(
            lab.host_argv("alpha", ["ethtool", "-k", nic]), capture_output=True, text=True, check=True
        ).stdout
        for nic in (*NICS, "br0")
    }


async def test_offloads_go_off_and_come_back_as_they_were(site: Site, bare: Lab) -> None:
    await set_offload(site.host, "eth0", "gro", True)
    await set_offload(site.host, "eth1", "tso", False)
    were, said = await seen(site), told(bare)
    assert "sg" in were["eth0"].on
    assert "tso" not in were["eth1"].on
    (step,) = await offloads_setup.steps(site, Wanted(offloads_off=True))
    assert not await so(step)
    print(f"\n{await step.apply()}")
    assert await so(step)
    assert await offloads(site.host, [*NICS, "br0"]) == dict.fromkeys((*NICS, "br0"), ())
    for line in ("tcp-segmentation-offload: off", "scatter-gather: off", "generic-receive-offload: off"):
        assert line in told(bare)["eth0"]
    # cut off here, then run again: what was before stays known
    await step.apply()
    print(await taken_back(step))
    assert await seen(site) == were
    assert told(bare) == said
    assert await nothing_kept(site)

    # with what was on put back by name, its features were not touched beyond that
    script(bare, step)
    assert await so(step)
    await set_offload(site.host, "eth0", "sg", True)
    await set_offload(site.host, "eth0", "tso", True)
    assert not await so(step)
    script(bare, step)
    assert await so(step)


async def test_an_offload_that_needs_another_is_not_said_to_be_on(site: Site) -> None:
    await set_offload(site.host, "eth0", "sg", False)
    with pytest.raises(HostCallFailed, match="gso stays off"):
        await set_offload(site.host, "eth0", "gso", True)
    await set_offload(site.host, "eth0", "sg", True)
    assert "gso" in (await seen(site))["eth0"].on


async def test_a_nic_that_is_not_there_fails_the_step_and_not_the_undo(site: Site, bare: Lab) -> None:
    def ip(*argv: str) -> None:
        subprocess.run(bare.host_argv("alpha", ["ip", *argv]), check=True)

    (step,) = await offloads_setup.steps(site, Wanted(offloads_off=True))
    ip("link", "del", "br0")
    try:
        assert not await so(step)
        with pytest.raises(HostCallFailed, match="offloads of br0: No such device"):
            await step.apply()
        assert await nothing_kept(site)
        ip("link", "add", "br0", "type", "bridge")
        await step.apply()
        ip("link", "del", "br0")
        assert "br0 is gone" in await taken_back(step)
    finally:
        ip("link", "add", "br0", "type", "bridge")


@pytest.fixture
async def balancer(site: Site) -> AsyncIterator[list[str]]:
    """A program called irqbalance that runs on the host, and how it was started."""
    await site.host.run(["cp", "/usr/bin/sleep", FAKE])
    argv = [FAKE, "600", "0.5"]
    await site.host.spawn(argv, stdout="/dev/null", stderr="/dev/null")
    yield argv
    for process in await find_processes(site.host):
        await site.host.kill(process.pid, 9, start_time=process.start_time)
    await site.host.remove([FAKE])


async def until_it_runs(site: Site) -> list[list[str]]:
    for _ in range(100):
        found = [list(process.cmdline) for process in await find_processes(site.host)]
        if found:
            return found
        await asyncio.sleep(0.02)
    return []


async def test_irqbalance_ends_and_is_started_as_it_was(site: Site, bare: Lab, balancer: list[str]) -> None:
    assert await until_it_runs(site) == [balancer]
    step = one(await irq_steps(site, Wanted()), "irqbalance")
    assert not await so(step)
    print(f"\n{await step.apply()}")
    assert await so(step)
    assert [found.key for found in await irq_steps(site, Wanted())] == ["irqbalance", "rps"], "undo must find it"
    await step.apply()
    print(await taken_back(step))
    assert await until_it_runs(site) == [balancer]
    assert await taken_back(step) == "nothing was changed here"
    assert len(await find_processes(site.host)) == 1
    assert await nothing_kept(site)

    script(bare, step)
    assert await so(step)
    script(bare, step)


async def test_a_users_irqbalance_is_left_alone(site: Site, bare: Lab, balancer: list[str]) -> None:
    await until_it_runs(site)
    for process in await find_processes(site.host):
        await site.host.kill(process.pid, 9, start_time=process.start_time)
        await site.host.watch_exit(process.pid, start_time=process.start_time)
    await site.host.spawn(["setpriv", "--reuid=1000", "--clear-groups", FAKE], stdout="/dev/null", stderr="/dev/null")
    for _ in range(100):
        pids = (await site.host.named_processes(["irqbalance"])).get("irqbalance", ())
        if pids:
            break
        await asyncio.sleep(0.02)
    assert pids
    try:
        assert await find_processes(site.host) == []
        assert [step.key for step in await irq_steps(site, Wanted())] == ["rps"]
    finally:
        for pid in pids:
            await site.host.kill(pid, 9)
