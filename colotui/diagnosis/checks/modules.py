"""Kernel modules: what each is for, where it stands, and what stands in for those that Linux no longer has."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.diagnosis.checks.scene import SEED, Question, Scene
from colotui.model.check import Finding, Topic
from colotui.model.facts import HostFacts, Missing, Module, ModuleState
from colotui.model.pair import HostSpec
from colotui.model.survey import HostSurvey

CLASSIC = ("sch_ingress", "cls_basic", "cls_tcindex", "cls_u32", "act_mirred", "ifb", "blktap2")
"""The list of the seed; every other module that is read is needed by any engine."""

_STAND_INS = {
    "cls_basic": "colotui wires with cls_u32, which serves in its place",
    "cls_tcindex": "colotui wires with cls_u32, which serves in its place",
    "blktap2": "disks are replicated by qdisk with QEMU's own replication instead",
}


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for spec in scene.pair.hosts:
        if spec.name in scene.facts:
            for module in scene.facts[spec.name].modules:
                yield _module(scene, scene.facts[spec.name], module)
        if spec.name in scene.surveys:
            yield _ifbs(scene, spec, scene.surveys[spec.name])


def _module(scene: Scene, facts: HostFacts, module: Module) -> Finding:
    why = f"{module.purpose[:1].upper()}{module.purpose[1:]}."
    ask = Question(
        f"modules:{module.name}",
        facts.host,
        f"module {module.name}",
        why,
        Topic.MODULES,
        f"{SEED}, Dom0 requirements" if module.name in CLASSIC else "Linux",
    )
    needed = scene.forwarding or module.name not in CLASSIC
    told = module.state.value + (f": {module.note}" if module.note else "")
    if module.ready:
        return ask.ok(told)
    if not needed:
        return ask.ok(f"{told} (the qemu engine does without)")
    if module.state is ModuleState.LOADABLE:
        return ask.warning(told, "modules")
    if module.name in _STAND_INS:
        told = f"{told}; {_STAND_INS[module.name]}"
        # The scripts of 2014 ask for it by name; nothing of ours does.
        if module.name == "blktap2" and scene.classic:
            return ask.warning(
                told, advice="Write the guest's disk with the keys colo, active-disk and hidden-disk, not with tap."
            )
        return ask.ok(told)
    return ask.bad(
        told, advice=f"Boot a kernel that has {module.name}; those of the distributions do (Debian: linux-image-amd64)."
    )


def _ifbs(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "ifb",
        spec.name,
        "ifb devices",
        "Each guest NIC needs two: one for its own packets, one for its twin's.",
        Topic.MODULES,
        f"{SEED}, step 6",
    )
    if isinstance(survey.ifbs, Missing):
        return ask.unknown(survey.ifbs.why, advice="Check again.")
    need = 2 * sum(len(guest.nics) for guest in scene.pair.guests)
    told = f"{len(survey.ifbs)} devices, {need} needed"
    if not scene.forwarding:
        return ask.ok(f"{len(survey.ifbs)} devices (the qemu engine does without)")
    if len(survey.ifbs) < need:
        return ask.bad(told, "ifb")
    claims = (
        sum(nic.alias.startswith("colotui ") for nic in survey.nics if nic.kind == "ifb")
        if isinstance(survey.nics, tuple)
        else 0
    )
    if claims < need:
        return ask.warning(f"{told}, {claims} claimed for a guest", "ifb")
    return ask.ok(f"{told}, all claimed")
