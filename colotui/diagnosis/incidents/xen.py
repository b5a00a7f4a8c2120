"""Rules on what only Xen says: the seed's heartbeat, and a triple fault in the hypervisor's own log."""

from __future__ import annotations

from colotui.diagnosis.evidence import answers
from colotui.diagnosis.incidents.case import Case, Finding, in_order
from colotui.model.incident import Confidence, Kind, Source
from colotui.model.protection import Life, Severity


def heartbeat(case: Case) -> Finding | None:
    """The secondary's heartbeat gave up; the seed says that it is not reliable: whether the primary lives decides."""
    alarms = tuple(fact for fact in case.said("heartbeat") if fact.source is Source.LIBXL)
    if not alarms:
        return None
    host = alarms[-1].host
    peer = case.other(host)
    if peer.life in (Life.DEAD, Life.ABSENT):
        return None  # it was right: that is another incident
    lives = answers(peer)
    sentence = (
        f"False alarm: the heartbeat on {host} gave up, and the copy on {peer.host} lives."
        if lives
        else f"The heartbeat on {host} gave up; whether the copy on {peer.host} lives is not known."
    )
    confidence = Confidence.PROVEN if lives else Confidence.POSSIBLE
    settle = "" if lives else f"whether {peer.host} runs the guest: look there before anything is promoted"
    return Finding(Kind.HEARTBEAT, sentence, confidence, Severity.WARNING, in_order(alarms), settle)


RULES = (heartbeat,)
