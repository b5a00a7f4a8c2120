"""The module step on a host that only records: unloading and missing modules cannot be had in the lab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from colotui.errors import ActionRefused, CommandFailed
from colotui.host.answers import AgentInfo, CommandResult
from colotui.host.modules import PLAIN, PURPOSES
from colotui.model.facts import Module, ModuleState
from colotui.model.pair import EngineKind, GuestSpec, NicSpec, Pair
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.setup import modules
from colotui.setup.ledger import Ledger
from colotui.setup.site import Site
from tests.lab.preparing import survey
from tests.unit.setup.test_clock import SPECS, Recorder


class Kernel(Recorder):
    """Knows modules; `in_use` cannot be unloaded, `refuses` not be loaded."""

    def __init__(self, **states: ModuleState) -> None:
        super().__init__()
        self.states = dict.fromkeys([*PLAIN, *PURPOSES], ModuleState.BUILT_IN) | states
        self.in_use: set[str] = set()
        self.refuses: set[str] = set()
        self.info = AgentInfo("3.11", 0, 100, "6.12.1", "alpha", "x86_64", 1)

    async def mkdir(self, path: str, mode: int = 0o700) -> None:
        return

    async def run(self, argv: Sequence[str], timeout: float = 10, *, check: bool = True) -> CommandResult:
        self.ran.append(list(argv))
        assert argv[0] == "modprobe"
        if argv[1] == "-r":
            if argv[2] in self.in_use:
                return CommandResult(1, "", "FATAL: Module is in use.")
            self.states[argv[2]] = ModuleState.LOADABLE
        elif argv[1] in self.refuses:
            raise CommandFailed(self.name, tuple(argv), 1, "FATAL: bad signature")
        else:
            self.states[argv[1]] = ModuleState.LOADED
        return CommandResult(0, "", "")


@pytest.fixture(autouse=True)
def kernel_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reader:
        def __init__(self, host: Kernel, names: Iterable[str] = PURPOSES) -> None:
            self.host, self.names = host, tuple(names)

        async def read(self, kernel: str) -> tuple[Module, ...]:
            return tuple(Module(name, self.host.states[name], "for this", "a note") for name in self.names)

    monkeypatch.setattr(modules, "ModuleReader", Reader)


def site(host: Kernel, *, nics: int = 2, engine: EngineKind = EngineKind.QEMU) -> Site:
    guest = GuestSpec("web01", 1 << 30, (), (NicSpec("00:16:4f:00:00:11"),) * nics, engine)
    return Site(Pair("pair", SPECS, (guest,)), SPECS[0], host, survey("alpha"), Ledger(host))  # type: ignore[arg-type]


async def one(host: Kernel, wanted: Wanted, **how: Any) -> Step:
    (step,) = await modules.steps(site(host, **how), wanted)
    assert step.check is not None
    assert step.undo is not None
    return step


CLASSIC = Wanted(ifb=True, wiring=True)
LOADABLE, LOADED, MISSING, GONE = (
    ModuleState.LOADABLE,
    ModuleState.LOADED,
    ModuleState.MISSING,
    ModuleState.GONE,
)


async def test_what_it_loaded_it_unloads_and_nothing_else() -> None:
    host = Kernel(tun=LOADED, ifb=LOADABLE, sch_ingress=LOADABLE, cls_u32=LOADED, cls_tcindex=GONE, blktap2=GONE)
    step = await one(host, CLASSIC)
    assert step.check is not None
    assert step.undo is not None
    assert "cls_tcindex: a note" in step.why
    assert not await step.check()
    assert await step.apply() == "loaded sch_ingress ifb"
    assert host.ran == [["modprobe", "sch_ingress"], ["modprobe", "ifb", "numifbs=4"]]
    assert await step.check()
    assert host.files[modules.LOAD_FILE].decode().splitlines()[1:] == ["tun", "sch_ingress", "cls_u32", "ifb"]
    assert b"options ifb numifbs=4" in host.files[modules.OPTIONS_FILE]

    host.ran.clear()
    host.in_use = {"sch_ingress"}
    again = await one(host, Wanted())  # an undo does not know what was wanted then, but asks for all
    assert again.undo is not None
    assert await step.undo() == "sch_ingress stays loaded: in use"
    assert host.ran == [["modprobe", "-r", "ifb"], ["modprobe", "-r", "sch_ingress"]]
    assert host.files == {}
    assert host.states["cls_u32"] is host.states["tun"] is LOADED


async def test_a_boot_file_that_is_gone_is_written_again() -> None:
    host = Kernel(ifb=LOADED)
    step = await one(host, CLASSIC)
    assert step.check is not None
    await step.apply()
    assert host.ran == []
    del host.files[modules.OPTIONS_FILE]
    assert not await step.check()
    host.files.pop(modules.LOAD_FILE)
    bare = await one(host, Wanted(ifb=True, keep=False))
    assert bare.check is not None
    assert await bare.check(), "nothing is to be kept over a boot"


async def test_only_what_is_called_for() -> None:
    host = Kernel(ifb=LOADABLE, cls_basic=MISSING)
    assert await modules.steps(site(host), Wanted()) == []
    assert len(await modules.steps(site(host, engine=EngineKind.XEN), Wanted())) == 1
    assert await modules.steps(site(Kernel(cls_basic=MISSING, cls_tcindex=GONE, blktap2=GONE)), CLASSIC) == []


async def test_a_kernel_without_it_is_said_after_the_rest_was_loaded() -> None:
    host = Kernel(ifb=MISSING, tun=LOADABLE)
    step = await one(host, CLASSIC)
    assert step.check is not None
    with pytest.raises(ActionRefused, match=r"kernel 6\.12\.1 has no ifb"):
        await step.apply()
    assert host.states["tun"] is LOADED
    assert not await step.check()


async def test_a_module_that_does_not_load_is_a_failure_that_can_be_taken_back() -> None:
    host = Kernel(ifb=LOADABLE, sch_ingress=LOADABLE)
    host.refuses = {"ifb"}
    step = await one(host, CLASSIC)
    assert step.undo is not None
    with pytest.raises(CommandFailed, match="bad signature"):
        await step.apply()
    assert await step.undo() == "as it was"
    assert host.states["sch_ingress"] is LOADABLE
    assert host.files == {}
