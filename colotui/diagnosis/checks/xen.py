"""What classic COLO on Xen needs on the hosts: its own build of Xen, the COLO agent, and programs of its scripts."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.diagnosis.checks.scene import MEASURED, SEED, Question, Scene, named
from colotui.model.check import Finding, Topic
from colotui.model.distributions import PROGRAMS
from colotui.model.pair import HostSpec
from colotui.model.survey import HostSurvey
from colotui.model.versions import parse_version

_BROKEN_SINCE = (4, 16)
_PROGRAMS = {
    "nl-qdisc-list": ("the Xen scripts find free ifb devices with it (libnl-tools 3.0 or newer)", "Requirements 2"),
    "ifconfig": ("the Xen scripts list the ifb devices with it (net-tools)", "step 6"),
    "tc": ("the Xen scripts wire the forwarding with it (iproute2)", "step 6"),
    "modprobe": ("modules are loaded with it (kmod)", "step 6"),
    "depmod": ("a new module, such as the COLO agent, is found only after it has run (kmod)", "step 4"),
}
_LATER = ("sch_colo_icmp", "sch_colo_tcp", "sch_colo_udp")
_FIRST = "sch_colo_ipv4"


def findings(scene: Scene) -> Iterator[Finding]:
    """All of this module."""
    for spec, survey in scene.places():
        yield _tools(scene, spec, survey)
        for program in _PROGRAMS:
            yield _program(scene, spec, survey, program)
        if scene.classic:
            yield _version(spec, survey)
            yield _agent(spec, survey)
            yield _order(spec, survey)
            yield _heartbeat(spec)
    if scene.classic and scene.both is not None:
        yield _same(scene)


def _tools(scene: Scene, spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "xen-tools",
        spec.name,
        "Xen tools",
        "The Xen tools of a distribution are built without COLO, and two sets of them on one host disturb each other.",
        Topic.ENGINE,
        f"{SEED}, Requirements 2",
    )
    if not scene.classic:
        told = f"`xl` of {survey.xen_tools} is there and is left alone" if survey.xen_tools else "no `xl` here"
        return ask.ok(f"{told} (the qemu engine does without)")
    if not survey.xen_tools:
        return ask.bad("no `xl` here", advice="Build Xen with COLO (libnl3) and install its tools, on both hosts.")
    if survey.xen_tools == "no package":
        return ask.ok("`xl` was built by hand")
    return ask.bad(
        f"`xl` comes from the package {survey.xen_tools}: `xl remus -c` says there that COLO is not supported",
        advice="Remove that package with the package manager, then install a Xen that was built with libnl3.",
    )


def _program(scene: Scene, spec: HostSpec, survey: HostSurvey, name: str) -> Finding:
    purpose, source = _PROGRAMS[name]
    ask = Question(
        f"programs:{name}", spec.name, name, f"{purpose[0].upper()}{purpose[1:]}.", Topic.MODULES, f"{SEED}, {source}"
    )
    path = survey.programs.get(name, "")
    if path:
        return ask.ok(path)
    if not scene.classic:
        return ask.ok("not there (the qemu engine does without)")
    if name in PROGRAMS and survey.programs.get("apt-get"):
        return ask.bad("not there", "programs")
    return ask.bad("not there", advice=f"Install on {spec.name} the package of the distribution that has {name}.")


def _version(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "xen",
        spec.name,
        "Xen",
        "A libxl of 4.16 or later writes a record that its own other side cannot "
        "read: every COLO run dies at its second checkpoint.",
        Topic.ENGINE,
        f"{MEASURED}; {SEED}, steps 1 and 2",
    )
    if not survey.xen_version:
        return ask.bad(
            "this host does not run on Xen, or `xl info` does not tell",
            advice="Boot the host's Xen entry; the guests of the xen engine need it below the host's kernel.",
        )
    numbers = parse_version(survey.xen_version)
    if numbers is not None and numbers[:2] >= _BROKEN_SINCE:
        return ask.bad(
            f"Xen {survey.xen_version}: as released it cannot keep COLO",
            advice="Use the qemu engine, or a Xen whose send_checkpoint_dirty_pfn_list() is mended.",
        )
    return ask.ok(f"Xen {survey.xen_version}")


def _agent(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "xen-agent",
        spec.name,
        "COLO agent",
        "Without -p, `xl remus -c` leaves the comparison of replies to this kernel module.",
        Topic.MODULES,
        f"{SEED}, step 4",
    )
    if "/dev/HA_compare" in survey.colo_agent:
        return ask.ok("/dev/HA_compare is there")
    return ask.warning(
        "no /dev/HA_compare: only `xl remus -c -p` can compare, by QEMU's own filters",
        advice=f"Compile the agent for {survey.kernel}, copy it to /lib/modules/{survey.kernel}/updates/, run depmod "
        "and load sch_colo; or use -p.",
    )


def _order(spec: HostSpec, survey: HostSurvey) -> Finding:
    ask = Question(
        "xen-agent-order",
        spec.name,
        "agent's modules",
        "The experimental agent's modules build on sch_colo_ipv4, and are loaded by hand once COLO runs.",
        Topic.MODULES,
        f"{SEED}, Performance 1",
    )
    loaded = [name for name in survey.colo_agent if name in (_FIRST, *_LATER)]
    if not loaded:
        return ask.ok("none of the experimental modules is loaded")
    if loaded[0] != _FIRST:
        return ask.bad(
            f"loaded in the order {' '.join(loaded)}",
            advice=f"Unload them, then load {_FIRST} first and {', '.join(_LATER)} after it.",
        )
    return ask.ok(f"loaded in the order {' '.join(loaded)}")


def _heartbeat(spec: HostSpec) -> Finding:
    ask = Question(
        "heartbeat",
        spec.name,
        "heartbeat",
        "The heartbeat of the 2014 patches is not reliable; what ends a "
        "run of today's `xl remus` is its ssh connection.",
        Topic.ENGINE,
        f"{SEED}, The known problem 2; {MEASURED}",
    )
    return ask.unknown(
        "how soon sshd gives a silent peer up is not read",
        advice=f"Set ClientAliveInterval 2 and ClientAliveCountMax 2 in sshd_config of {spec.name}; with a Xen that "
        "has the old heartbeat use its branch without it.",
    )


def _same(scene: Scene) -> Finding:
    ask = Question(
        "same-xen",
        "",
        "same Xen",
        "Both hosts must run the same Xen with the same QEMU patches.",
        Topic.ENGINE,
        f"{SEED}, The steps 1 and 2",
    )
    versions = {survey.host: survey.xen_version for _, survey in scene.places()}
    if not all(versions.values()):
        return ask.unknown(named(versions), advice="Boot Xen on both hosts, then check again.")
    if len(set(versions.values())) > 1:
        return ask.bad(named(versions), advice="Install the same build on both hosts.")
    return ask.ok(named(versions))
