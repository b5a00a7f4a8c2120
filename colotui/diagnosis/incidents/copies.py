"""Rules on the two copies themselves: who is dead, who hangs, who speaks, what an ended plan left behind."""

from __future__ import annotations

from colotui.diagnosis.actions import two_live
from colotui.diagnosis.evidence import alive, answers, complete, in_step, stopped
from colotui.diagnosis.incidents.case import Case, Finding, in_order, spoken
from colotui.model.facts import QemuFacts
from colotui.model.incident import Confidence, Fact, Kind, Source
from colotui.model.protection import Copy, Life, Role, Severity

_ENDINGS = ("COLO_EXIT", "colo-receive", "colo-send", "runstate", "killed", "oom", "segfault")


def two_live_copies(case: Case) -> Finding | None:
    """Both copies speak to the client."""
    if not two_live(case.evidence):
        return None
    witnesses = tuple(
        spoken(
            copy.host, Source.QMP, "speaks", f"{copy.runstate or 'running'}, no filter holds its replies", copy.seen_at
        )
        for copy in case.evidence.copies.values()
    )
    names = " and ".join(copy.host for copy in case.evidence.copies.values())
    return Finding(
        Kind.TWO_LIVE,
        f"Two live copies of {case.guest} speak, on {names}.",
        Confidence.PROVEN,
        Severity.ERROR,
        witnesses,
    )


def primary_dead(case: Case) -> Finding | None:
    """The primary's own host says that its QEMU is gone."""
    if case.planned:
        return None
    secondary = case.secondary
    dead = case.primary
    if dead is None and secondary is not None and complete(secondary):
        dead = case.other(secondary.host)
    if dead is None or dead.life not in (Life.DEAD, Life.ABSENT):
        return None
    twin = case.other(dead.host)
    if twin.role is Role.PRIMARY and alive(twin):
        return None
    witnesses = _ending(case, dead)
    sentence = f"The primary's QEMU on {dead.host} {_how(dead)}{_cause(witnesses)}."
    return Finding(Kind.PRIMARY_DEAD, sentence, Confidence.PROVEN, Severity.ERROR, witnesses)


def secondary_dead(case: Case) -> Finding | None:
    """The secondary's own host says that its QEMU is gone, and the primary was in lock-step with it."""
    primary = case.primary
    if case.planned or primary is None or not answers(primary):
        return None
    dead = case.other(primary.host)
    broken = primary.in_colo or (primary.armed and case.said("COLO_EXIT", host=primary.host, within=600.0) != ())
    if not broken or dead.life not in (Life.DEAD, Life.ABSENT):
        return None
    witnesses = _ending(case, dead)
    sentence = (
        f"The secondary's QEMU on {dead.host} {_how(dead)}{_cause(witnesses)}; {case.guest} is mute on {primary.host}."
    )
    return Finding(Kind.SECONDARY_DEAD, sentence, Confidence.PROVEN, Severity.ERROR, witnesses)


def deadlock(case: Case) -> Finding | None:
    """QEMU's main loop stands in a checkpoint: the process lives, its monitor is silent, the trace stops within one."""
    hung = _hung(case)
    if case.planned or hung is None or stopped(hung):
        return None
    twin = case.other(hung.host)
    open_one = case.unended.get(hung.host)
    if open_one is None or twin.life in (Life.HUNG, Life.UNREACHABLE) or case.now - open_one.at < 2.0:
        return None
    problem = _version_problem(case, hung)
    witnesses = in_order(open_one, _silence(case, hung))
    version = f"QEMU {hung.version}" if hung.version else "QEMU"
    after = f" after `{open_one.text}`" if open_one.text else ""
    sentence = (
        f"{version} on {hung.host} is deadlocked in a checkpoint{after}: its monitor is silent, its process lives."
    )
    if problem:
        return Finding(Kind.DEADLOCK, sentence, Confidence.PROVEN, Severity.ERROR, witnesses)
    settle = (
        f"`grep . /proc/{hung.pid}/task/*/wchan` on {hung.host}: every thread in futex means a deadlock; this version "
        "is not known for it"
    )
    return Finding(Kind.DEADLOCK, sentence, Confidence.LIKELY, Severity.ERROR, witnesses, settle)


def primary_hung(case: Case) -> Finding | None:
    """The primary's process is there and does not answer."""
    hung = case.primary
    if case.planned or hung is None or hung.life is not Life.HUNG:
        return None
    return _hang(case, Kind.PRIMARY_HUNG, hung, "primary", "; no reply leaves it")


def secondary_hung(case: Case) -> Finding | None:
    """The secondary's process is there and does not answer, and the primary waits for it."""
    primary = case.primary
    if case.planned or primary is None or not answers(primary) or not (primary.in_colo or primary.armed):
        return None
    hung = case.other(primary.host)
    if hung.life is not Life.HUNG:
        return None
    return _hang(case, Kind.SECONDARY_HUNG, hung, "secondary", f"; {primary.host} holds every reply and waits for it")


def qmp_timeout(case: Case) -> Finding | None:
    """A monitor was silent for a moment, and is not now (in Xen's words: libxl_qmp.c qmp_next: timeout)."""
    xen = case.said("qmp-timeout")
    if xen:
        sentence = (
            f"libxl waited in vain for QEMU's monitor on {xen[-1].host}: a known problem that comes now and then."
        )
        return Finding(
            Kind.QMP_TIMEOUT, sentence, Confidence.PROVEN, Severity.WARNING, in_order(xen),
        )  # fmt: skip
    for host, copy in case.evidence.copies.items():
        silent = case.said("timeout", host=host)
        if case.planned or copy.life is not Life.RUNNING or len(silent) < 2 or silent[-1].at - silent[0].at < 1.0:
            continue
        sentence = (
            f"QEMU's monitor on {host} was silent for {silent[-1].at - silent[0].at:.1f} s or more, and answers now."
        )
        settle = "a second time within minutes: look at the load of the host and at its kernel log"
        return Finding(Kind.QMP_TIMEOUT, sentence, Confidence.POSSIBLE, Severity.WARNING, in_order(silent), settle)
    return None


def leftovers(case: Case) -> Finding | None:
    """What a failed or abandoned run left: a plan's marker, filters without a lock-step, a secondary nobody wants."""
    evidence = case.evidence
    if case.planned:
        return None
    found: list[tuple[str, Fact]] = []
    if evidence.half_run:
        host = evidence.primary.host if evidence.primary else next(iter(evidence.copies))
        words = f"plan.json names `{evidence.half_run}`"
        found.append(
            (f"`{evidence.half_run}` was left half done", spoken(host, Source.HOST, "marker", words, case.now))
        )
    twins = list(evidence.copies.values())
    for copy in twins:
        if copy.role is Role.PRIMARY and answers(copy) and copy.armed and not copy.in_colo and not copy.speaks:
            # While the other copy still runs and answers alike, some get through (measured).
            some = case.other(copy.host).life is Life.RUNNING and copy.peer_connected is not False
            held = "each reply that its twin does not give" if some else "every reply"
            text = f"the filters of an ended lock-step hold {held} on {copy.host}"
            words = f"migration {copy.migration or 'none'}, filters on"
            found.append((text, spoken(copy.host, Source.QMP, "armed", words, copy.seen_at)))
        if copy.role is Role.SECONDARY and copy.life is Life.WAITING:
            text = f"a secondary waits on {copy.host} for a primary"
            found.append((text, spoken(copy.host, Source.QMP, "waiting", copy.runstate or "inmigrate", copy.seen_at)))
    if not found or in_step(*twins):
        return None
    sentence = "; ".join(text for text, _fact in found)
    witnesses = in_order(tuple(fact for _text, fact in found), case.said("MIGRATION", "return-path", within=600.0))
    return Finding(
        Kind.LEFTOVERS, f"{sentence[0].upper()}{sentence[1:]}.", Confidence.PROVEN, Severity.WARNING, witnesses
    )


def _hung(case: Case) -> Copy | None:
    return next((copy for copy in case.evidence.copies.values() if copy.life is Life.HUNG), None)


def _hang(case: Case, kind: Kind, hung: Copy, role: str, effect: str) -> Finding:
    witness = _silence(case, hung)
    if stopped(hung):
        sentence = f"The {role}'s QEMU on {hung.host} is stopped by a signal{effect}."
        return Finding(kind, sentence, Confidence.PROVEN, Severity.ERROR, in_order(witness))
    sentence = f"The {role}'s QEMU on {hung.host} lives and does not answer its monitor{effect}."
    settle = f"its threads: `grep . /proc/{hung.pid}/task/*/wchan` on {hung.host}; a busy one may still wake up"
    stuck = case.said("hung-task", "disk", host=hung.host)
    return Finding(kind, sentence, Confidence.LIKELY, Severity.ERROR, in_order(witness, stuck), settle)


def _silence(case: Case, hung: Copy) -> Fact:
    since = hung.silent_since if hung.silent_since is not None else hung.seen_at
    first = case.around(since, "timeout", "stopped", host=hung.host, before=1.0, after=5.0)
    if first:
        return first[0]
    source, what = (Source.HOST, "stopped") if stopped(hung) else (Source.QMP, "timeout")
    return spoken(hung.host, source, what, hung.detail or "no answer", since)


def _ending(case: Case, dead: Copy) -> tuple[Fact, ...]:
    """Who witnessed the end: the host's own word first, then what the twin and the kernel said about then."""
    at = dead.exit.at if dead.exit is not None and dead.exit.at is not None else None
    told = case.said("exit", host=dead.host, within=900.0)
    if told:
        own: Fact = told[-1]
    else:
        words = str(dead.exit) if dead.exit is not None else "there is no process"
        value = float(dead.exit.signal or dead.exit.code) if dead.exit is not None else None
        own = spoken(dead.host, Source.EXIT, "exit", words, at if at is not None else dead.seen_at, value)
    near = case.around(own.at, *_ENDINGS, before=5.0)
    return in_order(own, tuple(fact for fact in near if fact.source is not Source.KERNEL or _names(fact, dead)))


def _names(fact: Fact, copy: Copy) -> bool:
    """A kernel line is about this process only when it has its number."""
    return copy.pid is not None and str(copy.pid) in fact.text.replace("[", " ").replace("]", " ").split()


def _how(dead: Copy) -> str:
    if dead.exit is not None and dead.exit.signal:
        return f"was killed (signal {dead.exit.signal})"
    return f"ended (exit code {dead.exit.code})" if dead.exit is not None else "is gone"


def _cause(witnesses: tuple[Fact, ...]) -> str:
    """Why, when the kernel or QEMU itself told."""
    for fact in witnesses:
        if fact.source is Source.KERNEL and fact.what == "oom":
            return ": its host was out of memory"
        if fact.source is Source.KERNEL and fact.what == "segfault":
            return ": it crashed"
        if fact.what == "runstate":
            return f": {fact.text}"
    return ""


def _version_problem(case: Case, copy: Copy) -> str:
    """Why this copy's QEMU is known not to work; "" when it is not."""
    facts = case.hosts.get(copy.host)
    qemu = facts.qemu if facts is not None else None
    return qemu.problem if isinstance(qemu, QemuFacts) and copy.version in ("", qemu.version) else ""


RULES = (two_live_copies, primary_dead, secondary_dead, deadlock, primary_hung, secondary_hung, qmp_timeout, leftovers)
