"""Problems of the network devices of a guest's configuration."""

from __future__ import annotations

from collections.abc import Iterator

from colotui.engine.xen.cfg import Text
from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.colokeys import base_port_of, colo_keys
from colotui.engine.xen.problem import Problem, addresses
from colotui.engine.xen.vif import Vif, VifError, mac_of, parse_vif
from colotui.errors import ConfigError
from colotui.model.pair import HostSpec


def problems(document: Document, classic: bool, primary: HostSpec, secondary: HostSpec) -> Iterator[Problem]:
    """Everything wrong with `vif`."""
    try:
        texts = document.texts("vif")
    except ConfigError as error:
        yield Problem(error.line, error.what.partition(": ")[2], "xl reads no vif from there on.", error.next_step)
        return
    vifs: list[tuple[Text, Vif]] = []
    for text in texts:
        try:
            vifs.append((text, parse_vif(text.text)))
        except VifError as error:
            yield Problem(text.line, f"xl refuses this vif: {error}.", "The guest cannot be created.", "Correct it.")
    if not texts:
        yield Problem(document.line("vif"), "the guest has no vif.", "COLO compares its replies.", "Write vif=[...].")
    forwards: dict[str, int] = {}
    for text, vif in vifs:
        yield from _device(text.line, vif, primary, secondary)
        yield from _forward(text.line, vif, classic, primary, secondary, forwards)
    if not classic:
        yield from _filters(vifs, primary, secondary)


def _device(line: int, vif: Vif, primary: HostSpec, secondary: HostSpec) -> Iterator[Problem]:
    for word in vif.unknown:
        yield Problem(
            line,
            f"xl does not know `{word}` and passes over it.",
            "It says so and goes on, with status 0.",
            "Write forwarddev=." if word.lstrip().startswith("forwardbr=") else "Correct or remove it.",
            blocking=False,
        )
    if vif.get("model") != "e1000":
        yield Problem(
            line,
            f"the vif's model is {vif.get('model') or 'not given: rtl8139'}.",
            "COLO on Xen was proven with e1000 only.",
            "Write model=e1000.",
        )
    if vif.get("type") == "vif":
        yield Problem(line, "type=vif gives the guest a PV device only.", "COLO needs the emulated one.", "Remove it.")
    mac = vif.get("mac")
    if not mac:
        yield Problem(
            line, "the vif has no mac.", "Both copies must have the same one.", "Write mac=00:16:3e:..", blocking=False
        )
    else:
        try:
            mac_of(mac)
        except VifError as error:
            yield Problem(line, f"{error}.", "xl takes none of it.", "Write six numbers with colons between.")
    bridge = vif.get("bridge")
    for host in (primary, secondary):
        if bridge and bridge != host.bridge:
            yield Problem(
                line,
                f"the bridge of {host.name} is {host.bridge}, not {bridge}.",
                "The configuration goes to the other host as it is.",
                "Give the bridges of both hosts one name.",
            )
            return


def _forward(
    line: int, vif: Vif, classic: bool, primary: HostSpec, secondary: HostSpec, seen: dict[str, int]
) -> Iterator[Problem]:
    nic = vif.get("forwarddev")
    if not nic:
        if classic:
            yield Problem(
                line,
                "the vif has no forwarddev.",
                "It names the directly connected NIC.",
                f"Write forwarddev={primary.forward.nic}.",
            )
        return
    if nic == vif.get("bridge"):
        yield Problem(
            line,
            f"forwarddev {nic} is the bridge.",
            "The forward NIC must serve nothing else.",
            f"Write forwarddev={primary.forward.nic}.",
            blocking=classic,
        )
    for host in (primary, secondary):
        if nic != host.forward.nic:
            yield Problem(
                line,
                f"forwarddev {nic} is not the directly connected NIC of {host.name}, {host.forward.nic}.",
                "The same name is used on both hosts.",
                f"Write forwarddev={host.forward.nic}, and give both NICs one name.",
                blocking=classic,
            )
            break
    if nic in seen:
        yield Problem(
            line,
            f"forwarddev {nic} is that of the vif in line {seen[nic]} too.",
            "Each guest NIC needs a directly connected NIC, or a VLAN of its own.",
            "Give it another one.",
            blocking=classic,
        )
    seen.setdefault(nic, line)


def _filters(vifs: list[tuple[Text, Vif]], primary: HostSpec, secondary: HostSpec) -> Iterator[Problem]:
    for text, _ in vifs[1:]:
        yield Problem(
            text.line,
            "this is a second vif.",
            "libxl gives its packet filters fixed names, and looks for "
            "the checkpoint's address at the first vif only: QEMU cannot compare two.",
            "Protect a guest with one vif.",
        )
    for text, vif in vifs[:1]:
        values = vif.values
        host, base = vif.get("colo_checkpoint_host"), base_port_of(values)
        if not host or base is None:
            yield Problem(
                text.line,
                "the vif lacks colo_checkpoint_host or colo_checkpoint_port.",
                "`xl remus -c -p` then ends with a segmentation fault.",
                "Add all colo_ keys; they follow from the primary's address.",
            )
            continue
        missing = [key for key in colo_keys(host, base) if not values.get(key)]
        if missing:
            yield Problem(
                text.line,
                f"the vif lacks {len(missing)} colo_ keys: {', '.join(missing[:4])}"
                f"{' and others' if len(missing) > 4 else ''}.",
                "libxl leaves out the filter that a key is missing of.",
                "Add all colo_ keys; they follow from the primary's address.",
            )
        hosts = {value for key, value in values.items() if key.startswith("colo_sock_") and key.endswith("_ip")}
        for address in sorted(hosts | {host}):
            if address in addresses(secondary) - addresses(primary):
                yield Problem(
                    text.line,
                    f"a socket of the filters is at {address}, an address of {secondary.name}.",
                    "All of them are on the primary; the secondary connects to it.",
                    f"Use an address of {primary.name}.",
                )
        if len(hosts | {host}) > 1:
            yield Problem(
                text.line,
                "the sockets of the filters have different addresses.",
                "All of them are on the primary.",
                "Use one.",
                blocking=False,
            )
        yield from _ports(text.line, vif)


def _ports(line: int, vif: Vif) -> Iterator[Problem]:
    pairs = (
        ("colo_sock_mirror_port", "colo_sock_sec_redirector0_port", "the mirror"),
        ("colo_sock_compare_sec_in_port", "colo_sock_sec_redirector1_port", "the secondary's replies"),
        ("colo_sock_compare_notify_port", "colo_checkpoint_port", "the comparison's notice"),
        ("colo_sock_compare_pri_in_port", "colo_sock_redirector1_port", "the primary's replies"),
        ("colo_sock_redirector0_port", "colo_sock_redirector2_port", "the comparison's output"),
    )
    for listens, connects, what in pairs:
        if vif.get(listens) and vif.get(connects) and vif.get(listens) != vif.get(connects):
            yield Problem(
                line,
                f"{what} has port {vif.get(listens)} at one end and {vif.get(connects)} at the other.",
                f"{connects} must connect to {listens}.",
                "Give both the same port.",
            )
