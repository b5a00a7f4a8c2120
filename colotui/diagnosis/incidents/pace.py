"""Rules on the checkpoints' pace: too many, none, or too long, with what to tune."""

from __future__ import annotations

from collections import Counter

from colotui.diagnosis.evidence import in_step
from colotui.diagnosis.incidents.case import Case, Finding, in_order, spoken
from colotui.model.checkpoint import Cause, percentile
from colotui.model.facts import LinkFacts
from colotui.model.incident import Confidence, Kind, Source
from colotui.model.protection import Severity

WINDOW = 3.0
"""Seconds over which a storm is judged."""

STORM_RATE = 25.0
"""Mismatch-forced checkpoints a second from which on it is a storm (measured: 2 to 7 under ordinary web load)."""

STORM_STILL = 0.5
"""Share of the time the guest stands still for forced checkpoints that makes a storm of any rate (measured: 0.35 under
pages that differ each time, 0.65 under random UDP)."""

STORM_LEAST = 5.0
"""Forced checkpoints a second below which nothing is a storm."""

PAUSES_OVER = 60.0
"""Seconds over which the length of the pauses is judged."""

DELAYED_ACK_MS = 35.0
"""Median pause from which on the missing quickack shows (measured: 45 ms without, 7 ms with it)."""

LONG_MS = 250.0
"""Median pause that is too long whatever the cause; a client feels it in each reply."""

MANY_PAGES = 8000
"""Pages (of 4 KiB) a checkpoint from which on the dirty set makes the pause."""

ENOUGH = 10
"""Checkpoints below which a median says nothing."""

TUNE: dict[str, str] = {
    "tcp": "in the guest: net.ipv4.tcp_timestamps=0, tcp_sack=0, tcp_dsack=0; pages with time or random bytes differ",
    "udp": "random or time-stamped UDP payloads differ on each copy: keep that flow off the guest, or accept the pace",
    "icmp": "frequent pings are compared too, and differ: ping less often",
    "other": "a protocol that is neither TCP, UDP nor ICMP: keep it off this NIC",
}
"""What makes each protocol differ, and what to do about it."""


def storm(case: Case) -> Finding | None:
    """Mismatches force so many checkpoints that the guest is slowed down: which protocol, and what to tune."""
    if case.planned or not in_step(*case.evidence.copies.values()):
        return None
    window = case.checkpoints.after(case.now - WINDOW)
    forced = window.forced
    rate = forced / WINDOW
    still = sum(window.pauses()) / 1000.0 / WINDOW
    if rate < STORM_LEAST or (rate < STORM_RATE and still < STORM_STILL):
        return None
    by = Counter({cause.value: window.count_of(cause) for cause in (Cause.TCP, Cause.UDP, Cause.ICMP, Cause.OTHER)})
    protocol, most = by.most_common(1)[0]
    newest = case.mismatches[-1] if case.mismatches else None
    flow = f", {newest.source} to {newest.destination}" if newest is not None and newest.source else ""
    host = case.primary.host if case.primary is not None else ""
    text = f"{forced} forced of {len(window)} in {WINDOW:.0f} s, {most} of them {protocol}{flow}"
    first = window.first_at if window.first_at is not None else case.now
    sentence = (
        f"Checkpoint storm: {rate:.0f} a second are forced, mostly by {protocol.upper()}; "
        f"{case.guest} stands still {still * 100:.0f} % of the time."
    )
    return Finding(
        Kind.STORM,
        sentence,
        Confidence.PROVEN,
        Severity.WARNING,
        (spoken(host, Source.TRACE, "forced", text, first, rate),),
        remedy=TUNE.get(protocol, TUNE["other"]),
    )


def stalled(case: Case) -> Finding | None:
    """Both copies answer and say that they are in lock-step, and no checkpoint ends any more."""
    evidence = case.evidence
    if case.planned or not evidence.stalled or not in_step(*evidence.copies.values()):
        return None
    last = evidence.last_checkpoint if evidence.last_checkpoint is not None else evidence.lockstep_since
    assert last is not None  # stalled said so
    host = case.primary.host if case.primary is not None else ""
    witness = spoken(host, Source.QMP, "no-checkpoint", f"the last checkpoint ended {case.now - last:.0f} s ago", last)
    open_one = case.unended.get(host)
    witnesses = in_order(witness, open_one) if open_one is not None else (witness,)
    sentence = f"No checkpoint has ended for {case.now - last:.0f} s, though both copies answer; {case.guest} is mute."
    settle = "the forward link, and QEMU's threads on both hosts: one of them waits for the other"
    return Finding(Kind.STALLED, sentence, Confidence.LIKELY, Severity.ERROR, witnesses, settle)


def slow_pause(case: Case) -> Finding | None:
    """Each checkpoint stops the guest for longer than it must: delayed ACKs, or a large dirty set."""
    if case.planned or not in_step(*case.evidence.copies.values()):
        return None
    window = case.checkpoints.after(case.now - PAUSES_OVER)
    median = percentile(window.pauses(), 0.5)
    if median is None or len(window) < ENOUGH or median < DELAYED_ACK_MS:
        return None
    pages = window.pages()
    dirty = int(percentile(pages, 0.5) or 0) if pages else None
    host = case.primary.host if case.primary is not None else ""
    first = window.first_at if window.first_at is not None else case.now
    counted = f", {dirty} pages each" if dirty is not None else ""
    witness = spoken(host, Source.TRACE, "pause", f"median {median:.0f} ms of {len(window)}{counted}", first, median)
    slow = [
        spoken(name, Source.LINK, "quickack-off", f"no quickack on the route over {facts.forward.nic}", facts.taken_at)
        for name, facts in case.hosts.items()
        if isinstance(facts.forward, LinkFacts) and facts.forward.quickack is False
    ]
    if dirty is not None and dirty >= MANY_PAGES and median >= LONG_MS:
        sentence = f"Each checkpoint stops {case.guest} for {median:.0f} ms: it sends {dirty} pages each time."
        return Finding(Kind.SLOW_PAUSE, sentence, Confidence.LIKELY, Severity.WARNING, (witness,), _SETTLE, _LARGE)
    if slow:
        sentence = f"Each checkpoint stops {case.guest} for {median:.0f} ms; about 40 ms of it is delayed ACK."
        return Finding(
            Kind.SLOW_PAUSE,
            sentence,
            Confidence.LIKELY,
            Severity.WARNING,
            in_order(witness, tuple(slow)),
            _SETTLE,
            _QUICKACK,
        )
    if median < LONG_MS:
        return None
    sentence = f"Each checkpoint stops {case.guest} for {median:.0f} ms."
    return Finding(Kind.SLOW_PAUSE, sentence, Confidence.POSSIBLE, Severity.WARNING, (witness,), _UNKNOWN)


_QUICKACK = (
    "switch quickack on for the forward route of both hosts (`colotui setup --only quickack`): about 7 ms remain"
)
_LARGE = "the guest writes that much memory between two checkpoints: a shorter delay makes each pause shorter"
_SETTLE = "the pause of the checkpoints after that"
_UNKNOWN = "the load of both hosts, and the speed of the forward link"

RULES = (storm, stalled, slow_pause)
