"""What to do about each kind of incident, what not to do and why: one table, obeyed by cockpit, CLI and wizard.

Places in braces are filled from the evidence: {guest}, {primary}, {secondary}. `do` is tried from left to right; what
the state (diagnosis.actions) or another open incident refuses is never recommended.

FAILOVER in `forbids` means promoting the other copy. Carrying on with the copy that spoke so far stays possible, for
it loses nothing that a client has seen; only the kinds in AMBIGUOUS forbid that too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from colotui.diagnosis.evidence import Evidence
from colotui.model.incident import Diagnosed, Kind
from colotui.model.plan import Action

NONE: frozenset[Action] = frozenset()
ALL = frozenset(Action)
NO_PROMOTION = frozenset({Action.FAILOVER, Action.SWITCH})
NO_TWIN = frozenset({Action.PROTECT, Action.REPROTECT, Action.SWITCH})
NO_SWITCH = frozenset({Action.SWITCH})

AMBIGUOUS = frozenset({Kind.TWO_LIVE, Kind.COCKPIT_CUT})
"""Kinds in which a copy that we do not see, or a second one, may speak: then even carrying on is forbidden."""


class Remedy(NamedTuple):
    """An action and what it means here. Of FAILOVER `promotes` says which of its two ways is meant."""

    action: Action
    text: str
    promotes: bool | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """One row. `otherwise`: what to do where no action of ours helps. `why_not` belongs to `forbids`."""

    client: str
    do: tuple[Remedy, ...] = ()
    otherwise: str = ""
    do_not: str = ""
    forbids: frozenset[Action] = NONE
    why_not: str = ""


PROMOTE = Remedy(Action.FAILOVER, "fail over to {secondary}", promotes=True)
ALONE = Remedy(Action.FAILOVER, "carry on with {primary} alone", promotes=False)
FREE = Remedy(Action.FAILOVER, "cut {primary}'s links to its lost twin, and carry on with it alone", promotes=False)
ATTESTED = Remedy(Action.FAILOVER, "promote {secondary}, once {primary} is proven or attested off", promotes=True)
ALONE_ATTESTED = Remedy(
    Action.FAILOVER, "carry on with {primary} alone, once you attest that {secondary} is mute", promotes=False
)
STOP_ANEW = Remedy(Action.STOP, "stop the protection, then protect anew: {secondary} gets a fresh copy")
START = Remedy(Action.START, "start it")
SWITCH = Remedy(Action.SWITCH, "switch to {secondary}")
SILENT = "The client gets no reply."
MUTE = "No reply reaches the client until one copy carries on alone."
SERVED = "The client is served."

TABLE: dict[Kind, Advice] = {
    Kind.TWO_LIVE: Advice(
        "It gets answers of two guests that know nothing of each other; each writes its own disk.", (),
        "decide which copy is right, and end the other one on its host; nothing here chooses for you",
        "do not promote, start or protect anything before that", ALL,
        "two copies speak: end the wrong one on its host first"),
    Kind.PRIMARY_DEAD: Advice(
        SILENT, (PROMOTE, START), "bring the host back whose disk is the newest",
        "do not start {primary}'s QEMU again first",
        frozenset({Action.PROTECT, Action.REPROTECT}), "the primary is dead: first let one copy serve"),
    Kind.PRIMARY_HOST_DEAD: Advice(
        SILENT, (ATTESTED,),
        "find out whether {primary} has power", "do not promote {secondary} while {primary} may speak",
        frozenset({Action.START, Action.PROTECT, Action.REPROTECT, Action.SWITCH}),
        "{primary} may still run the guest: make sure first that it is off"),
    Kind.PRIMARY_HUNG: Advice(
        SILENT, (PROMOTE, FREE), "wait for {primary}'s QEMU, or end it on its host",
        "do not promote {secondary} before {primary}'s QEMU is killed: it may wake up (the plan kills it first)",
        frozenset({Action.START, Action.PROTECT, Action.REPROTECT, Action.SWITCH}),
        "the QEMU on {primary} hangs and may wake up: fail over, which ends it first"),
    Kind.DEADLOCK: Advice(
        SILENT, (PROMOTE, ALONE), "end the deadlocked QEMU on its host, then start {guest}",
        "do not wait for it: a deadlock does not end by itself; do not protect again with this QEMU",
        frozenset({Action.PROTECT, Action.REPROTECT, Action.SWITCH}),
        "QEMU deadlocks at a checkpoint: with the same version it would do so again"),
    Kind.SECONDARY_DEAD: Advice(
        MUTE, (ALONE,), "", "do not promote {secondary}: it is gone",
        frozenset({Action.SWITCH, Action.PROTECT, Action.REPROTECT}), "end the broken lock-step first (fail over)"),
    Kind.SECONDARY_HUNG: Advice(
        MUTE, (ALONE,), "",
        "do not talk to {primary}'s QEMU by hand: drive_del would hang it too (the plan yanks first)",
        frozenset({Action.SWITCH, Action.PROTECT, Action.REPROTECT}), "end the broken lock-step first (fail over)"),
    Kind.SECONDARY_HOST_DEAD: Advice(
        MUTE, (ALONE_ATTESTED,), "",
        "do not promote {secondary} when it comes back", frozenset({Action.SWITCH, Action.PROTECT, Action.REPROTECT}),
        "{secondary}'s host is silent: end the broken lock-step first (fail over)"),
    Kind.FORWARD_CUT: Advice(
        MUTE, (ALONE,), "repair the forward link", "do not promote {secondary} without fencing {primary}",
        NO_TWIN, "the forward link is cut: no copy can follow the other"),
    Kind.SERVICE_CUT: Advice(
        "Clients of the cut side reach nothing.", (SWITCH,), "repair the service network",
        "do not start a second copy to get round it",
        frozenset({Action.START}), "the guest lives: only its network is cut"),
    Kind.COCKPIT_CUT: Advice(
        "Nothing need have changed for it: the hosts go on without this cockpit.", (),
        "do nothing to the guest; repair the way from this cockpit to the hosts",
        "do not promote, start or end anything from here", ALL,
        "this cockpit is cut off, and the guest may well be served"),
    Kind.REPLICATION_LOST: Advice(
        SERVED + " A failover would lose what was written since.", (STOP_ANEW,), "carry on with {primary}",
        "do not promote {secondary}: its disk misses writes", NO_PROMOTION,
        "{secondary}'s disk misses writes that clients were told are done"),
    Kind.DISK_FULL: Advice(
        SERVED + " If the secondary's QEMU ends of it, replies stop until {primary} carries on alone.",
        (STOP_ANEW, ALONE), "make room on {secondary}, then protect anew",
        "do not promote {secondary}: its disk is not whole", NO_PROMOTION, "{secondary}'s disk is not whole"),
    Kind.TRIPLE_FAULT: Advice(
        "It loses its connections; the guest boots anew.", (), "read the guest's own log for the time before; "
        "start it again where it was ended", "do not fail over for it: both copies run the same fault", NO_SWITCH,
        "both copies have faulted: the other one is no better"),
    Kind.TRIPLE_FAULT_ONE: Advice(
        "Its replies stop until the next checkpoint makes both copies alike (about 2 s, measured).", (),
        "wait for the next checkpoint; if it comes again, stop the protection and protect anew",
        "do not switch before both copies are alike again", NO_SWITCH, "one copy was reset and the other was not"),
    Kind.GUEST_RESET: Advice(
        "It loses its connections and is served again when the guest has booted.", (), "wait for it to boot",
        "do not switch while it boots", NO_SWITCH, "the guest has just been reset: wait for the next checkpoints"),
    Kind.GUEST_PANIC: Advice(
        SILENT, (), "reset the guest on {primary} (its console, or system_reset), and read its console first",
        "do not fail over for it: the other copy has the same dead kernel", NO_SWITCH,
        "the other copy has the same dead kernel"),
    Kind.SECONDARY_CORRUPT: Advice(
        SERVED + " A failover might bring up a broken guest.", (STOP_ANEW,), "protect anew",
        "do not promote {secondary}: its memory is not the primary's", NO_PROMOTION,
        "{secondary}'s kernel fails alone: its memory is not the primary's"),
    Kind.STORM: Advice(
        "It is served, slowly.", (), "make the two copies' replies alike",
        "do not shorten the checkpoint delay: it adds to them"),
    Kind.STALLED: Advice(
        MUTE, (ALONE,), "", "do not promote {secondary} without fencing {primary}",
        NO_TWIN, "the lock-step stands still: fail over"),
    Kind.SLOW_PAUSE: Advice("Each reply may wait that long.", (), "shorten what a checkpoint waits for", ""),
    Kind.CLOCK_DRIFT: Advice(
        SERVED + " Logs of the two hosts cannot be put side by side.", (),
        "set both clocks (chrony or systemd-timesyncd), then look again",
        "do not set a clock by a jump while in lock-step"),
    Kind.MODULE_LOST: Advice(
        SERVED + " Until the next packet needs it.", (),
        "load the module again, then stop the protection and protect anew",
        "do not protect anew before it is there", frozenset({Action.REPROTECT, Action.PROTECT}),
        "a kernel module that COLO needs is gone"),
    Kind.IRQ_MOVED: Advice(
        SERVED + " Packets may come out of order: more checkpoints.", (),
        "put it back (`colotui setup --only irqs`), and stop irqbalance",
        "do not move interrupts while in lock-step"),
    Kind.LEFTOVERS: Advice(
        "It depends on what was left.",
        (Remedy(Action.UNDO, "undo it"), Remedy(Action.PROTECT, "go on with the protection"), ALONE),
        "end what was left, by its name", "do not end a copy before you know which one speaks"),
    Kind.QMP_TIMEOUT: Advice(
        SERVED, (), "run it again: it does not come each time; look at the load of that host",
        "do not kill a QEMU for one timeout"),
    Kind.HEARTBEAT: Advice(
        SERVED + " By the copy that the heartbeat gave up.", (), "keep the heartbeat off, as the seed says",
        "do not promote on a heartbeat alone", NO_PROMOTION, "only the heartbeat says that the primary is dead"),
    Kind.SERVICE_SILENT: Advice(
        "It may get no reply.", (), "look at the guest's console and at the way there",
        "do not fail over for it: both copies run the same guest"),
}  # fmt: skip
"""The whole advice of this program. Every kind has a row; whatever is forbidden has its reason."""


def fill(text: str, evidence: Evidence) -> str:
    """`text` with the names of this guest and its hosts."""
    primary, secondary = evidence.primary, evidence.secondary
    hosts = list(evidence.copies)
    first = primary.host if primary else ""
    second = secondary.host if secondary else ""
    first = first or next((host for host in hosts if host != second), "the primary")
    if not second or second == first:
        second = next((host for host in hosts if host != first), "the secondary")
    return text.format(guest=evidence.spec.name, primary=first, secondary=second)


def veto(incidents: Iterable[Diagnosed], action: Action, *, alone: bool = False) -> str | None:
    """Why an open incident forbids `action`; None when none does. `alone`: FAILOVER without a promotion."""
    for incident in incidents:
        if action not in incident.forbids:
            continue
        if alone and action is Action.FAILOVER and incident.kind not in AMBIGUOUS:
            continue
        return incident.why_not
    return None
