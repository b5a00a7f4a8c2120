"""The hypervisor: a QEMU that can do COLO, the same on both hosts, with the machine and the CPU the guest will see."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from colotui.diagnosis.checks.scene import MEASURED, SEED, Question, Scene, apart, named
from colotui.model.check import Finding, Topic
from colotui.model.distributions import why_not
from colotui.model.facts import HostFacts, Missing, QemuFacts
from colotui.model.pair import Accel, HostSpec
from colotui.model.survey import HostSurvey

DOC = "docs/COLO-FT.txt of QEMU"
MACHINE = "pc"
"""The machine type of colotui's QEMU guests."""


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    if not scene.qemu_guests:
        return
    for spec in scene.pair.hosts:
        survey = scene.surveys.get(spec.name)
        if spec.name in scene.facts:
            yield _qemu(scene.facts[spec.name], survey)
        if survey is not None:
            yield _qemu_img(spec, survey)
            yield _machine(spec, survey)
            yield _kvm(scene, spec, survey)
    yield from _same_qemu(scene)
    yield from _same_cpu(scene)


def _qemu(facts: HostFacts, survey: HostSurvey | None) -> Finding:
    ask = Question(
        "qemu",
        facts.host,
        "QEMU",
        "COLO is broken in many QEMU releases: they hang, or copy without protecting.",
        Topic.ENGINE,
        f"{MEASURED}; {SEED}, steps 1 and 2",
    )
    cure, advice = _packaged(survey)
    if isinstance(facts.qemu, Missing):
        return ask.bad(facts.qemu.why, cure, advice)
    told = f"{facts.qemu.version} at {facts.qemu.path}"
    if facts.qemu.problem:
        return ask.bad(f"{told}: {facts.qemu.problem}", cure, advice)
    return ask.ok(told)


def _qemu_img(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "programs:qemu-img",
        spec.name,
        "qemu-img",
        "It makes the overlays and tells the length of a disk image.",
        Topic.ENGINE,
        DOC,
    )
    path = survey.programs.get("qemu-img", "")
    if path:
        return ask.ok(path)
    return ask.bad("not there", *_packaged(survey))


def _packaged(survey: HostSurvey | None) -> tuple[str, str]:
    """The cure where the host's distribution has such a QEMU, else what to do instead."""
    why = why_not(survey) if survey is not None else "Check again, so that its distribution is known."
    return ("", f"{why[:1].upper()}{why[1:]}") if why else ("qemu", "")


def _machine(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "machine",
        spec.name,
        "machine type",
        "Both copies must be the same machine, device by device.",
        Topic.ENGINE,
        DOC,
    )
    if not survey.machine_types:
        return ask.unknown(
            "QEMU did not tell its machine types", advice="Run `qemu-system-x86_64 -machine help` there."
        )
    if MACHINE not in survey.machine_types:
        return ask.bad(f"this QEMU has no machine `{MACHINE}`", advice="Install a QEMU for x86_64 with the pc machine.")
    return ask.ok(f"`{MACHINE}` is one of {len(survey.machine_types)}")


def _kvm(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "kvm",
        spec.name,
        "KVM",
        "With KVM the guest runs at full speed; QEMU's own emulation (TCG) is many "
        "times slower, and COLO works on both.",
        Topic.ENGINE,
        DOC,
    )
    forced = [guest.name for guest in scene.qemu_guests if guest.accel is Accel.KVM]
    if survey.kvm:
        return ask.ok("/dev/kvm is there; whether it runs a guest is tried before the first start")
    if forced:
        return ask.bad(
            f"no /dev/kvm, and {' and '.join(forced)} wants KVM",
            advice="Switch virtualisation on in the firmware and load kvm_amd or kvm_intel, or use `accel: auto`.",
        )
    return ask.ok("no /dev/kvm: the guests run under TCG")


def _same_qemu(scene: Scene) -> Iterator[Finding]:
    versions = {name: facts.qemu.version for name, facts in scene.facts.items() if isinstance(facts.qemu, QemuFacts)}
    if len(versions) == 2:
        ask = Question(
            "same-qemu",
            "",
            "same QEMU",
            "Both copies must run the same release: a state of one is loaded into the other many times a minute.",
            Topic.ENGINE,
            DOC,
        )
        if len(set(versions.values())) == 1:
            yield ask.ok(named(versions))
        else:
            yield ask.bad(named(versions), advice="Bring both hosts to the newer of the two releases.")


def _same_cpu(scene: Scene) -> Iterator[Finding]:
    both = scene.both
    if both is None:
        return
    ask = Question(
        "same-cpu",
        "",
        "same CPU",
        "A guest that runs on a CPU by KVM and finds another one after a failover "
        "can crash; under TCG both copies see QEMU's own CPU.",
        Topic.ENGINE,
        "configuration of live migration",
    )
    names = [survey.host for survey in both]
    difference = apart(both[0].cpu_flags, both[1].cpu_flags, names)
    if not difference:
        yield ask.ok(f"{both[0].cpu_model or 'model not told'}, {len(both[0].cpu_flags)} flags, the same on both")
        return
    if not all(survey.kvm for survey in both) or all(guest.accel is Accel.TCG for guest in scene.qemu_guests):
        yield ask.ok(f"{difference}; it does not matter: the guests run under TCG")
    elif any(_host_cpu(guest.extra) for guest in scene.qemu_guests):
        yield ask.bad(
            difference, advice="Use `-cpu` with a model that both hosts have instead of `host` in the guest's `extra`."
        )
    else:
        yield ask.warning(
            difference, advice="Leave the guest's `extra` without -cpu, or name a model that both hosts have."
        )


def _host_cpu(extra: tuple[str, ...]) -> bool:
    pairs = itertools.pairwise(extra)
    return any(flag == "-cpu" and value.split(",")[0] in ("host", "max") for flag, value in pairs)
