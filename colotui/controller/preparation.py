"""Prepares two hosts: connects, looks, tests the cable, and runs the set-up plan; see controller.preparing."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import getpass
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from colotui.controller import drafting
from colotui.controller.examining import examine
from colotui.controller.runner import Runner, undo_steps
from colotui.errors import (
    ActionRefused,
    ColotuiError,
    ConfigError,
    HostCallFailed,
    HostError,
    HostKeyUnknown,
    LockHeld,
)
from colotui.host.cable import cable_test
from colotui.host.channel import Host, accept_host_key
from colotui.host.survey.images import read_image
from colotui.model.cable import CableReport
from colotui.model.pair import ForwardSpec, HostSpec, Pair
from colotui.model.plan import Action, Plan, Progress, StepState
from colotui.model.setup import Draft, Look, Reached, Wanted
from colotui.model.survey import Image
from colotui.setup import plan as plans
from colotui.setup.ledger import Ledger
from colotui.setup.site import Site

RUN = "/run/colotui"
LOCK = f"{RUN}/setup.lock"
CLOSE_LIMIT = 30.0
"""Seconds a closing set-up waits for the running step to end."""


class Preparation:
    """See controller.preparing.Preparing. With `pair` it works on that pair file and keeps no draft."""

    def __init__(self, state_dir: Path, pair_path: Path, *, pair: Pair | None = None) -> None:
        self._draft_path = drafting.draft_path(state_dir)
        self._pair_path = pair_path
        self._given = pair
        self._draft = drafting.load(self._draft_path) or Draft() if pair is None else Draft()
        self._wanted: Wanted | None = None
        self._hosts: list[Host | None] = [None, None]
        self._specs: list[HostSpec | None] = [None, None]
        self._reached: list[Reached | None] = [None, None]
        self._unknown: list[HostKeyUnknown | None] = [None, None]
        self._look: Look | None = None
        self._cable: CableReport | None = None
        self._sites: tuple[Site, Site] | None = None
        self._runner: Runner | None = None
        self._run: asyncio.Task[Progress] | None = None
        self._listeners: list[Callable[[], None]] = []

    # what is chosen

    @property
    def draft(self) -> Draft:
        """See Preparing."""
        return self._draft

    def change(self, draft: Draft) -> None:
        """See Preparing."""
        if draft == self._draft:
            return
        old, self._draft = self._draft, draft
        for place in (0, 1):
            if _network_of(old, place) != _network_of(draft, place):
                self._cable = None
                if self._look is not None:
                    self._look = replace(self._look, cable=None)
        drafting.keep(self._draft_path, draft)
        self._tell()

    def problems(self) -> tuple[str, ...]:
        """See Preparing."""
        return () if self._given is not None else drafting.problems(self._draft)

    @property
    def pair(self) -> Pair | None:
        """See Preparing."""
        return self._given if self._given is not None else drafting.pair_of(self._draft)

    @property
    def _spec_pair(self) -> Pair:
        """The pair as far as it is known."""
        return self._given if self._given is not None else drafting.provisional(self._draft)

    @property
    def wanted(self) -> Wanted:
        """What the set-up is to do."""
        return self._wanted if self._wanted is not None else self._draft.wanted

    @wanted.setter
    def wanted(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def write_pair(self) -> Path:
        """See Preparing."""
        path = drafting.write_pair(self._draft, self._pair_path)
        drafting.put_away(self._draft_path)
        return path

    # the hosts

    @property
    def reached(self) -> tuple[Reached | None, Reached | None]:
        """See Preparing."""
        return self._reached[0], self._reached[1]

    async def reach(self, place: int) -> Reached:
        """See Preparing."""
        spec = self._spec_pair.hosts[place]
        host = self._hosts[place]
        if host is not None and (not host.is_up or self._specs[place] != _door(spec)):
            await host.close()
            host = None
        if host is None:
            host = Host(spec)
        host.spec = spec
        self._hosts[place], self._specs[place] = host, _door(spec)
        self._unknown[place] = None
        self._reached[place] = await self._connect(place, host)
        self._tell()
        return self._reached[place] or Reached(ok=False)

    async def _connect(self, place: int, host: Host) -> Reached:
        if not host.spec.address:
            return Reached(ok=False, problem=f"{host.name} has no address yet.", next_step="Type it.")
        try:
            await host.connect()
        except HostKeyUnknown as error:
            self._unknown[place] = error
            return Reached(ok=False, fingerprint=error.fingerprint, problem=error.what, next_step=error.next_step)
        except ColotuiError as error:
            return Reached(ok=False, problem=error.what, next_step=error.next_step)
        info = host.info
        rtt = host.rtt_ms
        if rtt is None:
            with contextlib.suppress(HostError):
                rtt = (await host.clock(1)).rtt_ms
        return Reached(ok=True, hostname=info.node, kernel=info.kernel, user=host.spec.user, rtt_ms=rtt)

    async def accept(self, place: int, fingerprint: str) -> Reached:
        """See Preparing. Another key than the one that was shown is not accepted."""
        error = self._unknown[place]
        if error is None or error.fingerprint != fingerprint:
            raise ActionRefused("that is not the key the host showed.", "Connect again and compare it once more.")
        accept_host_key(error)
        return await self.reach(place)

    async def _both(self) -> tuple[Host, Host]:
        """Both hosts, connected. Raises the HostError of the first that cannot be reached."""
        for place in (0, 1):
            host = self._hosts[place]
            if host is None or not host.is_up or self._specs[place] != _door(self._spec_pair.hosts[place]):
                told = await self.reach(place)
                if not told.ok:
                    name = self._spec_pair.hosts[place].name
                    raise HostError(name, told.problem.removeprefix(f"{name}: "), told.next_step)
            else:
                host.spec = self._spec_pair.hosts[place]
        first, second = self._hosts
        assert first is not None
        assert second is not None
        return first, second

    async def look(self, *, digests: bool = False, ports: bool = False) -> Look:
        """See Preparing."""
        hosts = await self._both()
        pair = self._spec_pair
        found = await examine(
            {host.name: host for host in hosts}, pair, wanted=self.wanted, cable=self._cable, digests=digests,
            ports=ports,
        )  # fmt: skip
        self._look = found
        self._tell()
        return found

    @property
    def seen(self) -> Look | None:
        """See Preparing."""
        return self._look

    async def test_cable(self) -> CableReport:
        """See Preparing."""
        first, second = await self._both()
        nics = [host.spec.forward.nic for host in (first, second)]
        for host, nic in zip((first, second), nics, strict=True):
            if not nic:
                raise ActionRefused(f"{host.name}: no forward NIC is chosen.", "Choose the NIC that joins the hosts.")
        others: dict[str, list[str]] = {}
        if self._look is not None:
            for host, nic in zip((first, second), nics, strict=True):
                seen = self._look.nics(host.name)
                others[host.name] = [other.name for other in seen if other.name != nic and other.up]
        self._cable = await cable_test(first, nics[0], second, nics[1], others=others)
        if self._look is not None:
            await self.look()
        return self._cable

    async def image(self, place: int, path: str) -> Image:
        """See Preparing."""
        host = (await self._both())[place]
        return await read_image(host, path)

    # plans

    async def _looked(self) -> tuple[Site, Site]:
        pair = self.pair
        if pair is None:
            raise ConfigError(str(self._pair_path), 0, self.problems()[0], "Go back to that page.")
        hosts = await self._both()
        look = await self.look()
        for host in hosts:
            if host.name not in look.surveys:
                lost = next((f.evidence for f in look.findings if f.host == host.name), "it went away")
                raise HostError(host.name, f"it could not be looked at: {lost}", "Try again once it can be reached.")
        first, second = (
            Site(pair, pair.host(host.name), host, look.surveys[host.name], Ledger(host), self._note)
            for host in hosts
        )  # fmt: skip
        self._sites = (first, second)
        return self._sites

    def _note(self, text: str) -> None:
        if self._runner is not None:
            self._runner.note(text)

    async def plan(self, only: tuple[str, ...] = ()) -> Plan:
        """See Preparing. Without a choice, images are copied from the host that is the only one to have them."""
        sites = await self._looked()
        plans.check_keys(only, sites[0].pair)
        return await plans.build(sites, self._chosen(sites), only)

    def _chosen(self, sites: tuple[Site, Site]) -> Wanted:
        wanted = self.wanted
        if wanted.image_from:
            return wanted
        source = plans.image_source(sites[0].pair, {site.name: site.survey for site in sites})
        return replace(wanted, image_from=source)

    async def undo_plan(self, only: tuple[str, ...] = ()) -> Plan:
        """See Preparing. Raises ActionRefused while a guest of the pair runs on one of the hosts."""
        sites = await self._looked()
        plans.check_keys(only, sites[0].pair)
        tuning = bool(only) and all(word.rpartition(":")[2] in plans.TUNING for word in only)
        for site in sites:
            for copy in () if tuning else site.survey.copies:
                raise ActionRefused(
                    f"{copy.guest} runs on {site.name}: what it stands on is not taken away.",
                    "Stop its protection and shut it down first.",
                )
        return await plans.build_undo(sites, only)

    async def states(self, plan: Plan) -> Mapping[int, StepState]:
        """See Preparing."""
        found: dict[int, StepState] = {}
        for index, step in enumerate(plan.steps):
            if step.check is not None:
                with contextlib.suppress(ColotuiError):
                    if await step.check():
                        found[index] = StepState.ALREADY
        return found

    async def run(self, plan: Plan) -> Progress:
        """See Preparing. Raises LockHeld while another set-up works on a host."""
        if self._run is not None and not self._run.done():
            raise ActionRefused("a plan is running.", "One action at a time: wait for it.")
        await self._take_locks()
        self._runner = Runner(plan, lambda _progress: self._tell())
        return await self._go(self._runner)

    async def retry(self) -> Progress:
        """See Preparing."""
        if self._runner is None or self._runner.progress.running:
            raise ActionRefused("no plan has failed here.", "Start it again.")
        await self._both()
        await self._take_locks()
        return await self._go(self._runner)

    async def undo(self) -> Progress:
        """See Preparing. Only what the plan on the screen has done; the rest stays as it was found."""
        if self._runner is None or self._runner.progress.running:
            raise ActionRefused("no plan was run here.", "Nothing is to be undone.")
        done = {
            (step.key, step.host)
            for step in self._runner.progress.steps
            if step.state in (StepState.DONE, StepState.FAILED)
        }
        steps = tuple(step for step in self._runner.plan.steps if (step.key, step.host) in done)
        title = f"Undo: {self._runner.plan.title}"
        return await self.run(Plan(Action.UNDO, "", title, undo_steps(steps)))

    async def _go(self, runner: Runner) -> Progress:
        runner.begin()
        self._run = asyncio.create_task(self._run_through(runner))
        return await asyncio.shield(self._run)

    async def _run_through(self, runner: Runner) -> Progress:
        try:
            return await runner.run()
        finally:
            await self._give_locks_back()
            self._tell()

    def cancel(self) -> str | None:
        """See Preparing."""
        if self._runner is None or not self._runner.progress.running:
            return "nothing is running"
        return self._runner.cancel()

    @property
    def progress(self) -> Progress | None:
        """See Preparing."""
        return self._runner.progress if self._runner is not None else None

    async def _take_locks(self) -> None:
        text = f"{getpass.getuser()}@{socket.gethostname()} since {time.strftime('%d %b %H:%M:%S')}"
        for host in await self._both():
            try:
                await host.lock(LOCK, text)
            except HostCallFailed as error:
                if error.errno != errno.EWOULDBLOCK:
                    raise
                holder = error.what.removeprefix(f"{host.name}: ")
                await self._give_locks_back()
                raise LockHeld(f"the set-up of {host.name}", holder) from None

    async def _give_locks_back(self) -> None:
        for host in self._hosts:
            if host is not None and host.is_up:
                with contextlib.suppress(HostError):
                    await host.unlock(LOCK, remove=True)
                    await host.rmdir(RUN)

    # whoever listens

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """See Preparing."""
        self._listeners.append(listener)

        def leave() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return leave

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    async def close(self) -> None:
        """See Preparing."""
        if self._run is not None and not self._run.done():
            self.cancel()
            await asyncio.wait([self._run], timeout=CLOSE_LIMIT)
        for host in self._hosts:
            if host is not None:
                await host.close()


def _door(spec: HostSpec) -> HostSpec:
    """The spec with only what decides how the host is reached."""
    return replace(spec, forward=ForwardSpec("", ""), bridge="", service_nic=None)


def _network_of(draft: Draft, place: int) -> tuple[str, str]:
    host = draft.hosts[place]
    return host.address, host.forward_nic
