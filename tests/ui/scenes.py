"""Every screen in every state that means something: how it is made, and the keys that lead there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from textual.command import CommandPalette
from textual.pilot import Pilot

from colotui.errors import ActionRefused, HostLost
from colotui.model.past import CheckpointLog, MismatchLog
from colotui.model.plan import Action
from colotui.model.protection import Armed, Protection, Severity, Snapshot, State
from colotui.model.setup import Reached
from colotui.replay.controller import ReplayController
from colotui.ui.app import CockpitApp
from colotui.ui.replayapp import ReplayApp
from tests.ui import fleetsamples as fs
from tests.ui import incidentsamples, packetsamples, samples
from tests.ui import wizardsamples as ws
from tests.ui.bundlesamples import bundle
from tests.ui.fake import FakeController
from tests.ui.fakesetup import FakePreparing
from tests.ui.wizarddriver import made, settled
from tests.unit.replay import memory

Make = Callable[..., CockpitApp]
Prepare = Callable[[FakeController], None]
HOLD = "hold"
"""In place of a key: from now on what was asked is not answered."""


@dataclass(frozen=True)
class Stage:
    """One screen in one state. `make` takes the options of the app, `keys` are pressed one after the other."""

    name: str
    make: Make
    keys: tuple[str, ...] = ()
    guided: bool = False
    grows: bool = True
    """False: on a terminal larger than 160x46 there is only more ground around it."""


@dataclass
class Running:
    """A stage whose app runs."""

    app: CockpitApp
    pilot: Pilot[int]
    guided: bool

    async def settle(self) -> None:
        """Until nothing is left to do."""
        if self.guided:
            await settled(self.pilot)
        while isinstance(self.app.screen, CommandPalette) and not self.app.screen.has_class("-ready"):
            # It looks for commands in a worker, which takes its own time.
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each when the one before is dealt with."""
        for key in keys:
            if key == HOLD:
                self._gate(open_=False)
                continue
            await self.pilot.press(key)
            await self.settle()

    def _gate(self, *, open_: bool) -> None:
        setup = getattr(self.app, "setup", None)
        fakes = [pair.controller for pair in self.app.fleet.pairs if isinstance(pair.controller, FakeController)]
        for fake in (*fakes, *([setup] if isinstance(setup, FakePreparing) else [])):
            if open_:
                fake.gate.set()
            else:
                fake.gate.clear()

    async def resize(self, size: tuple[int, int]) -> None:
        """Another terminal size."""
        await self.pilot.resize_terminal(*size)
        if self.app.screen.is_modal:
            # What shines through below takes its new rows with the next tick.
            self.app.redraw()
            await self.pilot.pause()


@asynccontextmanager
async def running(stage: Stage, size: tuple[int, int] = (160, 46), **options: Any) -> AsyncIterator[Running]:
    """The stage's app, the keys pressed."""
    app = stage.make(**options)
    app.notify = partial(_notify_for_long, app.notify)  # type: ignore[method-assign]
    async with app.run_test(size=size, notifications=True) as pilot:
        run = Running(app, pilot, stage.guided)
        await run.settle()
        if len(app.fleet.pairs) > 1:
            await _connected(app, pilot)
        await run.press(*stage.keys)
        yield run
        run._gate(open_=True)


def _notify_for_long(notify: Callable[..., None], message: str, **how: Any) -> None:
    """A remark must not go away while pictures are taken."""
    notify(message, **{**how, "timeout": 3600})


async def _connected(app: CockpitApp, pilot: Pilot[int]) -> None:
    """Each of several pairs is connected in a thread."""
    for _ in range(200):
        if all(pair.snapshot is not None or pair.failure is not None for pair in app.fleet.pairs):
            break
        await asyncio.sleep(0.005)
    app.redraw()
    await pilot.pause()


def wall() -> float:
    """The time at which all pictures are taken."""
    return samples.NOW


FOLDER = Path("/home/operator")
"""Where a picture says that it would write: not where the tests happen to run."""


def cockpit(snapshot: Callable[[], Snapshot], prepare: Prepare = lambda _: None, **more: Any) -> Make:
    """A cockpit on one pair."""

    def make(**options: Any) -> CockpitApp:
        fake = FakeController(snapshot())
        prepare(fake)
        options.setdefault("export_folder", FOLDER)
        return CockpitApp(fake, now=wall, **more, **options)

    return make


def replay(second: float) -> Make:
    """A recording of ten minutes that stands at a second."""

    def make(**options: Any) -> CockpitApp:
        playback = ReplayController(memory.sample(), at=memory.T0 + second, playing=False)
        return ReplayApp(playback, **options)

    return make


def fleet(*snapshots: Callable[[], Snapshot], broken: bool = False) -> Make:
    """The list of several pairs."""

    def make(**options: Any) -> CockpitApp:
        named = [(shown.pair, FakeController(shown)) for shown in (each() for each in snapshots)]
        return CockpitApp(pairs=fs.sources(*named, broken=broken), now=wall, **options)

    return make


def wizard(
    page: str, *, welcome: bool = False, snapshot: Callable[[], Snapshot] = samples.absent, **fields: Any
) -> Make:
    """The guided set-up, opened at a page; `fields` are set on what plays the hosts."""

    def make(**options: Any) -> CockpitApp:
        fake = FakePreparing(ws.at_page(page)) if page else FakePreparing()
        fake.tested = True
        for name, value in fields.items():
            if name == "answers":
                fake.answers.update(value)
            else:
                setattr(fake, name, value)
        return made(fake, snapshot, welcome=welcome, **options)[0]

    return make


# -- snapshots that the samples have not -------------------------------------------------------------------


def guest_with(base: Callable[[], Snapshot], **changes: Any) -> Callable[[], Snapshot]:
    """`base` with fields of its guest changed."""

    def snapshot() -> Snapshot:
        shown = base()
        return replace(shown, guests=(replace(shown.guests[0], **changes), *shown.guests[1:]))

    return snapshot


def read_only() -> Snapshot:
    return replace(samples.incident(), read_only="operator@desk acts since 11:58")


def failing_over() -> Snapshot:
    said = Protection(
        State.FAILING_OVER, Severity.WORKING, "Fail over web01 to beta, step 3 of 7: promote",
        meaning="The client gets no reply until it is done.", since=samples.DIED, primary="alpha", secondary="beta",
    )  # fmt: skip
    busy = dict.fromkeys(Action, "fail over is running")
    return guest_with(samples.incident, protection=said, actions=busy)()


def step_failed() -> Snapshot:
    said = Protection(
        State.NOT_PROTECTED, Severity.WARNING, "Protect web01 failed at step 5 of 9: offer the disk",
        meaning="web01 serves from alpha alone.", since=samples.NOW - 2, do_now=Action.PROTECT, do_now_text="protect …",
        primary="alpha",
    )  # fmt: skip
    return guest_with(samples.syncing, protection=said, progress=samples.progress(failed=4), half_run="protect")()


def nothing_yet() -> Snapshot:
    """Protected a second ago: no checkpoint, no mismatch, no event."""
    return replace(
        guest_with(
            samples.protected, checkpoints=CheckpointLog(), stats=CheckpointLog().figures(0, samples.NOW, 300.0),
            mismatches=MismatchLog(), mismatch_total=0, mismatches_per_min=0.0, probe=None,
        )(),
        events=(), event_total=0,
    )  # fmt: skip


def no_guest() -> Snapshot:
    return replace(samples.protected(), guests=())


def several() -> Snapshot:
    return fs.pair("lab", web01="protected", cache="incident", mail="syncing", db="unknown")


ARMED = guest_with(samples.protected, armed=Armed(samples.NOW - 600, "operator@desk"))
ARMED_IN_VAIN = guest_with(
    samples.warning, armed=Armed(samples.NOW - 600, "operator@desk", able=False, why="beta's copy is older")
)


def capturing() -> Snapshot:
    return packetsamples.capturing(samples.protected())


def _finding(fake: FakeController) -> None:
    fake.found = packetsamples.shown_pair()


def _held(fake: FakeController) -> None:
    fake.gate.clear()


def _refusing(fake: FakeController) -> None:
    fake.prepared = ActionRefused("beta's copy is 9 s old.", "Wait until it answers again, or attest alpha off.")


def _plan(fake: FakeController) -> None:
    fake.prepared = samples.protect_plan()


def _plan_held(fake: FakeController) -> None:
    fake.prepared = samples.protect_plan()
    fake.gate.clear()


def _plan_fails(fake: FakeController) -> None:
    fake.prepared, fake.outcome = samples.protect_plan(), samples.progress(failed=4)


def _attested(fake: FakeController) -> None:
    fake.prepared = samples.failover_plan(attest="alpha is switched off, or cut from the clients' network")


def _lost(fake: FakeController) -> None:
    fake.found = HostLost("beta: no answer within 3 s.", "Look whether it is up.")


def _bundling(fake: FakeController) -> None:
    fake.bundled = bundle(40)


def _bundle_held(fake: FakeController) -> None:
    fake.bundled = bundle(40)
    fake.gate.clear()


NAME = tuple("web01")
OPEN_PACKETS = ("3", "enter", "enter")
_COCKPITS = [
    *(Stage(f"cockpit-{name}", cockpit(state)) for name, state in samples.STATES.items()),
    Stage("cockpit-read-only", cockpit(read_only)),
    Stage("cockpit-failing-over", cockpit(failing_over)),
    Stage("cockpit-step-failed", cockpit(step_failed)),
    Stage("cockpit-armed", cockpit(ARMED)),
    Stage("cockpit-armed-in-vain", cockpit(ARMED_IN_VAIN)),
    Stage("cockpit-incidents", cockpit(incidentsamples.storming)),
    Stage("cockpit-empty", cockpit(nothing_yet)),
    Stage("cockpit-no-guest", cockpit(no_guest)),
    Stage("cockpit-several-guests", cockpit(several)),
    Stage("cockpit-frozen", cockpit(samples.protected), ("z",)),
    Stage("cockpit-row-chosen", cockpit(capturing), ("3", "j", "j")),
    Stage("cockpit-checkpoint-chosen", cockpit(samples.hour), ("minus", "2", "j", "j")),
    Stage("cockpit-time-held", cockpit(samples.hour), ("2", "minus", "h", "h", "j")),
    Stage("cockpit-filter", cockpit(samples.protected), ("4", "slash", *"pause")),
    Stage("cockpit-remark", cockpit(samples.protected), ("f",)),
    Stage("replay", replay(120.0)),
    Stage("replay-incident", replay(350.0)),
    Stage("replay-remark", replay(350.0), ("f",)),
]
_PAGES = [
    Stage("full-hosts", cockpit(samples.protected), ("1", "enter")),
    Stage("full-hosts-stale", cockpit(samples.unknown), ("1", "enter")),
    Stage("full-hosts-missing", cockpit(samples.absent), ("1", "enter", "pagedown")),
    Stage("full-wiring", cockpit(samples.protected), ("W",)),
    Stage("full-wiring-missing", cockpit(samples.absent), ("W",)),
    Stage("full-checkpoints", cockpit(samples.hour), ("2", "enter", "minus", "minus", "j")),
    Stage("full-checkpoints-forced", cockpit(samples.hour), ("2", "enter", "minus", "e")),
    Stage("full-checkpoints-hour-back", cockpit(samples.hour), ("2", "enter", "minus", "minus", "h")),
    Stage("full-checkpoints-empty", cockpit(nothing_yet), ("2", "enter")),
    Stage("full-mismatches", cockpit(capturing), ("3", "enter", "j")),
    Stage("full-mismatches-empty", cockpit(nothing_yet), ("3", "enter")),
    Stage("full-events", cockpit(samples.incident), ("4", "enter", "j")),
    Stage("full-events-filtered", cockpit(samples.incident), ("4", "enter", "slash", *"!web01")),
    Stage("packets", cockpit(capturing, _finding), OPEN_PACKETS),
    Stage("packets-looking", cockpit(capturing, _held), OPEN_PACKETS),
    Stage("packets-no-capture", cockpit(samples.protected), OPEN_PACKETS),
    Stage("packets-host-lost", cockpit(capturing, _lost), OPEN_PACKETS),
    Stage("incidents", cockpit(incidentsamples.killed), ("i",)),
    Stage("incidents-likely", cockpit(incidentsamples.storming), ("i",)),
    Stage("incidents-past", cockpit(incidentsamples.killed), ("i", "G", "k")),
    Stage("incidents-none", cockpit(samples.protected), ("i",)),
    Stage("incident-alone", cockpit(incidentsamples.killed), ("i", "enter", "escape")),
    Stage("overview-bad", fleet(fs.lab, fs.shop, broken=True)),
    Stage("overview-well", fleet(lambda: fs.many(64, bad=0), lambda: fs.pair("shop", db="protected")), ("j", "j")),
    Stage("overview-filtered", fleet(fs.lab, fs.shop), ("slash", *"web01", "enter")),
]
_OVER = [
    Stage("replay-time", replay(350.0), ("t", "1", "2", ":")),
    Stage("replay-help", replay(350.0), ("question_mark",)),
    Stage("plan-looking", cockpit(samples.incident, _held), ("f",)),
    Stage("plan-refused", cockpit(samples.incident, _refusing), ("f",)),
    Stage("plan-ready", cockpit(samples.incident, _plan), ("f",)),
    Stage("plan-running", cockpit(samples.incident, _plan_held), ("f", "enter")),
    Stage("plan-failed", cockpit(samples.incident, _plan_fails), ("f", "enter")),
    Stage("plan-ended", cockpit(samples.incident, _plan), ("f", "enter")),
    Stage("ritual", cockpit(samples.incident), ("f", *"web0")),
    Stage("ritual-wrong", cockpit(samples.incident), ("f", *"wex", "enter")),
    Stage("ritual-complete", cockpit(samples.incident), ("f", *NAME)),
    Stage("ritual-attested", cockpit(samples.unknown, _attested), ("f",)),
    Stage("ritual-result", cockpit(samples.incident), ("f", *NAME, "enter")),
    Stage("help", cockpit(samples.protected), ("question_mark",)),
    Stage("palette", cockpit(samples.incident), ("colon",)),
    Stage("palette-search", cockpit(samples.incident), ("colon", *"arm")),
    Stage("ask-arm", cockpit(samples.protected), ("a",)),
    Stage("ask-quit", cockpit(samples.incident, _plan_held), ("f", "enter", "escape", "q")),
    Stage("bundle-collecting", cockpit(samples.incident, _bundle_held), ("B",)),
    Stage("bundle-listed", cockpit(samples.incident, _bundling), ("B",)),
]
_ASKED = {0: Reached(False, fingerprint=ws.KEY_ALPHA), 1: Reached(False, problem="beta: connection refused.",
                                                                  next_step="Is sshd running on port 22?")}  # fmt: skip
_RUNS = ("enter", "enter")
_GUIDED = [
    Stage("welcome", wizard("", welcome=True)),
    Stage("welcome-lab", wizard("", welcome=True), ("down", "enter")),
    Stage("welcome-again", wizard("network", welcome=True), ("enter", "escape")),
    Stage("wizard-first", wizard("")),
    Stage("wizard-hosts", wizard("hosts and keys", answers=_ASKED), ("enter",)),
    Stage("wizard-engine", wizard("engine")),
    Stage("wizard-network", wizard("network"), ("down",)),
    Stage("wizard-network-untested", wizard("network", tested=False)),
    Stage("wizard-modules", wizard("modules and ifb")),
    Stage("wizard-tuning", wizard("irq and clock")),
    Stage("wizard-guest", wizard("guest")),
    Stage("wizard-review", wizard("review")),
    Stage("wizard-running", wizard("review", hold_at=6), ("enter", HOLD, "enter")),
    Stage("wizard-failed", wizard("review", fail_at=5), _RUNS),
    Stage("wizard-ran", wizard("review"), _RUNS),
    Stage("wizard-written", wizard("review"), (*_RUNS, "enter")),
    Stage("wizard-drill", wizard("review", snapshot=samples.protected), (*_RUNS, "enter", "enter")),
    Stage("wizard-so-far", wizard("network"), ("v",)),
    Stage("wizard-help", wizard("network"), ("question_mark",)),
]
_SAME_LARGE = (
    *("read-only", "armed", "armed-in-vain", "remark", "filter", "frozen", "mute", "two-live", "connecting"),
    *("failing-over", "step-failed", "row-chosen"),
)
"""States that differ from another one in their words only: how that one grows is seen."""

STAGES = {
    stage.name: stage
    for stage in (
        *(replace(each, grows=each.name.removeprefix("cockpit-") not in _SAME_LARGE) for each in _COCKPITS),
        *_PAGES,
        *(replace(stage, grows=False) for stage in _OVER),
        *(replace(stage, guided=True, grows=False) for stage in _GUIDED),
    )
}
