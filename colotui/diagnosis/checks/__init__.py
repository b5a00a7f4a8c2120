"""Whether a pair is fit: every requirement as one question, answered from what was read and tried. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from colotui.diagnosis.checks import (
    clocks,
    engine,
    forward,
    guest,
    hosts,
    images,
    leftovers,
    modules,
    network,
    tuning,
    xen,
)
from colotui.diagnosis.checks.network import ports_to_try
from colotui.diagnosis.checks.scene import PortTried, Scene
from colotui.model.cable import CableReport
from colotui.model.check import Finding
from colotui.model.facts import HostFacts, Missing
from colotui.model.pair import EngineKind, Pair
from colotui.model.setup import Wanted
from colotui.model.survey import HostSurvey, TcpOptions

__all__ = ["findings", "not_tried", "ports_to_try"]

_PARTS = (hosts, engine, xen, network, forward, modules, tuning, clocks, images, guest, leftovers)


def findings(
    pair: Pair,
    facts: Mapping[str, HostFacts],
    surveys: Mapping[str, HostSurvey],
    *,
    links: Mapping[str, str],
    cable: CableReport | None = None,
    ports: Mapping[PortTried, str] | None = None,
    ssh: Mapping[str, str] | None = None,
    tcp: Mapping[str, TcpOptions | Missing] | None = None,
    wanted: Wanted | None = None,
) -> tuple[Finding, ...]:
    """All findings, host by host, then those about both; see `Scene` for what the arguments hold.

    Without `wanted` it is what the guests' engines call for.
    """
    classic = any(one.engine is EngineKind.XEN for one in pair.guests)
    chosen = wanted or Wanted.for_engine(EngineKind.XEN if classic else EngineKind.QEMU)
    scene = Scene(pair, facts, surveys, links, chosen, cable, ports, ssh, tcp or {})
    found = [finding for part in _PARTS for finding in part.findings(scene)]
    order = [*(spec.name for spec in pair.hosts), ""]
    return tuple(sorted(found, key=lambda finding: order.index(finding.host)))


def not_tried(pair: Pair, surveys: Mapping[str, HostSurvey], *, cable: CableReport | None) -> tuple[str, ...]:
    """What was not looked into, and with which option it is: no verdict is given on these."""
    told = []
    if cable is None:
        told.append("whether the forward NICs are joined by one cable and nothing else (--cable)")
    images = [image for survey in surveys.values() for image in survey.images if image.exists]
    if len(images) > 1 and not any(image.digest or image.problem for image in images):
        told.append("whether the disk images have equal content (--digests)")
    return tuple(told)
