"""The ifb pairs and the forwarding of classic COLO on real hosts: frames really go that way, and all goes away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from colotui.config import load
from colotui.errors import HostCallFailed
from colotui.host.channel import Host
from colotui.lab import build
from colotui.lab.lab import Lab
from colotui.model.pair import Pair
from colotui.model.plan import Step
from colotui.model.protection import Role
from colotui.model.setup import Wanted
from colotui.model.survey import HostSurvey
from colotui.setup import ifb, tcwiring
from colotui.setup.ledger import Ledger
from colotui.setup.site import Site
from tests.lab.frames import ETHERTYPES, Capture, each, send

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a lab needs root")

WANTED = Wanted(ifb=True, wiring=True)
TAP, INNER, FORWARD = "web01-net0", "inner0", "eth1"
HOSTS = ("alpha", "beta")
NIC_MAKER = f"ip link add {TAP} type veth peer name {INNER}; ip link set {TAP} up; ip link set {INNER} up"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    image = build.build(lambda *_: None)
    lab = Lab("hifb")
    lab.down()
    lab.up(image, bare=True, tie=os.getpid())
    try:
        yield lab
    finally:
        lab.down()


def sh(lab: Lab, host: str, *lines: str) -> str:
    """Shell lines as root on a host, as a plan's script runs them."""
    text = "\n".join(lines)
    done = subprocess.run(lab.host_argv(host, ["sh", "-eu"]), input=text, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, (text, done.stdout, done.stderr)
    return done.stdout


def dump(lab: Lab, host: str) -> dict[str, Any]:
    """Everything a wiring could have touched, without counters."""
    filters = (
        "for n in /sys/class/net/*; do n=${n##*/}; echo $n; "
        "for h in ingress egress; do tc filter show dev $n $h; done; done"
    )
    return {
        "links": sh(lab, host, "ip -d link show"),
        "qdiscs": sh(lab, host, "tc qdisc show"),
        "filters": sh(lab, host, filters),
        "files": sh(lab, host, "find /var/lib/colotui 2>/dev/null || true"),
    }


class CutSite(Site):
    """A site whose cockpit dies after its `cut`-th call that changes the network (0: never)."""

    cut = 0

    @contextlib.asynccontextmanager
    async def net(self, what: str) -> AsyncIterator[Any]:
        async with Site.net(self, what) as net:
            yield _CutNet(self, net) if self.cut else net


class _CutNet:
    def __init__(self, site: CutSite, net: Any) -> None:
        self._site = site
        self._net = net

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._net, name)
        return self._counted(call) if name in ("link", "tc") else call

    def _counted(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*args: Any, **named: Any) -> Any:
            found = await call(*args, **named)
            self._site.cut -= 1
            if self._site.cut == 0:
                raise Killed
            return found

        return counted


class Killed(Exception):
    """What SIGKILL is to a step."""


@contextlib.asynccontextmanager
async def sites(lab: Lab, pair: Pair | None = None) -> AsyncIterator[dict[str, CutSite]]:
    state = lab.state()
    assert state is not None
    pair = pair or load(state.pair)
    found: dict[str, CutSite] = {}
    async with contextlib.AsyncExitStack() as stack:
        for spec in pair.hosts:
            host = Host(spec)
            await host.connect()
            stack.push_async_callback(host.close)
            found[spec.name] = CutSite(pair, spec, host, survey(spec.name), Ledger(host))
        yield found


def survey(host: str) -> HostSurvey:
    """These steps look for themselves: an empty one does."""
    return HostSurvey(
        host=host, taken_at=0.0, kernel="", system="", release="", systemd=False, cpu_model="", cpu_flags=frozenset(),
        cpus=0, kvm=False, nics=(), ifbs=(), programs={}, sysctls={}, images=(), leftovers=(), listeners=(),
    )  # fmt: skip


@pytest.fixture
def clean(lab: Lab) -> Iterator[dict[str, dict[str, Any]]]:
    """The guest's NIC stands on both hosts; every test leaves them as it found them."""
    for host in HOSTS:
        sh(lab, host, NIC_MAKER)
    was = {host: dump(lab, host) for host in HOSTS}
    try:
        yield was
        assert {host: dump(lab, host) for host in HOSTS} == was
    finally:
        for host in HOSTS:
            sh(lab, host, f"ip link del {TAP} 2>/dev/null || true",
               "for n in $(ip -o link show type ifb | cut -d: -f2); do ip link del $n; done",
               f"tc qdisc del dev {FORWARD} ingress 2>/dev/null || true",
               f"ip link set {FORWARD} promisc off txqueuelen 1000; rm -rf /var/lib/colotui/setup")  # fmt: skip


async def run(steps: list[Step]) -> list[str]:
    """As the runner does: check, else apply. The keys of the steps that did something."""
    did = []
    for step in steps:
        assert step.check is not None
        if not await step.check():
            await step.apply()
            did.append(step.key)
            assert await step.check(), step.title
    return did


async def undo(steps: list[Step]) -> list[str]:
    told = []
    for step in reversed(steps):
        assert step.undo is not None
        told.append(await step.undo())
    return told


async def plan(site: Site, role: Role | None = None) -> list[Step]:
    return [
        *await ifb.free_leaked_steps(site, WANTED),
        *await ifb.ifb_steps(site, WANTED),
        *await tcwiring.wiring_steps(site, WANTED, role=role),
    ]


async def test_frames_really_go_that_way(lab: Lab, clean: dict[str, Any]) -> None:
    async with sites(lab) as site:
        primary, secondary = await plan(site["alpha"]), await plan(site["beta"])
        assert await run(primary) == ["ifb", "wiring"]
        assert await run(secondary) == ["ifb", "wiring"]
        assert "as primary" in primary[-1].title
        assert "as secondary" in secondary[-1].title
        kinds = tuple(ETHERTYPES.values())
        here = (TAP, INNER, FORWARD, "ifb0", "ifb1")
        # the guest speaks: into its own ifb, and nowhere else
        with Capture(lab, "alpha", *here) as alpha, Capture(lab, "beta", FORWARD, TAP, INNER) as beta:
            send(lab, "alpha", INNER, *kinds)
        assert alpha.seen == {INNER: each("out"), TAP: each("in"), "ifb0": each("out"), FORWARD: {}, "ifb1": {}}
        assert not any(beta.seen.values())
        # the guest is spoken to: it hears it, and its twin on the other host hears it too
        with Capture(lab, "alpha", *here) as alpha, Capture(lab, "beta", FORWARD, TAP, INNER) as beta:
            send(lab, "alpha", TAP, *kinds)
        assert alpha.seen == {TAP: each("out"), INNER: each("in"), FORWARD: each("out"), "ifb0": {}, "ifb1": {}}
        assert beta.seen == {FORWARD: each("in"), TAP: each("out"), INNER: each("in")}
        # the twin answers: over the forward link into the second ifb
        with Capture(lab, "alpha", *here) as alpha, Capture(lab, "beta", FORWARD, TAP) as beta:
            send(lab, "beta", INNER, *kinds)
        assert beta.seen == {TAP: each("in"), FORWARD: each("out")}
        assert alpha.seen == {FORWARD: each("in"), "ifb1": each("out"), TAP: {}, INNER: {}, "ifb0": {}}
        # any other protocol is left alone
        with Capture(lab, "alpha", *here) as alpha:
            send(lab, "alpha", INNER, 0x88CC)
            send(lab, "alpha", TAP, 0x88CC)
        assert not alpha.seen["ifb0"]
        assert not alpha.seen[FORWARD]

        before = {host: dump(lab, host) for host in HOSTS}
        for name in HOSTS:
            assert await run(await plan(site[name])) == []
            assert [step.title for step in await plan(site[name])] == [
                step.title for step in (primary if name == "alpha" else secondary)
            ]
        assert {host: dump(lab, host) for host in HOSTS} == before
        for steps in (primary, secondary):
            await undo(steps)
            assert set(await undo(steps)) == {"nothing was changed here"}
        assert await site["alpha"].ledger.keys() == ()


@pytest.mark.parametrize("role", [Role.PRIMARY, Role.SECONDARY])
async def test_by_hand_is_the_same(lab: Lab, clean: dict[str, Any], role: Role) -> None:
    async with sites(lab) as site:
        steps = await plan(site["alpha"], role)
        for _ in range(2):
            for step in steps:
                sh(lab, "alpha", *step.script)
                assert step.check is not None
                assert await step.check(), step.title
        by_hand = _same(dump(lab, "alpha"))
        sh(lab, "alpha", f"tc qdisc del dev {FORWARD} ingress",
           f"tc qdisc del dev {TAP} clsact || tc qdisc del dev {TAP} ingress",
           f"ip link set {FORWARD} promisc off txqueuelen 1000; ip link set {TAP} txqueuelen 1000",
           "ip link del ifb0; ip link del ifb1")  # fmt: skip
        assert await run(steps) == ["ifb", "wiring"]
        assert _same(dump(lab, "alpha")) == by_hand
        await undo(steps)


def _same(found: dict[str, Any]) -> list[str]:
    """Qdiscs and filters without what tells the maker apart: u32 by netlink has a class, by hand it has none."""
    lines = (found["qdiscs"] + found["filters"]).splitlines()
    return sorted(line.partition(" fh ")[0].strip() for line in lines if "index" not in line)


async def _killed_everywhere(
    lab: Lab, site: CutSite, was: dict[str, Any], make: Callable[[], Awaitable[list[Step]]]
) -> int:
    """Kill the cockpit after its first, second ... change; each time: undo at once, run again, undo killed too."""
    count = 0
    while True:
        count += 1
        for then in ("undo", "run"):
            site.cut = count
            with contextlib.suppress(Killed):
                await run(await make())
            finished, site.cut = site.cut > 0, 0
            if then == "run":
                await run(await make())
            steps = await make()
            # the undo is killed at the same place, then made again
            site.cut = count
            with contextlib.suppress(Killed):
                await undo(steps)
            site.cut = 0
            await undo(await make())
            assert dump(lab, site.name) == was, (count, then)
        if finished:
            return count


@pytest.mark.parametrize("role", [Role.PRIMARY, Role.SECONDARY])
async def test_killed_after_every_single_change(lab: Lab, clean: dict[str, Any], role: Role) -> None:
    async with sites(lab) as site:
        alpha = site["alpha"]
        assert await _killed_everywhere(lab, alpha, clean["alpha"], lambda: plan(alpha, role)) > 10


async def test_leaked_and_free_ones(lab: Lab, clean: dict[str, Any]) -> None:
    # free; leaked; dead claim; in use by another; of another name
    sh(lab, "alpha", "for n in 0 1 2 3; do ip link add ifb$n type ifb; done", "ip link set ifb1 up txqueuelen 40960",
       "ip link set ifb2 alias 'colotui gone 0 primary' up", "ip link add dummy9 type ifb",
       "ip link set dummy9 alias 'someone else' up",
           "tc qdisc add dev ifb3 root handle 7: tbf rate 1gbit burst 100k latency 1ms")  # fmt: skip
    was = dump(lab, "alpha")
    async with sites(lab) as site:
        alpha = site["alpha"]
        steps = await plan(alpha)
        assert [(step.key, step.title) for step in steps[:-1]] == [
            ("ifb-leaks", "give ifb1 free"),
            ("ifb-leaks", "give ifb2 free"),
            ("ifb", "claim ifb0 and ifb4 for web01 NIC 0"),
        ]
        assert await run(steps) == ["ifb-leaks", "ifb-leaks", "ifb", "wiring"]
        found = sh(lab, "alpha", "ip -d link show")
        assert "alias colotui web01 0 secondary" in found
        assert "colotui gone" not in found
        before = dump(lab, "alpha")
        assert await run(await plan(alpha)) == []
        assert dump(lab, "alpha") == before
        # taking back only the claim would leave filters that lead nowhere
        claim = next(step for step in steps if step.key == "ifb")
        assert claim.undo is not None
        with pytest.raises(HostCallFailed, match="in use: tc on"):
            await claim.undo()
        assert dump(lab, "alpha") == before
        await undo(await plan(alpha))
        assert dump(lab, "alpha") == was
        assert await _killed_everywhere(lab, alpha, was, lambda: plan(alpha)) > 10
        # one claimed twice: the one that is not in use is given free
        await run(steps)
        sh(lab, "alpha", "ip link add ifb9 type ifb; ip link set ifb9 alias 'colotui web01 0 primary' up")
        assert await run(await plan(alpha)) == ["ifb-leaks"]
        sh(lab, "alpha", "ip link show ifb9 | grep -q 'state DOWN'; ! ip link show ifb9 | grep alias; ip link del ifb9")
        await undo(await plan(alpha))
        assert dump(lab, "alpha") == was
    sh(lab, "alpha", "ip link del dummy9; for n in 0 1 2 3; do ip link del ifb$n; done")


async def test_what_is_not_ours_stays(lab: Lab, clean: dict[str, Any]) -> None:
    other = "u32 match u32 0 0 action mirred egress redirect dev eth0"
    mine = f"tc qdisc add dev {FORWARD} ingress; tc filter add dev {FORWARD} ingress protocol ip"
    async with sites(lab) as site:
        alpha = site["alpha"]
        steps = await plan(alpha)
        for line, name in (
            (f"{mine} pref 20 {other}", FORWARD),
            (f"{mine} pref 3 {other}", FORWARD),
            (f"tc qdisc add dev {TAP} ingress", TAP),
        ):
            sh(lab, "alpha", line)
            was = dump(lab, "alpha")
            assert steps[-1].check is not None
            assert not await steps[-1].check()
            with pytest.raises(HostCallFailed, match=f"{name} has a"):
                await run(steps)
            await undo(steps)
            assert dump(lab, "alpha") == was
            sh(lab, "alpha", f"tc qdisc del dev {name} ingress")
        # added to our qdisc later: ours goes, the other's stays
        await run(steps)
        sh(lab, "alpha", f"tc filter add dev {FORWARD} ingress protocol ip pref 3 {other}")
        assert "left on eth1" in " ".join(await undo(steps))
        left = sh(lab, "alpha", f"tc filter show dev {FORWARD} ingress")
        assert "pref 3 " in left
        assert "pref 20" not in left
        sh(lab, "alpha", f"tc qdisc del dev {FORWARD} ingress")


async def test_without_the_guest_there_is_nothing_to_wire(lab: Lab, clean: dict[str, Any]) -> None:
    async with sites(lab) as site:
        alpha = site["alpha"]
        await run(await plan(alpha))
        # the guest ends: its NIC goes, and the rest can still be unwired
        sh(lab, "alpha", f"ip link del {TAP}")
        steps = await plan(alpha)
        assert steps[-1].check is not None
        assert not await steps[-1].check()
        with pytest.raises(HostCallFailed, match=f"there is no network device {TAP}.*Start the guest"):
            await steps[-1].apply()
        # it comes back: only its own half is missing, and what was before it is known still
        sh(lab, "alpha", NIC_MAKER)
        assert await run(await plan(alpha)) == ["wiring"]
        sh(lab, "alpha", f"ip link del {TAP}")
        await undo(await plan(alpha))
        assert [step.key for step in await plan(alpha)] == ["ifb"]
        assert "wire it when the guest runs there" in (await tcwiring.unwired(alpha, WANTED))[0]
        assert await plan_of(alpha, Wanted()) == []
        sh(lab, "alpha", NIC_MAKER)
        assert await tcwiring.unwired(alpha, WANTED) == ()
    await asyncio.sleep(0)
    _forget_indexes(lab, clean)


async def plan_of(site: Site, wanted: Wanted) -> list[Step]:
    return [
        *await ifb.free_leaked_steps(site, wanted),
        *await ifb.ifb_steps(site, wanted),
        *await tcwiring.wiring_steps(site, wanted),
    ]


def _forget_indexes(lab: Lab, was: dict[str, Any]) -> None:
    """A NIC that was made anew has new numbers and addresses: what the test compares at its end starts from here."""
    was["alpha"]["links"] = sh(lab, "alpha", "ip -d link show")
