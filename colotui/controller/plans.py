"""Builds the plan of an action from the state as it is: title, what it means, what must be typed, the steps."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from colotui.controller.guest import GuestWatch
from colotui.controller.runner import undo_steps
from colotui.diagnosis.actions import Way, failover_way, refusal
from colotui.diagnosis.evidence import Evidence, alive, answers
from colotui.errors import ActionRefused
from colotui.host.channel import ProcessInfo
from colotui.model.pair import Pair
from colotui.model.plan import Action, Line, Plan, Step
from colotui.model.protection import Copy, Life, Role

ANSWER_LIMIT = 5.0
"""Seconds the guest's service gets to answer after a failover before the plan says that it does not."""


async def build(pair: Pair, watch: GuestWatch, action: Action, to: str) -> Plan:
    """The plan of `action`. Raises ActionRefused with the reason, EngineUnfit, or a HostError."""
    evidence = watch.evidence()
    reason = refusal(evidence, action) if not (action is Action.FAILOVER and to) else None
    if reason is not None:
        raise ActionRefused(f"{watch.spec.name}: {action.value} is not possible now: {reason}.")
    return await _BUILDERS[action](pair, watch, evidence, to)


async def _start(pair: Pair, watch: GuestWatch, evidence: Evidence, to: str) -> Plan:
    name = watch.spec.name
    reachable = [copy for copy in evidence.copies.values() if copy.life is not Life.UNREACHABLE]
    dark = [copy for copy in evidence.copies.values() if copy.life is Life.UNREACHABLE]
    usable = [copy for copy in reachable if copy.generation >= 0]
    if not usable:
        raise ActionRefused(
            f"{name}: the disk on {reachable[0].host} was being overwritten when the copying ended; it must not start.",
            f"Bring {dark[0].host} back and start it there." if dark else "Restore the guest's disk first.",
        )
    newest = max(usable, key=lambda c: (c.generation, watch.engine.record(c.host).role == Role.PRIMARY.value))
    host = to or newest.host
    chosen = evidence.copies[host]
    if chosen.generation < newest.generation or chosen.generation < 0:
        raise ActionRefused(
            f"{name}: {newest.host} carried it on alone since, its disk is newer than {host}'s.",
            f"Start it on {newest.host}.",
        )
    lines = [Line("Where", f"{host}: its disk is the newest known (generation {chosen.generation}).")]
    attest = ""
    if dark:
        attest = f"{dark[0].host} is off, or runs no copy of {name}, and has no newer disk"
        lines.append(Line("Fence", f"{dark[0].host} cannot be reached: you attest that {attest}."))
    steps = await watch.engine.start_steps(host)
    return Plan(Action.START, name, f"Start {name} on {host}", steps, tuple(lines), name if attest else "", attest,
                to_host=host)  # fmt: skip


async def _protect(pair: Pair, watch: GuestWatch, evidence: Evidence, to: str, action: Action = Action.PROTECT) -> Plan:
    primary = evidence.primary
    assert primary is not None  # refusal() said so
    name, twin = watch.spec.name, evidence.other(primary.host).host
    steps = await watch.engine.protect_steps(primary.host, twin)
    mib = watch.spec.memory >> 20
    lines = (
        Line("What it does", f"{twin} gets a second copy of {name}, kept in lock-step with {primary.host}."),
        Line("What the client feels", "The guest stands still once, for about 0.2 s at 128 MiB of memory."),
        Line("What it needs", f"about {2 * mib} MiB of memory on {twin} (twice the guest's, measured)."),
    )
    word = "Protect" if action is Action.PROTECT else "Re-protect"
    return Plan(action, name, f"{word} {name}: {primary.host} ⇒ {twin}", steps, lines, from_host=primary.host,
                to_host=twin)  # fmt: skip


async def _reprotect(pair: Pair, watch: GuestWatch, evidence: Evidence, to: str) -> Plan:
    return await _protect(pair, watch, evidence, to, Action.REPROTECT)


async def armed_failover(pair: Pair, watch: GuestWatch, evidence: Evidence, gone: ProcessInfo, at: float) -> Plan:
    """The failover of a primary whose end its own host has seen: `gone` is its process, it ended at `at`.

    `evidence` already has it dead. Nothing has to be typed: the operator said so when arming. Waits for no host.
    """
    return replace(await _failover(pair, watch, evidence, "", gone, at), confirm="")


async def _failover(
    pair: Pair,
    watch: GuestWatch,
    evidence: Evidence,
    to: str,
    gone: ProcessInfo | None = None,
    silent: float | None = None,
) -> Plan:
    way = failover_way(evidence, to)
    if not isinstance(way, Way):
        raise ActionRefused(f"{watch.spec.name}: failover is not possible now: {way}.")
    name = watch.spec.name
    lost = evidence.copies[way.lost]
    if not way.promote:
        steps = await watch.engine.carry_on_steps(way.survivor, way.lost)
        fence = (
            f"{way.lost} cannot be reached: you attest that no copy of {name} speaks there."
            if way.attest
            else f"{way.lost}'s copy cannot speak unless it is promoted; it is ended at the end."
        )
        lines: tuple[Line, ...] = (
            Line("What is lost", "Nothing a client has seen: this copy is the one that spoke."),
            Line("What the client feels", "Silence until this runs, then replies after about 20 to 120 ms (measured)."),
            Line("Fence", fence),
        )
        title = f"Let {name} carry on alone on {way.survivor}"
    else:
        steps = await watch.engine.promote_steps(way.survivor, way.lost, way.attest, gone)
        silence = "Silence until Enter" if gone is None else f"Silence since the end of QEMU {gone.pid}"
        lines = (
            Line("What is lost", _loss(evidence, lost)),
            Line("What the client feels", f"{silence}, then 32–89 ms (ping, measured), rarely about 1 s."),
            Line("Fence", _fence(name, lost)),
            Line("Cannot be undone", f"after the promotion. {way.lost} comes back as a new secondary with re-protect."),
        )
        title = f"Fail over {name} from {way.lost} to {way.survivor}"
    attest = f"{way.lost} is off, or no copy of {name} runs there" if way.attest else ""
    steps = _with_answer(watch, steps, silent)
    return Plan(Action.FAILOVER, name, title, steps, lines, name, attest, way.lost, way.survivor)


async def _switch(pair: Pair, watch: GuestWatch, evidence: Evidence, to: str) -> Plan:
    primary, secondary = evidence.primary, evidence.secondary
    assert primary is not None
    assert secondary is not None
    name = watch.spec.name
    steps = await watch.engine.switch_steps(primary.host, secondary.host)
    lines = (
        Line("What is lost", "Nothing: both copies are in lock-step, and a fresh checkpoint is taken first."),
        Line("What the client feels", "About 0.1 s without a reply (72–87 ms by ping, measured)."),
        Line("Fence", f"{primary.host}'s QEMU is ended before {secondary.host} may speak."),
        Line("Afterwards", f"{name} runs alone on {secondary.host} until it is re-protected."),
    )
    title = f"Switch {name} from {primary.host} to {secondary.host}"
    return Plan(Action.SWITCH, name, title, _with_answer(watch, steps), lines, name, "", primary.host, secondary.host)


async def _stop(pair: Pair, watch: GuestWatch, evidence: Evidence, to: str) -> Plan:
    primary = evidence.primary
    assert primary is not None  # refusal() said so
    name, twin = watch.spec.name, evidence.other(primary.host).host
    steps = await watch.engine.stop_steps(primary.host, twin)
    lines = (
        Line("What it does", f"{name} runs on, alone on {primary.host}; {twin}'s copy is ended."),
        Line("What the client feels", "About 0.1 s without a reply."),
    )
    return Plan(Action.STOP, name, f"Stop protection of {name}", steps, lines, from_host=twin, to_host=primary.host)


async def _shutdown(pair: Pair, watch: GuestWatch, evidence: Evidence, to: str) -> Plan:
    primary = evidence.primary
    assert primary is not None  # refusal() said so
    name = watch.spec.name
    lines = (
        Line("What it does", f"{name} on {primary.host} powers off as by its power button."),
        Line("What the client feels", "The service ends until the guest is started again."),
    )
    steps = await watch.engine.shutdown_steps(primary.host)
    title = f"Shut {name} down on {primary.host}"
    return Plan(Action.SHUTDOWN, name, title, steps, lines, confirm=name, from_host=primary.host)


async def _undo(pair: Pair, watch: GuestWatch, evidence: Evidence, to: str) -> Plan:
    name = watch.spec.name
    half = evidence.half_run or (evidence.progress.action.value if evidence.progress else "")
    if half in (Action.PROTECT, Action.REPROTECT):
        primary = evidence.primary
        if primary is None or not alive(primary):
            raise ActionRefused(f"{name}: there is no running guest to bring back.", "Start it, or fail over.")
        twin = evidence.other(primary.host).host
        steps = undo_steps(await watch.engine.protect_steps(primary.host, twin))
        title = f"Undo: {name} plain and alone on {primary.host}, {twin} as before"
    elif half == Action.START:
        host = next((copy.host for copy in evidence.copies.values() if answers(copy)), "")
        if not host:
            return Plan(Action.UNDO, name, f"Undo: nothing runs of {name}", ())
        steps = undo_steps(await watch.engine.start_steps(host))
        # It ends a guest that may serve: that takes the name, as a failover does.
        return Plan(Action.UNDO, name, f"Undo: end {name} on {host}", steps, confirm=name)
    else:
        raise ActionRefused(
            f"{name}: `{half or 'that plan'}` cannot be taken back: a copy that was fenced is gone.",
            "Go on with it: run the same action again, it looks first what is already so.",
        )
    return Plan(Action.UNDO, name, title, steps)


def _loss(evidence: Evidence, lost: Copy) -> str:
    """What a promotion loses, as far as the witnesses can tell."""
    if lost.life is Life.UNREACHABLE:
        last = evidence.last_checkpoint
        when = f" ({time.strftime('%H:%M:%S', time.localtime(last))})" if last else ""
        return (
            f"Nothing a client has seen, if {lost.host} died in lock-step. If it carried on alone, everything since "
            f"the last checkpoint{when}."
        )
    return f"Nothing a client has seen: each reply that left {lost.host} had its twin here."


def _fence(name: str, lost: Copy) -> str:
    if lost.life is Life.UNREACHABLE:
        return (
            f"{lost.host} cannot be reached: you attest that it is off. Were it not, two copies of {name} would live."
        )
    if lost.life in (Life.DEAD, Life.ABSENT):
        return f"{lost.host}'s QEMU is gone; this is looked at once more before the promotion."
    return f"{lost.host}'s QEMU is ended (quit, then kill -9) and seen to be gone before the promotion."


def _with_answer(watch: GuestWatch, steps: tuple[Step, ...], silent: float | None = None) -> tuple[Step, ...]:
    """The steps, then the client's own view: when the guest's service answered first.

    `silent`: when its silence began, where that is known better than by the probe.
    """
    probe = watch.probe
    if probe is None:
        return steps
    if silent is None and probe.latest is not None:
        silent = probe.latest.silent_since

    async def answers() -> str:
        answer = await probe.first_answer(ANSWER_LIMIT)
        if answer is None:
            raise ActionRefused(
                f"the guest's service at {probe.target} did not answer within {ANSWER_LIMIT:g} s.",
                "The copy runs; look at the guest's console and the service bridge.",
            )
        if silent is not None:
            watch.gap_ms = (answer.at - silent) * 1000.0
        return f"first answer {time.strftime('%H:%M:%S', time.localtime(answer.at))}, in {answer.rtt_ms:.0f} ms"

    step = Step("answer", "client", "measure", f"ask {probe.target} every 20 ms", "the client's own view", answers,
                cancel_before=False, source="measured here")  # fmt: skip
    return (*steps, step)


_Builder = Callable[[Pair, GuestWatch, Evidence, str], Awaitable[Plan]]
_BUILDERS: dict[Action, _Builder] = {
    Action.START: _start,
    Action.PROTECT: _protect,
    Action.REPROTECT: _reprotect,
    Action.FAILOVER: _failover,
    Action.SWITCH: _switch,
    Action.STOP: _stop,
    Action.UNDO: _undo,
    Action.SHUTDOWN: _shutdown,
}
