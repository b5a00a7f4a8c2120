"""The truth of one guest in words: what, since when, what it means for the client, what to do and what not."""

from __future__ import annotations

import time
from dataclasses import replace

from colotui.diagnosis.actions import Way, failover_way, refusal
from colotui.diagnosis.evidence import Evidence, alive, answers, complete, in_step
from colotui.model.checkpoint import duration
from colotui.model.incident import Kind
from colotui.model.plan import Action
from colotui.model.protection import Copy, Life, Protection, Role, Severity, State

_WORKING = {
    Action.PROTECT: State.SYNCING,
    Action.REPROTECT: State.SYNCING,
    Action.FAILOVER: State.FAILING_OVER,
    Action.SWITCH: State.FAILING_OVER,
}


def judge(evidence: Evidence) -> Protection:
    """Judge one guest. The first rule that applies speaks; none of them guesses."""
    rules = (
        _working,
        _cut_off,
        _two_live,
        _paused,
        _one_host_silent,
        _lockstep,
        _broken,
        _hung,
        _half_run,
        _alone,
        _absent,
    )
    for rule in rules:
        verdict = rule(evidence)
        if verdict is not None:
            return _obey(evidence, _explained(evidence, verdict))
    return Protection(State.UNKNOWN, Severity.WARNING, f"{evidence.spec.name}: no rule fits what the hosts say")


_TELLING = frozenset(
    {
        Kind.DEADLOCK,
        Kind.DISK_FULL,
        Kind.REPLICATION_LOST,
        Kind.SECONDARY_CORRUPT,
        Kind.GUEST_PANIC,
        Kind.SERVICE_CUT,
        Kind.PRIMARY_HOST_DEAD,
    }
)
"""Incidents whose sentence says more than how the copies stand: the cause is known, not only its effect."""


def _explained(evidence: Evidence, verdict: Protection) -> Protection:
    """The cause in place of its effect, with the same advice as on the incident's own screen."""
    told = next((found for found in evidence.incidents if found.kind in _TELLING), None)
    if told is None or verdict.severity is Severity.WORKING:
        return verdict
    loud = told.severity is Severity.ERROR
    # A lock-step that cannot serve anybody protects nothing, however well it runs.
    state = State.NOT_PROTECTED if loud and verdict.state is State.PROTECTED else verdict.state
    return replace(
        verdict,
        state=state,
        severity=told.severity if loud else verdict.severity,
        headline=told.sentence.rstrip("."),
        meaning=told.client,
        since=told.since,
        do_now=told.do or verdict.do_now,
        do_now_text=told.do_text if told.do is not None else verdict.do_now_text,
        do_not=told.do_not or verdict.do_not,
    )


def _obey(evidence: Evidence, verdict: Protection) -> Protection:
    """Never recommend what the table of actions refuses."""
    if verdict.do_now is None or refusal(evidence, verdict.do_now) is None:
        return verdict
    return replace(verdict, do_now=None, do_now_text="")


def _working(e: Evidence) -> Protection | None:
    progress = e.progress
    if progress is None or not progress.running:
        return None
    index = min(progress.current, len(progress.steps) - 1)
    title = progress.steps[index].title if progress.steps else ""
    note = f": {progress.note}" if progress.note else ""
    return Protection(
        state=_WORKING.get(progress.action, State.NOT_PROTECTED),
        severity=Severity.WORKING,
        headline=f"{progress.title}, step {index + 1} of {len(progress.steps)}: {title}{note}",
        meaning="Not protected until it is done." if progress.action in _WORKING else "",
        since=progress.started_at,
        primary=e.primary.host if e.primary else "",
        secondary=e.secondary.host if e.secondary else "",
    )


def _cut_off(e: Evidence) -> Protection | None:
    if not all(copy.life is Life.UNREACHABLE for copy in e.copies.values()):
        return None
    return Protection(
        State.UNKNOWN,
        Severity.WARNING,
        "neither host answers: this cockpit may be the one that is cut off",
        meaning=_client(e) or "Nothing is known of the guest.",
        since=min(copy.seen_at for copy in e.copies.values()),
        do_not="do nothing to the guest until a host answers",
    )


def _two_live(e: Evidence) -> Protection | None:
    live = [copy for copy in e.copies.values() if copy.role is Role.PRIMARY and copy.speaks and answers(copy)]
    if len(live) < 2:
        return None
    return Protection(
        State.NOT_PROTECTED,
        Severity.ERROR,
        f"TWO LIVE COPIES of {e.spec.name} speak, on {live[0].host} and {live[1].host}",
        meaning="Clients get answers of two guests that know nothing of each other; both write their own disk.",
        do_not="decide which one is right, then end the other on its host; nothing here chooses for you",
    )


def _paused(e: Evidence) -> Protection | None:
    """The guest stands still on a primary that no plan and no checkpoint holds."""
    primary = e.primary
    if primary is None or primary.life is not Life.PAUSED or e.half_run:
        return None
    return Protection(
        State.NOT_PROTECTED,
        Severity.ERROR,
        f"{e.spec.name} stands still on {primary.host} ({primary.runstate or 'paused'})",
        meaning="The client gets no reply.",
        do_now=Action.FAILOVER,
        do_now_text=f"let it carry on alone on {primary.host}",
        primary=primary.host,
    )


def _hung(e: Evidence) -> Protection | None:
    """A copy that does not answer, and no other that could carry on."""
    hung = next((copy for copy in e.copies.values() if copy.life is Life.HUNG), None)
    if hung is None or (e.primary is not None and answers(e.primary)):
        return None
    way = failover_way(e)
    can = isinstance(way, Way) and way.survivor == hung.host
    return Protection(
        State.UNKNOWN,
        Severity.ERROR,
        f"QEMU on {hung.host} does not answer ({hung.detail or 'hung'}), and no other copy could carry on",
        meaning=_client(e) or "Whether the guest still speaks is not known.",
        since=hung.silent_since,
        do_now=Action.FAILOVER if can else None,
        do_now_text=f"cut its links to the lost twin, which frees it if it hangs on that: {hung.host} alone"
        if can
        else "",
        do_not=f"do not start {e.spec.name} elsewhere while that QEMU lives",
    )


def _one_host_silent(e: Evidence) -> Protection | None:
    dark = next((copy for copy in e.copies.values() if copy.life is Life.UNREACHABLE), None)
    if dark is None:
        return None
    seen = e.other(dark.host)
    roles = _roles(e)
    # Only a checkpoint that was seen to end proves that the silent host's copy lives.
    if seen.in_colo and answers(seen) and seen.peer_connected is not False and e.fresh_checkpoint:
        return Protection(
            State.PROTECTED,
            Severity.WARNING,
            f"{dark.host} does not answer the cockpit; checkpoints still complete on {seen.host}",
            meaning=_client(e),
            since=dark.seen_at,
            do_not=f"do not promote while {dark.host} may speak",
            primary=roles[0],
            secondary=roles[1],
        )
    way = failover_way(e)
    can = isinstance(way, Way)
    if seen.role is Role.PRIMARY and answers(seen):
        mute = seen.armed and not seen.speaks
        return Protection(
            State.NOT_PROTECTED,
            Severity.ERROR if mute else Severity.WARNING,
            f"{dark.host} does not answer; {e.spec.name} "
            + (f"is mute on {seen.host}" if mute else f"runs alone on {seen.host}"),
            meaning="Its replies are held until it carries on alone." if mute else _client(e),
            since=dark.seen_at,
            do_now=Action.FAILOVER if can else None,
            do_now_text=f"carry on with {seen.host} alone" if can else "",
            primary=roles[0],
            secondary=roles[1],
        )
    doing = f"promote {seen.host}, after {dark.host} is proven or attested off"
    if isinstance(way, Way) and not way.promote:
        doing = f"carry on with {seen.host} alone, after {dark.host} is proven or attested mute"
    return Protection(
        State.UNKNOWN,
        Severity.WARNING,
        f"{dark.host} does not answer. {seen.host} says: {_say(seen)}",
        meaning=_client(e) or "Whether the guest still speaks is not known.",
        since=dark.seen_at,
        do_now=Action.FAILOVER if can else None,
        do_now_text=doing if can else "",
        do_not=f"do not promote {seen.host} while {dark.host} may speak",
        primary=roles[0],
        secondary=roles[1],
    )


def _lockstep(e: Evidence) -> Protection | None:
    primary, secondary = e.primary, e.secondary
    if primary is None or secondary is None or not in_step(primary, secondary):
        return None
    roles = _roles(e)
    if e.link_cut or e.stalled:
        what = "the forward link is down" if e.link_cut else "no checkpoint completes any more"
        return Protection(
            State.NOT_PROTECTED,
            Severity.ERROR,
            f"{what}: {e.spec.name} is mute",
            meaning="Both copies run, but no reply may go out without its twin. Either could carry on, never both.",
            since=e.last_checkpoint,
            do_now=Action.FAILOVER,
            do_now_text=f"carry on with {primary.host} alone",
            do_not=f"do not promote {secondary.host} without fencing {primary.host}",
            primary=roles[0],
            secondary=roles[1],
        )
    if primary.damage:
        return Protection(
            State.NOT_PROTECTED,
            Severity.WARNING,
            f"{primary.host}'s own disk fails: {primary.damage}",
            meaning=f"The guest serves from {primary.host}; {secondary.host}'s copy of the disk is whole.",
            do_now=Action.SWITCH,
            do_now_text=f"switch to {secondary.host}",
            primary=roles[0],
            secondary=roles[1],
        )
    if primary.generation != secondary.generation:
        return Protection(
            State.NOT_PROTECTED,
            Severity.WARNING,
            f"the lock-step runs, but {secondary.host}'s disk is not noted as equal",
            meaning="The plan that made it did not end; until then nothing may be promoted.",
            do_now=Action.PROTECT,
            do_now_text="go on with the protection: only the notes are missing",
            primary=roles[0],
            secondary=roles[1],
        )
    if secondary.damage:
        return Protection(
            State.NOT_PROTECTED,
            Severity.WARNING,
            f"{secondary.host}'s copy is damaged: {secondary.damage}",
            meaning=f"The guest serves from {primary.host}. A failover to {secondary.host} would lose data.",
            do_now=Action.STOP,
            do_now_text=f"stop protection, then protect anew: {secondary.host} gets a fresh copy",
            do_not=f"do not promote {secondary.host}",
            primary=roles[0],
            secondary=roles[1],
        )
    return Protection(
        State.PROTECTED,
        Severity.OK,
        f"{e.spec.name} runs on {primary.host}, in lock-step with {secondary.host}",
        since=e.lockstep_since,
        primary=roles[0],
        secondary=roles[1],
    )


def _broken(e: Evidence) -> Protection | None:
    """One of two copies in lock-step is gone, hung or mute."""
    primary, secondary = e.primary, e.secondary
    roles = _roles(e)
    if secondary is not None and complete(secondary) and (primary is None or not answers(primary)):
        lost = e.other(secondary.host)
        cause, when = _death(lost)
        return Protection(
            State.NOT_PROTECTED,
            Severity.ERROR,
            f"{e.spec.name} is silent: {cause}",
            meaning=f"The client gets no reply. {secondary.host} has a complete copy{_as_of(e)}, its output is held.",
            since=when,
            do_now=Action.FAILOVER,
            do_now_text=f"fail over to {secondary.host}",
            do_not=f"do not restart {lost.host}'s QEMU first",
            primary=roles[0],
            secondary=roles[1],
        )
    if primary is not None and answers(primary) and primary.in_colo:
        lost = e.other(primary.host)
        cause, when = _death(lost) if not answers(lost) else (f"the links to {lost.host} are cut", e.last_checkpoint)
        return Protection(
            State.NOT_PROTECTED,
            Severity.ERROR,
            f"{e.spec.name} is mute: {cause}",
            meaning=f"{primary.host} runs on, but holds every reply until it carries on alone.",
            since=when,
            do_now=Action.FAILOVER,
            do_now_text=f"carry on with {primary.host} alone",
            do_not=f"do not promote {lost.host}",
            primary=roles[0],
            secondary=roles[1],
        )
    return None


def _half_run(e: Evidence) -> Protection | None:
    primary = e.primary
    paused = primary is not None and primary.life is Life.PAUSED
    if not e.half_run and not paused:
        return None
    stands = f"{e.spec.name} stands still on {primary.host}" if primary is not None and paused else ""
    half = f"`{e.half_run}` was left half done" if e.half_run else ""
    # Going on is never worse than what was begun; undoing ends what serves, so it is never the advice then.
    serving = primary is not None and primary.speaks is True
    begun = Action(e.half_run) if e.half_run in set(Action) else Action.UNDO
    allowed = begun if serving or begun is not Action.PROTECT else Action.UNDO
    return Protection(
        State.NOT_PROTECTED,
        Severity.ERROR if paused else Severity.WARNING,
        "; ".join(part for part in (stands, half) if part),
        meaning="Go on with it, or undo it: both look first what is already so.",
        do_now=allowed,
        do_now_text="undo it" if allowed is Action.UNDO else "go on with it",
        primary=_roles(e)[0],
        secondary=_roles(e)[1],
    )


def _alone(e: Evidence) -> Protection | None:
    primary = e.primary
    if primary is None or not answers(primary):
        return None
    twin = e.other(primary.host)
    roles = (primary.host, "")
    if e.why:
        gap = f" Client gap {duration(e.gap_ms)}." if e.gap_ms is not None else ""
        since = time.strftime("%H:%M:%S", time.localtime(e.alone_since)) if e.alone_since else "an unknown time"
        return Protection(
            State.FAILED_OVER,
            Severity.WARNING,
            f"{e.spec.name} runs alone on {primary.host} since {since}, not protected.{gap}",
            meaning=f"A second fault now is an outage. {twin.host} answers and can become the new secondary.",
            since=e.alone_since,
            do_now=Action.REPROTECT,
            do_now_text=f"re-protect with {twin.host}",
            primary=roles[0],
            secondary=roles[1],
        )
    return Protection(
        State.NOT_PROTECTED,
        Severity.WARNING,
        f"{e.spec.name} runs alone on {primary.host}",
        meaning=f"A fault now is an outage. {twin.host} answers and can become the secondary.",
        do_now=Action.PROTECT,
        do_now_text=f"protect with {twin.host}",
        primary=roles[0],
        secondary=roles[1],
    )


def _absent(e: Evidence) -> Protection | None:
    if any(alive(copy) and copy.role is not Role.SECONDARY for copy in e.copies.values()):
        return None
    dead = [copy for copy in e.copies.values() if copy.life is Life.DEAD]
    cause = "; ".join(_death(copy)[0] for copy in dead)
    return Protection(
        State.NOT_PROTECTED,
        Severity.ERROR,
        f"{e.spec.name} does not run" + (f": {cause}" if cause else ""),
        meaning="The client gets no reply.",
        since=max((copy.exit.at for copy in dead if copy.exit and copy.exit.at), default=None),
        do_now=Action.START,
        do_now_text="start it",
    )


def _roles(e: Evidence) -> tuple[str, str]:
    """Hosts of the primary and of the secondary, "" where there is none."""
    return e.primary.host if e.primary else "", e.secondary.host if e.secondary else ""


def _death(copy: Copy) -> tuple[str, float | None]:
    """How a copy was lost, in words, and when."""
    if copy.life is Life.HUNG:
        return f"QEMU on {copy.host} does not answer ({copy.detail or 'hung'})", copy.silent_since
    if copy.exit is not None and copy.exit.signal:
        return f"QEMU on {copy.host} was killed (signal {copy.exit.signal})", copy.exit.at
    if copy.exit is not None:
        return f"QEMU on {copy.host} ended (exit code {copy.exit.code})", copy.exit.at
    return f"there is no QEMU on {copy.host}", None


def _as_of(e: Evidence) -> str:
    if e.last_checkpoint is None:
        return ""
    return f", last checkpoint {time.strftime('%H:%M:%S', time.localtime(e.last_checkpoint))}"


def _client(e: Evidence) -> str:
    if e.probe is None:
        return ""
    if e.probe.ok:
        return f"The guest's service still answers ({max(0.0, e.now - e.probe.at):.1f} s ago)."
    return "The guest's service does not answer."


def _say(copy: Copy) -> str:
    words = [copy.life.value]
    if copy.role is not Role.NONE:
        words.append(copy.role.value)
    if copy.migration:
        words.append(copy.migration)
    return ", ".join(words)
