"""Every sentence of the seed document: what it asks is covered by a check or a step, or it asks nothing, and why.

`SEED` is the whole document in order, cut into its sentences; nothing may be left out between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from colotui.cli.parser import parse
from colotui.model.plan import Action
from colotui.setup.plan import STEP_KEYS
from tests.unit.diagnosis.checksample import XEN, judged, pair

FIXTURE = Path(__file__).parents[2] / "fixtures" / "seed.txt"


@dataclass(frozen=True)
class Asks:
    """Covered by these checks, steps, actions of the cockpit, or commands."""

    checks: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    command: str = ""


@dataclass(frozen=True)
class Tells:
    """Asks nothing of the operator, for this reason."""

    reason: str


def asks(*checks: str, steps: tuple[str, ...] = (), actions: tuple[Action, ...] = (), command: str = "") -> Asks:
    return Asks(checks, steps, actions, command)


HEADING = Tells("a heading")
HVM = ("guest-hvm",)
BUILD = asks("xen", "xen-tools", "same-xen", "qemu", "same-qemu", steps=("qemu",))
FORWARD = ("forward-nic", "forward-up", "forward-direct", "forward-count")
AGENT = asks("xen-agent", "programs:depmod")
SYSCTLS = {"steps": ("guest-sysctls",)}

SEED: tuple[tuple[str, Asks | Tells], ...] = (
    ("COLO provides fault tolerance for virtual machines by sending continuous checkpoints to a backup, which will "
     "activate if the target VM fails.", Tells("what COLO is")),
    ("It only supports HVM guest(without pv extensions).", asks(*HVM, "guest-platform-pci")),
    ("Requriements: 1. Hardware requriements", HEADING),
    ("There is at least one directly connected nic to forward the nic from client to secondary vm.",
     asks(*FORWARD, steps=("forward-up", "forward-address"))),
    ("The directly connected nic must not be used by any other purpose.", asks("forward-use", "addresses")),
    ("If your guest has more than one nic, you should have directly connected nic for each guest nic.",
     asks("forward-count")),
    ("If you don't have enouth directly connected nic, you can use vlan.", asks("forward-nic", "forward-count")),
    ("2. Dom0 requirements", HEADING),
    ("- Support dom0", asks("xen")),
    ("- kernel module:", HEADING),
    ("sch_ingress", asks("modules:sch_ingress", steps=("modules",))),
    ("cls_basic", asks("modules:cls_basic", steps=("modules",))),
    ("cls_tcindex", asks("modules:cls_tcindex", steps=("wiring",))),
    ("cls_u32", asks("modules:cls_u32", steps=("modules",))),
    ("act_mirred", asks("modules:act_mirred", steps=("modules",))),
    ("ifb", asks("modules:ifb", steps=("modules", "ifb"))),
    ("blktap2", asks("modules:blktap2")),
    ("Note: Only suse may provide blktap2 module.", Tells("where that module once came from")),
    ("If your kernel don't have it, you can build it byself: a. Export the symbol zap_page_range() from kernel b. Get "
     "the blktap2 source from here: https://github.com/wencongyang/blktap", asks("modules:blktap2")),
    ("- libnl-tools >= 3.0. This package provides the command nl-qdisc-list, and colo need this command.",
     asks("programs:nl-qdisc-list", steps=("programs",))),
    ("- If your host os has OEM-released xen tools, please uninstall it first.", asks("xen-tools")),
    ("- You can load the module which is not provided by OEM.", asks("modules:ifb", steps=("modules",))),
    ("3. Guest requirements", HEADING),
    ("Only HVM guest(without pv extensions) is supported now.", asks(*HVM)),
    ("If you want to use OEM released guest os, please use SUSE.", asks(*HVM)),
    ("REDHAT and Ubuntu is not supported now because I don't find any way to disable pv extensions.", asks(*HVM)),
    ("If you want to use REDHAT or Ubuntu, you need to build the newest kernel which has the parameter xen_nopv.",
     asks(*HVM)),
    ("The steps to setup COLO environment:", HEADING),
    ("1. Build and install xen", BUILD),
    ("2. Apply the patch for qemu xen, and rebuild xen tools: - cd tools/qemu-xen-dir - use git am to apply the patch: "
     "<TODO> - make tools && make install-tools", BUILD),
    ("Note: You must use qemu-xen. qemu-xen-traditional is not supported.", asks("guest-device-model")),
    ("3. Install the guest", asks("image")),
    ('3.1 Add "xen_platform_pci=0" into the guest configfile', asks("guest-platform-pci")),
    ("3.2 If you use suse, please select physical machine", asks(*HVM)),
    ("3.3 copy the disk image to the other host",
     asks("image", "image-length", "image-content", "space", steps=("folder", "image"))),
    ("4. Install COLO agent module:", HEADING),
    ("4.1 Download COLO agent, and compile it: https://github.com/wencongyang/colo-agen", AGENT),
    ("4.2 Install it: it is the kernel module, so copy the module to the directory /lib/modules/<version>/updates/, "
     "and run depmod.", AGENT),
    ("5. Update your guest config file for COLO:", HEADING),
    ("5.1 disk disk = [ 'format=raw,devtype=disk,access=w,vdev=hda,backendtype=tap,filter=colo,filter-params="
     "192.168.3.1:9000,target=/root/images/hvm/hvm_nopv/hvm.img' ]", asks("guest-filter-params", "modules:blktap2")),
    ("5.2 nic vif = [ 'mac=00:16:4f:00:00:11, bridge=br0, model=e1000, forwarddev=eth0' ]",
     asks("guest-nic-model", "guest-forwarddev", "bridge", "service-nic", steps=("bridge",))),
    ("Note: a. The ip/port in filter-params is the secondary host's IP. Don't use the directly connected nic's IP.",
     asks("guest-filter-params", "addresses")),
    ("b. forwarddev is the directly connected nic.", asks("guest-forwarddev", "forward-direct")),
    ("c. If you have more than one disk, filter-params must be different", asks("guest-filter-params")),
    ("6. Load the module ifb", asks("modules:ifb", "programs:modprobe", steps=("modules",))),
    ("We need to two ifb nics for each virtual nic, you can load ifb like this: modprobe ifb numifbs=100",
     asks("ifb", "ifb-leaks", "programs:ifconfig", "programs:tc", steps=("ifb", "ifb-leaks", "wiring"))),
    ("7. Run COLO: xl remus -c -u <domname> <secondary host IP>", asks("ssh", actions=(Action.PROTECT,))),
    ("Note: The ip must not be the directly connected nic's IP.", asks("addresses")),
    ("Note: Secondary host only need to do step 1-2.", Tells("it takes steps away; the plan makes both hosts alike, so "
     "that the roles can change")),
    ("Performance: 1. colo agent", HEADING),
    ("The COLO agent module doesn't include codes which are experimental and improve the performance. The codes are in "
     "the branch experimental.", Tells("where the experimental agent is")),
    ("If you use this branch, you need to load some kernel modules by hand after running COLO. The module "
     "sch_colo_ipv4 should be loaded before loading sch_colo_icmp, sch_colo_tcp and "
     "sch_colo_udp.", asks("xen-agent-order")),
    ("2. Guest", HEADING),
    ("Disable the following tcp option: tcp_sack, tcp_dsack, tcp_timestamps.",
     asks("guest-tcp-sack", "guest-tcp-dsack", "guest-tcp-timestamps", **SYSCTLS)),
    ("Add the following lines to /etc/sysctl.conf: net.ipv4.tcp_sack=0 net.ipv4.tcp_dsack=0 net.ipv4.tcp_timestamps=0",
     asks("guest-tcp-sack", "guest-tcp-dsack", "guest-tcp-timestamps", **SYSCTLS)),
    ("3. Host", HEADING),
    ("- The primary host and secondary host date should be the same",
     asks("clock", "clocks-apart", "time-service", steps=("clock",))),
    ("- If you build dom's kernel, irqbalance service may not start.", asks("irqbalance", steps=("irqbalance",))),
    ("COLO uses more than one nic, and you should bind each nic's irq to one cpu.",
     asks("irq:eth0", "rps:eth1", steps=("irq", "rps"))),
    ("The known problem:", HEADING),
    ("1. Secondary vm may crash due to triple fault.", Tells("a fault that may come; diagnosis names it when it does")),
    ("2. The heartbeat is not reliable. If you want to test the performance, please disable the heartbeat(modify the "
     "xen codes). You can use the branch colo-v4-noheartbeat.", asks("heartbeat")),
    ("3. Suspending the vm fails, and the error message is: libxl: error: libxl_qmp.c:429:qmp_next: timeout",
     Tells("a fault that may come; diagnosis names it when it does")),
    ("Problem 1 and 3 don't happen every time. So you can run colo again to avoid this problem.",
     asks("leftovers", "cut-off-plan", steps=("leftovers",), actions=(Action.PROTECT, Action.REPROTECT))),
    ("Example: 1. If you use sles11.3, you can get the detailed steps from the wiki: <TODO>",
     Tells("a page that was never written")),
    ("Trouble shooting: If there's some error happend when staritng COLO, you can do:", HEADING),
    ("1. Make sure you have all necessary modules that DOM0 needed on both side.",
     asks("modules:sch_ingress", "modules:cls_u32", "modules:act_mirred", "modules:ifb", steps=("modules",))),
    ("2. Make sure you have followed all the instructions in this README.", asks("reach", command="check")),
    ("3. Try to reboot both primary and secondary host.", asks("keep", steps=("keep",))),
    ("4. If you still have problems, collect the error logs and contact Wen Congyang(wency@cn.fujitsu.com) for help.",
     asks(command="paths")),
)  # fmt: skip

ASKING = [(text, what) for text, what in SEED if isinstance(what, Asks)]


def test_every_sentence_of_the_seed_is_listed_in_its_order() -> None:
    seed = " ".join(FIXTURE.read_text().split())
    at = 0
    for text, _ in SEED:
        assert seed[at:].startswith(text), (text, seed[at : at + 200])
        at += len(text) + 1
    assert at == len(seed) + 1
    assert len(ASKING) >= 40


def test_what_asks_nothing_says_why() -> None:
    assert all(what.reason for _, what in SEED if isinstance(what, Tells))


@pytest.mark.parametrize(("text", "what"), ASKING)
def test_what_is_asked_is_covered(text: str, what: Asks) -> None:
    assert what.checks or what.steps or what.command, text
    produced = {key for engine in (pair(), pair(XEN)) for _, key in judged(engine)}
    assert set(what.checks) <= produced
    assert set(what.steps) <= set(STEP_KEYS)
    for action in what.actions:
        assert parse([action.value]).command == action.value
    if what.command:
        assert parse([what.command]).command == what.command


def test_every_check_that_names_the_seed_as_its_source_stands_beside_a_sentence_of_it() -> None:
    asked = {key for _, what in ASKING for key in what.checks}
    for engine in (pair(), pair(XEN)):
        assert {key for (_, key), one in judged(engine).items() if "seed.txt" in one.source} <= asked
