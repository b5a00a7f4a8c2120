"""Whether a host's QEMU can do COLO, and whether KVM runs a guest there: found out before a guest is touched."""

from __future__ import annotations

import asyncio
import re

from colotui.errors import CommandFailed, EngineUnfit, HostCallFailed
from colotui.host.channel import Host, ReadError
from colotui.model.pair import Accel, GuestSpec
from colotui.model.versions import colo_problem

BINARIES = ("/usr/bin/qemu-system-x86_64", "/usr/local/bin/qemu-system-x86_64", "/usr/libexec/qemu-kvm")
KVM_LIMIT = 2.5
"""Seconds a guest's kernel may take to its first word under KVM; on a host whose KVM hangs it never comes."""
_VERSION = re.compile(r"QEMU emulator version (\d+\.\d+\.\d+)")


async def find_qemu(host: Host) -> tuple[str, str]:
    """Path and version of the host's QEMU. Raises EngineUnfit when there is none or its COLO cannot work."""
    found = await host.stat(BINARIES)
    path = next((p for p in BINARIES if not isinstance(found[p], ReadError)), None)
    if path is None:
        raise EngineUnfit(
            f"{host.name}: there is no qemu-system-x86_64.",
            "Install QEMU 11.1 or newer (Debian: qemu-system-x86 from trixie-backports).",
        )
    text = (await host.run([path, "--version"], timeout=10)).stdout
    match = _VERSION.search(text)
    if match is None:
        raise EngineUnfit(f"{host.name}: {path} does not tell its version.", "Install QEMU 11.1 or newer.")
    version = match.group(1)
    problem = colo_problem(version)
    if problem:
        raise EngineUnfit(f"{host.name}: QEMU {version} cannot run COLO: {problem}", "Nothing was touched.")
    return path, version


async def kvm_works(host: Host, binary: str, spec: GuestSpec) -> str:
    """ "" when KVM runs the guest's kernel on this host, else why not. Tried once per boot, then remembered."""
    note = "/run/colotui/kvm"
    known = (await host.read([note]))[note]
    if isinstance(known, bytes):
        return known.decode("utf-8", "replace").strip()
    answer = await _try_kvm(host, binary, spec)
    try:
        await host.mkdir("/run/colotui")
        await host.write(note, answer.encode() + b"\n", mode=0o600, create=True)
    except HostCallFailed:
        pass  # not remembered: it is tried again next time
    return answer


async def _try_kvm(host: Host, binary: str, spec: GuestSpec) -> str:
    if isinstance((await host.stat(["/dev/kvm"]))["/dev/kvm"], ReadError):
        return "no /dev/kvm"
    if spec.kernel is None:
        return "not tried: the pair file names no kernel to try it with"
    argv = [binary, "-accel", "kvm", "-machine", "pc", "-m", "128M", "-display", "none", "-nodefaults"]
    argv += ["-no-user-config", "-no-reboot", "-serial", "stdio", "-kernel", spec.kernel]
    argv += ["-append", "console=ttyS0 earlyprintk=ttyS0 panic=-1"]
    try:
        result = await host.run(argv, timeout=KVM_LIMIT, check=False)
    except CommandFailed as error:
        return "" if "Linux version" in error.output else f"a guest says nothing under KVM for {KVM_LIMIT:g} s"
    last = (result.stderr.strip().splitlines() or ["QEMU ended"])[-1]
    return "" if "Linux version" in result.stdout else last[:200]


async def choose_accel(hosts: tuple[Host, ...], binaries: tuple[str, ...], spec: GuestSpec) -> tuple[str, str]:
    """The accelerator for both sides, and why. KVM only where every host can; asked for outright it must work."""
    if spec.accel is Accel.TCG:
        return "tcg", "as the pair file says"
    tries = (kvm_works(host, binary, spec) for host, binary in zip(hosts, binaries, strict=True))
    for host, reason in zip(hosts, await asyncio.gather(*tries), strict=True):
        if reason and spec.accel is Accel.KVM:
            raise EngineUnfit(
                f"{host.name}: the pair file wants KVM, but: {reason}.", "Use `accel: auto` or `tcg`, or mend KVM."
            )
        if reason:
            return "tcg", f"no KVM on {host.name}: {reason}"
    return "kvm", "KVM ran the guest's kernel"
