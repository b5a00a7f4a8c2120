"""Rules on the guest itself: triple fault or reboot, on both copies or on one; a panic; a copy gone wrong alone.

That a console or a log is silent proves nothing. What tells a triple fault from a reboot is said by somebody: QEMU's
log (`Triple fault`, or a processor's reset without one), or the guest's console on its way down.
"""

from __future__ import annotations

from dataclasses import replace

from colotui.diagnosis.evidence import alive, in_step
from colotui.diagnosis.incidents.case import Case, Finding, in_order, spoken
from colotui.model.incident import Confidence, Fact, Kind, Source
from colotui.model.protection import Role, Severity

PAIRED = 5.0
"""Seconds within which two copies in lock-step are reset by one cause (measured: 0.1 s, or a checkpoint more)."""

SETTLING = 1.5
"""Seconds a reset is left alone: the log and the twin tell theirs within a second."""

ON_ITS_WAY = 30.0
"""Seconds before a reset in which a guest that reboots has said so on its console."""


def resets(case: Case) -> Finding | None:
    """The newest reset of the guest: what it was, of which copies, and whether it is over."""
    found = _newest_reset(case)
    if found is None:
        return None
    resets_at = [fact for fact in found.witnesses if fact.what in ("RESET", "SHUTDOWN", "triple")]
    last = max(fact.at for fact in resets_at)
    primary = case.primary
    if not case.alike_since(last) or not in_step(*case.evidence.copies.values()):
        return found
    # A copy that was reset alone is overwritten with the primary's memory; a primary that was reset has to boot.
    probe = case.evidence.probe
    boots = primary is not None and any(fact.host == primary.host for fact in resets_at)
    if boots and probe is not None and not (probe.ok and probe.at > last):
        return found
    over = "nothing: the checkpoints since then have made both copies alike"
    return replace(found, over=over + (", and its service answers" if boots and probe is not None else ""))


def _newest_reset(case: Case) -> Finding | None:
    events = tuple(fact for fact in case.said("RESET", "SHUTDOWN") if fact.source is Source.QMP and _is_reset(fact))
    faults = case.said("triple")
    newest = max((*events, *faults), key=lambda fact: fact.at, default=None)
    if newest is None or case.planned:
        return None
    about = tuple(fact for fact in (*events, *faults) if newest.at - fact.at <= PAIRED)
    begun = min(fact.at for fact in about)
    # A QEMU that was told to stop instead of to reset says so again with every checkpoint.
    if case.now - begun < SETTLING:
        return None
    asked = tuple(fact for fact in about if "host-" in fact.text)
    hosts = {fact.host for fact in about}
    both = len(hosts) > 1
    where = "on both hosts" if both else f"on {newest.host} alone"
    triple = tuple(fact for fact in about if fact.what == "triple")
    log = case.around(begun, "cpu-reset", before=1.0, after=PAIRED)
    words = case.around(begun, "goes-down", before=ON_ITS_WAY, after=1.0)
    witnesses = in_order(about, words, log)
    if triple and both:
        return _fault(case, both, newest.host, Confidence.PROVEN, witnesses, "")
    if triple and any(fact.host == newest.host for fact in events):
        return _fault(case, both, newest.host, Confidence.PROVEN, witnesses, "")
    if triple:
        return _unheard_fault(case, triple[0], witnesses)
    if asked:
        sentence = f"{case.guest} was reset {where}: asked for over QMP ({asked[0].text})."
        return Finding(Kind.GUEST_RESET, sentence, Confidence.PROVEN, Severity.WARNING, witnesses)
    if log or words:
        proven = Confidence.PROVEN if log and words else Confidence.LIKELY
        how = "its console says so" if words else "QEMU logged the reset, and no triple fault"
        settle = "" if proven is Confidence.PROVEN else "what the guest's own log says of the time"
        sentence = f"{case.guest} rebooted {where}: {how}."
        return Finding(Kind.GUEST_RESET, sentence, proven, Severity.WARNING, witnesses, settle)
    if not both:
        other = case.other(newest.host)
        if other.role is Role.NONE or not alive(other):
            return _unknown_reset(case, where, witnesses)
        return _fault(case, both, newest.host, Confidence.LIKELY, witnesses, _SETTLE)
    if any(fact.source is Source.SERIAL for fact in case.facts):
        return _fault(case, both, newest.host, Confidence.POSSIBLE, witnesses, _SETTLE)
    return _unknown_reset(case, where, witnesses)


def panic(case: Case) -> Finding | None:
    """The guest's kernel has panicked on the primary; the lock-step goes on copying a dead guest."""
    primary = case.primary
    if primary is None or not alive(primary):
        return None
    own = [fact for fact in case.about(primary.host, case.facts) if fact.host == primary.host]
    told = [fact for fact in own if fact.what in ("panic", "GUEST_PANICKED")]
    if not told:
        return None
    since = [fact for fact in own if fact.what in ("RESET", "boot", "exit")]
    last = told[-1]
    if any(fact.at > last.at for fact in since):
        return None
    device = any(fact.source is Source.QMP for fact in told)
    probe = case.evidence.probe
    if not device and probe is not None and probe.ok and probe.at > last.at + SETTLING:
        return None  # a kernel that has panicked serves nobody: the text is an old one, or somebody else's
    silent = probe is not None and not probe.ok
    sure = device or silent
    witnesses: tuple[Fact, ...] = (last,)
    if probe is not None and silent:
        at = probe.silent_since if probe.silent_since is not None else probe.at
        witnesses = in_order(last, spoken("", Source.PROBE, "silent", f"{probe.target}: {probe.error}", at))
    bound = primary.in_colo
    sentence = f"{case.guest}'s kernel has panicked{'; both copies run the dead guest' if bound else ''}."
    settle = "" if sure else "whether its service answers: a text on a console can be anybody's"
    confidence = Confidence.PROVEN if sure else Confidence.LIKELY
    return Finding(Kind.GUEST_PANIC, sentence, confidence, Severity.ERROR, witnesses, settle)


def corrupt_secondary(case: Case) -> Finding | None:
    """The secondary's kernel fails and the primary's does not: its memory is not what the primary's is."""
    secondary = case.secondary
    if secondary is None or not alive(secondary):
        return None
    # Its host's kernel is another one, and speaks through the kernel log.
    told = case.about(secondary.host, _failures(case, secondary.host))
    noted = secondary.damage.startswith("its kernel said")
    if not told and not noted:
        return None
    primary = case.other(secondary.host)
    # After a panic of both copies and a reset the secondary may still fail alone (seen): each word is looked at itself.
    twins = _failures(case, primary.host)
    alone = [fact for fact in told if not any(_same_failure(fact, twin) for twin in twins)]
    if told and not alone:
        return None
    witnesses = tuple(alone) or (spoken(secondary.host, Source.HOST, "damage", secondary.damage, secondary.seen_at),)
    words = witnesses[0].text if alone else secondary.damage
    sentence = f"The secondary's kernel on {secondary.host} fails alone (`{words}`): its memory is not the primary's."
    settle = f"the console of {primary.host}: the same words there would mean a fault of the guest itself"
    return Finding(Kind.SECONDARY_CORRUPT, sentence, Confidence.LIKELY, Severity.ERROR, in_order(witnesses), settle)


def _failures(case: Case, host: str) -> tuple[Fact, ...]:
    said = case.said("oops", "panic", "past-oops", "GUEST_PANICKED", host=host, within=900.0)
    return tuple(fact for fact in said if fact.source is not Source.KERNEL)


def _same_failure(one: Fact, twin: Fact) -> bool:
    """Said at the same time; of what stood on a console before we came only the text can be compared."""
    if "past-oops" in (one.what, twin.what):
        return one.text == twin.text
    return abs(one.at - twin.at) <= PAIRED


_SETTLE = "QEMU's log with `-d cpu_reset` (TCG only), or what the guest's own log says of the time before"


def _is_reset(fact: Fact) -> bool:
    """A reset, or the end of a QEMU that was told not to reset; a guest's power-off or our own `quit` is neither."""
    return fact.what == "RESET" or fact.text == "guest-reset"


def _fault(
    case: Case, both: bool, host: str, confidence: Confidence, witnesses: tuple[Fact, ...], settle: str
) -> Finding:
    seen = confidence is Confidence.PROVEN or any(fact.what == "triple" for fact in witnesses)
    word = "has triple-faulted" if seen else "may have triple-faulted"
    if both:
        down = " Its console said just before that it goes down." if _said_down(witnesses) else ""
        sentence = f"{case.guest} {word} on both hosts at the same time: it is the guest's own software.{down}"
        return Finding(Kind.TRIPLE_FAULT, sentence, confidence, Severity.ERROR, witnesses, settle)
    sentence = f"The {case.role(host).value} of {case.guest} on {host} {word}, and of its twin nobody said so."
    return Finding(Kind.TRIPLE_FAULT_ONE, sentence, confidence, Severity.ERROR, witnesses, settle)


def _unheard_fault(case: Case, fault: Fact, witnesses: tuple[Fact, ...]) -> Finding:
    """Only a log tells of it: nobody listened to the monitors then, so nothing is known of the twin."""
    if fault.source is Source.HYPERVISOR:
        # Each hypervisor has a log of its own; that the other one is silent proves nothing.
        return _fault(case, False, fault.host, Confidence.LIKELY, witnesses, "`xl list` and `xl dmesg` on both hosts")
    sentence = f"{case.guest} has triple-faulted on {fault.host}; whether its twin did too was not seen."
    settle = f"the console of {case.other(fault.host).host}: input is mirrored, so most faults come to both"
    return Finding(Kind.TRIPLE_FAULT, sentence, Confidence.LIKELY, Severity.ERROR, witnesses, settle)


def _said_down(witnesses: tuple[Fact, ...]) -> bool:
    return any(fact.what == "goes-down" for fact in witnesses)


def _unknown_reset(case: Case, where: str, witnesses: tuple[Fact, ...]) -> Finding:
    sentence = f"{case.guest} was reset {where}; whether it rebooted or faulted, nobody has said."
    return Finding(Kind.GUEST_RESET, sentence, Confidence.POSSIBLE, Severity.WARNING, witnesses, _SETTLE)


RULES = (resets, panic, corrupt_secondary)
