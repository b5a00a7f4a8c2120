"""The drills: what is broken, which incident has to come, what it has to recommend, and what it has to refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from colotui.drill.breaker import Breaker, Seats
from colotui.model.incident import Kind
from colotui.model.plan import Action

Hand = Callable[[Breaker, Seats], None]


@dataclass(frozen=True, slots=True)
class Refused:
    """An action that must be refused while the incident is open. `onto_secondary`: with the lost copy as the survivor.

    `unattested`: the plan is there, but it must not run before the operator attests that the other host is off.
    """

    action: Action
    onto_secondary: bool = False
    unattested: bool = False


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill. `do`: the recommendations that are right; None among them: no plan helps, then `hand` does.

    `refused`: the most dangerous first; that one is tried on the command line too, where it is asked for. `breaks` is
    what happens; `hand` is what an operator does outside of any plan, said by `hand_text`; without it the guest helps
    itself. `later`: what a cockpit that is opened later may name instead, for it has gone on. `mends` puts the lab
    right afterwards; it must do no harm where nothing is to be mended. `heals`: what is forbidden meanwhile is allowed
    again before anybody can try it (the first mismatch makes a checkpoint, and both copies are alike).
    """

    name: str
    text: str
    kind: Kind
    breaks: Hand
    do: tuple[Action | None, ...]
    refused: tuple[Refused, ...] = ()
    hand: Hand | None = None
    hand_text: str = "waits"
    mends: Hand | None = None
    later: tuple[Kind, ...] = ()
    heals: bool = False


ALONE_ONLY = Refused(Action.FAILOVER, onto_secondary=True)
SWITCH = Refused(Action.SWITCH)
REPROTECT = Refused(Action.REPROTECT)
START = Refused(Action.START)
UNATTESTED = Refused(Action.FAILOVER, unattested=True)


def _both_managements(seats: Seats) -> tuple[str, ...]:
    return f"management-{seats.primary}", f"management-{seats.secondary}"


DRILLS: tuple[Drill, ...] = (
    Drill(
        "primary-killed", "kill -9 of the primary's QEMU", Kind.PRIMARY_DEAD,
        lambda lab, seats: lab.kill(seats.primary), (Action.FAILOVER,), (REPROTECT,),
    ),
    Drill(
        "primary-hung", "the primary's QEMU stopped (SIGSTOP)", Kind.PRIMARY_HUNG,
        lambda lab, seats: lab.freeze(seats.primary), (Action.FAILOVER,), (START, SWITCH),
        mends=lambda lab, seats: lab.thaw(seats.primary),
    ),
    Drill(
        "primary-host-off", "power cut of the primary's host", Kind.PRIMARY_HOST_DEAD,
        lambda lab, seats: lab.power(seats.primary, on=False), (Action.FAILOVER,), (UNATTESTED, SWITCH),
        mends=lambda lab, seats: lab.power(seats.primary, on=True),
    ),
    Drill(
        "secondary-killed", "kill -9 of the secondary's QEMU", Kind.SECONDARY_DEAD,
        lambda lab, seats: lab.kill(seats.secondary), (Action.FAILOVER,), (ALONE_ONLY, REPROTECT),
    ),
    Drill(
        "secondary-hung", "the secondary's QEMU stopped (SIGSTOP)", Kind.SECONDARY_HUNG,
        lambda lab, seats: lab.freeze(seats.secondary), (Action.FAILOVER,), (ALONE_ONLY, SWITCH),
        mends=lambda lab, seats: lab.thaw(seats.secondary),
    ),
    Drill(
        "secondary-host-off", "power cut of the secondary's host", Kind.SECONDARY_HOST_DEAD,
        lambda lab, seats: lab.power(seats.secondary, on=False), (Action.FAILOVER,), (UNATTESTED, SWITCH),
        mends=lambda lab, seats: lab.power(seats.secondary, on=True),
    ),
    Drill(
        "forward-cut", "the forward link cut", Kind.FORWARD_CUT,
        lambda lab, seats: lab.cut("forward"), (Action.FAILOVER,), (SWITCH, REPROTECT),
        mends=lambda lab, seats: lab.mend("forward"),
    ),
    Drill(
        "service-cut", "the service network cut on the primary's side", Kind.SERVICE_CUT,
        lambda lab, seats: lab.cut(f"service-{seats.primary}"), (Action.SWITCH,), (START,),
        mends=lambda lab, seats: lab.mend(f"service-{seats.primary}"),
    ),
    Drill(
        "service-cut-spare", "the service network cut on the secondary's side", Kind.SERVICE_CUT,
        lambda lab, seats: lab.cut(f"service-{seats.secondary}"), (None,), (SWITCH, START),
        hand=lambda lab, seats: lab.mend(f"service-{seats.secondary}"), hand_text="repairs the network",
        mends=lambda lab, seats: lab.mend(f"service-{seats.secondary}"),
    ),
    Drill(
        "cockpit-cut", "both management links cut: the cockpit itself is cut off", Kind.COCKPIT_CUT,
        lambda lab, seats: lab.cut(*_both_managements(seats)), (None,),
        (Refused(Action.FAILOVER), ALONE_ONLY, START),
        hand=lambda lab, seats: lab.mend(*_both_managements(seats)), hand_text="repairs its way to the hosts",
        mends=lambda lab, seats: lab.mend(*_both_managements(seats)),
    ),
    Drill(
        "replication-lost", "the secondary's NBD server stopped", Kind.REPLICATION_LOST,
        lambda lab, seats: lab.monitor(seats.secondary, "nbd-server-stop"), (Action.STOP,), (ALONE_ONLY, SWITCH),
    ),
    Drill(
        "disk-full", "the secondary's disk full", Kind.DISK_FULL,
        lambda lab, seats: lab.fill(seats.secondary), (Action.STOP, Action.FAILOVER), (ALONE_ONLY, SWITCH),
        mends=lambda lab, seats: lab.empty(seats.secondary), later=(Kind.SECONDARY_DEAD,),
    ),
    Drill(
        "leftovers", "the lock-step ended past the cockpit: the primary's filters are left", Kind.LEFTOVERS,
        lambda lab, seats: lab.monitor(seats.primary, "x-colo-lost-heartbeat"), (Action.PROTECT,), (SWITCH, START),
    ),
    Drill(
        "triple-fault", "the guest's kernel triple-faults, on both copies", Kind.TRIPLE_FAULT,
        lambda lab, seats: lab.crash("triple-fault"), (None,), (SWITCH,), hand_text="waits for it to boot",
    ),
    Drill(
        "guest-panic", "the guest's kernel panics, on both copies", Kind.GUEST_PANIC,
        lambda lab, seats: lab.crash("panic"), (None,), (SWITCH,),
        hand=lambda lab, seats: lab.monitor(seats.primary, "system_reset"), hand_text="resets the guest",
    ),
    Drill(
        "secondary-reset", "the secondary's copy reset alone", Kind.GUEST_RESET,
        lambda lab, seats: lab.monitor(seats.secondary, "system_reset"), (None,),
        hand_text="waits for the next checkpoint", heals=True,
    ),
    Drill(
        "storm", "clients whose replies differ on the two copies", Kind.STORM,
        lambda lab, seats: lab.load(on=True), (None,),
        hand=lambda lab, seats: lab.load(on=False), hand_text="takes the load away",
        mends=lambda lab, seats: lab.load(on=False),
    ),
    Drill(
        "work-moved", "the work of the forward NIC given to another CPU", Kind.IRQ_MOVED,
        lambda lab, seats: lab.move_work(seats.secondary, moved=True), (None,),
        hand=lambda lab, seats: lab.move_work(seats.secondary, moved=False), hand_text="puts it back",
        mends=lambda lab, seats: lab.move_work(seats.secondary, moved=False),
    ),
)  # fmt: skip
"""Every way that can be made to happen in the lab. Not there: deadlock at a checkpoint (QEMU 11 has none), clocks
(both hosts have this machine's), modules (built into the kernel), a corrupt secondary, and what only Xen has. Two live
copies could be made, and are not: both would tell clients numbers of their own, which is what must never happen."""


def by_name(name: str) -> Drill | None:
    """The drill of that name."""
    return next((drill for drill in DRILLS if drill.name == name), None)
