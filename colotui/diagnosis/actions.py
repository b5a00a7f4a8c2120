"""Which action is allowed in which state, and why not: the one table the cockpit, the CLI and every plan obey."""

from __future__ import annotations

from dataclasses import dataclass

from colotui.diagnosis.advice import veto
from colotui.diagnosis.evidence import Evidence, alive, answers, complete, in_step, stuck
from colotui.model.plan import Action
from colotui.model.protection import Copy, Life, Role


@dataclass(frozen=True, slots=True)
class Way:
    """How a failover would go: who survives, whether it has to be promoted, and what stands in its way.

    `attest`: the lost host cannot be reached, so the operator must attest that it is off.
    """

    survivor: str
    lost: str
    promote: bool
    attest: bool = False


def two_live(evidence: Evidence) -> bool:
    """Two copies speak to the client."""
    return sum(copy.speaks is True and answers(copy) for copy in evidence.copies.values()) > 1


def failover_way(evidence: Evidence, to: str = "") -> Way | str:
    """The safe way to one live copy, or the reason why there is none. `to` asks for a survivor by name."""
    primary, secondary = evidence.primary, evidence.secondary
    if two_live(evidence):
        return "two copies speak: end the wrong one on its host first"
    if primary is None and secondary is None:
        return "no copy of the guest is there: start it"
    if primary is not None and secondary is not None and not to:
        healthy = in_step(primary, secondary) and not evidence.stalled and not evidence.link_cut
        if healthy:
            return veto(evidence.incidents, Action.SWITCH) or "both copies are well: use the planned switch"
    choices: list[Way | str] = []
    if primary is not None:
        choices.append(_carry_on(evidence, primary))
    if secondary is not None:
        choices.append(_promote(evidence, secondary))
    ways = [choice for choice in choices if isinstance(choice, Way) and to in ("", choice.survivor)]
    if ways:
        return ways[0]
    reasons = [choice for choice in choices if isinstance(choice, str)]
    return reasons[-1] if reasons else f"{to} holds no copy that could carry on"


def _carry_on(evidence: Evidence, primary: Copy) -> Way | str:
    lost = evidence.other(primary.host)
    barred = veto(evidence.incidents, Action.FAILOVER, alone=True)
    if barred is not None:
        return barred
    # A primary whose peer went in the midst of a checkpoint hangs on it until its links are cut, which comes first.
    peer_gone = lost.life in (Life.DEAD, Life.ABSENT, Life.UNREACHABLE)
    if not answers(primary) and not (peer_gone and stuck(primary)):
        return f"the primary on {primary.host} is {primary.life.value}"
    if not primary.armed and primary.life is not Life.PAUSED:
        return f"{primary.host} already carries on alone"
    # Another cockpit may have promoted the copy on a host that we cannot reach: then ours must stay mute.
    return Way(primary.host, lost.host, promote=False, attest=lost.life is Life.UNREACHABLE)


def _promote(evidence: Evidence, secondary: Copy) -> Way | str:
    lost = evidence.other(secondary.host)
    barred = veto(evidence.incidents, Action.FAILOVER)
    if barred is not None:
        return barred
    if secondary.damage:
        return f"{secondary.host}'s copy is damaged: {secondary.damage}"
    if not complete(secondary):
        return f"{secondary.host} holds no complete copy ({secondary.migration or secondary.life.value})"
    if lost.generation > secondary.generation:
        return f"{lost.host} carried on alone since: {secondary.host}'s copy is older"
    return Way(secondary.host, lost.host, promote=True, attest=lost.life is Life.UNREACHABLE)


def refusal(evidence: Evidence, action: Action) -> str | None:
    """Why `action` is not allowed now; None when it is."""
    if evidence.progress is not None and evidence.progress.running:
        return f"{evidence.progress.action.value} is running"
    if two_live(evidence):
        return "two copies speak: end the wrong one on its host first"
    # Of a failover it depends on who survives: failover_way asks for each way.
    barred = veto(evidence.incidents, action) if action is not Action.FAILOVER else None
    return barred if barred is not None else _RULES[action](evidence)


def _start(evidence: Evidence) -> str | None:
    for copy in evidence.copies.values():
        if answers(copy) and copy.role is Role.PRIMARY:
            return f"it is there on {copy.host}"
        if complete(copy):
            return f"{copy.host} has a complete copy: fail over to it"
        if copy.life is Life.HUNG and copy.role is not Role.SECONDARY:
            return f"it hangs on {copy.host}: end that QEMU by hand, or wait for it"
    if all(copy.life is Life.UNREACHABLE for copy in evidence.copies.values()):
        return "no host can be reached"
    return None


def _protect(evidence: Evidence) -> str | None:
    primary = evidence.primary
    if primary is None or not answers(primary):
        return "no running guest to protect"
    twin = evidence.other(primary.host)
    if twin.life is Life.UNREACHABLE:
        return f"{twin.host} cannot be reached"
    if twin.role is Role.PRIMARY and twin.speaks:
        return "two live copies: end one first"
    if in_step(primary, twin) and primary.generation == twin.generation:
        return "it is protected"
    if primary.in_colo and not in_step(primary, twin):
        return "end the broken lock-step first (fail over)"
    if evidence.link_cut:
        return "the forward link is down"
    return None


def _reprotect(evidence: Evidence) -> str | None:
    primary = evidence.primary
    if primary is not None and primary.generation == 0 and not evidence.why:
        return "no need: never failed over"
    return _protect(evidence)


def _failover(evidence: Evidence) -> str | None:
    way = failover_way(evidence)
    return way if isinstance(way, str) else None


def _switch(evidence: Evidence) -> str | None:
    primary, secondary = evidence.primary, evidence.secondary
    if primary is None or secondary is None or not in_step(primary, secondary):
        return "not protected"
    if evidence.stalled or evidence.link_cut:
        return "the lock-step stands still: fail over"
    way = _promote(evidence, secondary)
    return way if isinstance(way, str) else None


def _stop(evidence: Evidence) -> str | None:
    primary = evidence.primary
    if primary is None or not answers(primary):
        return "no running primary"
    twin = evidence.other(primary.host)
    if not primary.armed and not (alive(twin) and twin.role is Role.SECONDARY):
        return "not protected"
    if twin.life is Life.UNREACHABLE:
        return f"{twin.host} cannot be reached: fail over"
    return None


def _shutdown(evidence: Evidence) -> str | None:
    primary = evidence.primary
    if primary is None or not answers(primary):
        return "no running guest"
    twin = evidence.other(primary.host)
    if primary.armed or (alive(twin) and twin.life is not Life.UNREACHABLE and twin.role is Role.SECONDARY):
        # In lock-step both copies would power off, and COLO is known to crash on it.
        return "protected: stop the protection first"
    return None


def _undo(evidence: Evidence) -> str | None:
    failed = evidence.progress is not None and evidence.progress.failed
    return None if evidence.half_run or failed else "nothing is half done"


def _setup(evidence: Evidence) -> str:
    return "a pair is set up by `colotui setup`"


_RULES = {
    Action.START: _start,
    Action.PROTECT: _protect,
    Action.REPROTECT: _reprotect,
    Action.FAILOVER: _failover,
    Action.SWITCH: _switch,
    Action.STOP: _stop,
    Action.UNDO: _undo,
    Action.SHUTDOWN: _shutdown,
    Action.SETUP: _setup,
}
