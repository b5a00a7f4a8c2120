"""Pairs for these tests: one written out by hand, and any pair hypothesis can think of."""

from __future__ import annotations

import string
from pathlib import PurePosixPath

from hypothesis import strategies as st

from colotui.config.reader import RESERVED
from colotui.model.pair import (
    Accel,
    DiskSpec,
    EngineKind,
    ForwardSpec,
    GuestSpec,
    HostSpec,
    NicModel,
    NicSpec,
    Pair,
    ProbeKind,
    ProbeSpec,
)

FULL = """\
name: lab
hosts:
  alpha:
    address: 10.79.0.2
    port: 22
    user: root
    key: /root/.ssh/id_ed25519
    bridge: br0
    service_nic: eth0
    forward: {nic: eth1, address: 10.78.0.1/24}
  beta:
    address: 10.79.0.3
    forward: {nic: eth1, address: 10.78.0.2/24}
guests:
  web01:
    engine: qemu
    memory: 128 MiB
    cpus: 1
    accel: auto
    kernel: /var/lib/colotui/images/vmlinuz
    initrd: /var/lib/colotui/images/initrd
    append: "console=ttyS0 quiet"
    disks: [{path: /var/lib/colotui/web01/disk0.qcow2, format: qcow2, size: 256 MiB}]
    nics: [{mac: 00:16:4f:00:00:11, model: e1000}]
    extra: ["-device", "virtio-rng-pci"]
    base_port: 9000
    checkpoint_delay: 1000 ms
    compare_timeout: 3 s
    probe: http://10.77.0.10/
"""


def line_of(text: str, part: str) -> int:
    """The number of the first line of `text` that contains `part`."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


_names = st.text("abcxyz0189-", min_size=1, max_size=31).filter(lambda text: not text.startswith("-"))
_nics = st.sampled_from(["eth0", "eth1", "enp3s0f1", "bond0.7", "null", "on", "1e3"])
_paths = st.lists(st.text("ab01._+@:=-", min_size=1, max_size=8), min_size=1, max_size=3).map(
    lambda parts: str(PurePosixPath("/", *(part for part in parts if part != "..")))
)
_words = st.text(st.characters(codec="utf-8").filter(str.isprintable), max_size=20)
_macs = st.integers(1, (1 << 46) - 1).map(lambda n: ":".join(f"{n << 2:012x}"[i : i + 2] for i in range(0, 12, 2)))
_macs = _macs.filter(lambda text: int(text[:2], 16) % 2 == 0)
_sizes = st.integers(1, 1 << 45)
_probes = st.none() | st.one_of(
    st.builds(ProbeSpec, st.just(ProbeKind.PING), st.sampled_from(["10.0.0.1", "web", "fd00::1"])),
    st.builds(
        ProbeSpec, st.just(ProbeKind.TCP), st.sampled_from(["10.0.0.1", "web", "fd00::1"]), port=st.integers(1, 65535)
    ),
    st.sampled_from(["10.0.0.1", "web"]).map(lambda a: ProbeSpec(ProbeKind.HTTP, a, url=f"http://{a}:8080/x?y=%20#z")),
)
_secrets = st.none() | st.just("/root/.ssh/id: #1")


@st.composite
def _hosts(draw: st.DrawFn) -> tuple[HostSpec, HostSpec]:
    names = draw(st.lists(_names, min_size=2, max_size=2, unique=True))
    addresses = draw(st.permutations(["local", "10.0.0.7", "alpha.example.org", "fd00::7"]))
    prefix = draw(st.integers(8, 30))
    made = [
        HostSpec(
            name=name,
            address=address,
            forward=ForwardSpec(draw(st.sampled_from(["fwd0", "no"])), f"192.168.9.{number}", prefix),
            bridge="br0",
            user=draw(st.sampled_from(["root", "null", "op_1"])),
            port=draw(st.integers(1, 65535)),
            key=draw(_secrets),
            known_hosts=draw(_secrets),
            service_nic=draw(st.none() | _nics),
        )
        for number, (name, address) in enumerate(zip(names, addresses, strict=False), 1)
    ]
    return made[0], made[1]


# What takes the guest out of colotui's hands is refused; a generator that reads our sources does find those words.
_extra = st.text(string.printable[:95], min_size=1).filter(lambda word: word.replace("--", "-", 1) not in RESERVED)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Any pair that a pair file may describe."""
    names = draw(st.lists(_names, min_size=1, max_size=3, unique=True))
    macs = draw(st.lists(_macs, min_size=6, max_size=6, unique=True))
    disks = draw(st.lists(_paths, min_size=6, max_size=6, unique=True))
    guests = []
    for index, name in enumerate(names):
        kernel = draw(st.none() | _paths)
        guests.append(
            GuestSpec(
                name=name,
                memory=draw(st.integers(16, 1 << 20)) << 20,
                disks=tuple(
                    DiskSpec(disk, draw(st.sampled_from(["qcow2", "raw"])), draw(st.none() | _sizes))
                    for disk in disks[index * 2 : index * 2 + draw(st.integers(1, 2))]
                ),
                nics=tuple(
                    NicSpec(mac, draw(st.sampled_from(NicModel)))
                    for mac in macs[index * 2 : index * 2 + draw(st.integers(1, 2))]
                ),
                engine=draw(st.sampled_from(EngineKind)),
                cpus=draw(st.integers(1, 64)),
                accel=draw(st.sampled_from(Accel)),
                kernel=kernel,
                initrd=draw(st.none() | _paths) if kernel else None,
                append=draw(_words) if kernel else "",
                extra=tuple(draw(st.lists(_extra, max_size=3))),
                base_port=9000 + 1000 * index,
                checkpoint_delay=draw(st.integers(10, 3_600_000)),
                compare_timeout=draw(st.integers(10, 3_600_000)),
                probe=draw(_probes),
            )
        )
    return Pair(draw(_names), draw(_hosts()), tuple(guests), path="/somewhere/pair.yaml")
