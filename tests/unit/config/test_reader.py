"""A good pair file becomes the Pair it says; a bad one an error that names the line, the fault and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from colotui import config
from colotui.errors import ConfigError
from colotui.model.pair import Accel, EngineKind, NicModel, Pair, ProbeKind
from tests.unit.config.pairs import FULL, line_of, pairs


def test_a_full_file_is_read() -> None:
    pair = config.loads(FULL, "/etc/pair.yaml")
    alpha, beta = pair.hosts
    assert (pair.name, alpha.name, beta.name, pair.path) == ("lab", "alpha", "beta", "/etc/pair.yaml")
    assert (alpha.forward.nic, alpha.forward.address, alpha.forward.prefix) == ("eth1", "10.78.0.1", 24)
    assert (beta.user, beta.port, beta.bridge, beta.key, beta.service_nic) == ("root", 22, "br0", None, None)
    guest = pair.guest("web01")
    assert (guest.memory, guest.cpus, guest.base_port) == (128 << 20, 1, 9000)
    assert (guest.engine, guest.accel, guest.nics[0].model) == (EngineKind.QEMU, Accel.AUTO, NicModel.E1000)
    assert guest.nics[0].mac == "00:16:4f:00:00:11"
    assert (guest.disks[0].format, guest.disks[0].size) == ("qcow2", 256 << 20)
    assert (guest.checkpoint_delay, guest.compare_timeout) == (1000, 3000)
    assert guest.extra == ("-device", "virtio-rng-pci")
    assert guest.probe is not None
    assert (guest.probe.kind, guest.probe.address, guest.probe.url) == (
        ProbeKind.HTTP,
        "10.77.0.10",
        "http://10.77.0.10/",
    )


def test_words_that_yaml_would_turn_into_something_else_stay_text() -> None:
    text = FULL.replace("00:16:4f:00:00:11", "52:54:00:12:34:56").replace("name: lab", "name: no")
    text = text.replace("alpha:", "on:").replace("nic: eth1, address: 10.78.0.1", "nic: null0, address: 10.78.0.1")
    pair = config.loads(text)
    assert (pair.name, pair.hosts[0].name) == ("no", "on")
    assert pair.guests[0].nics[0].mac == "52:54:00:12:34:56"


def test_paths_of_this_machine_start_at_the_home_or_the_pair_files_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    text = FULL.replace("key: /root/.ssh/id_ed25519", "key: ~/.ssh/id\n    known_hosts: hosts/known")
    alpha = config.loads(text, "/etc/colotui/pair.yaml").hosts[0]
    assert (alpha.key, alpha.known_hosts) == ("/home/op/.ssh/id", "/etc/colotui/hosts/known")


# (what to replace, by what, the line's mark after the change, words the error must hold)
BAD: list[tuple[str, str, str, list[str]]] = [
    ("    memory: 128 MiB", "    memry: 128 MiB", "memry", ["`memry`", "Did you mean `memory`?", "cpus", "extra"]),
    ("    bridge: br0", "    brigde: br0", "brigde", ["host alpha", "Did you mean `bridge`?", "Allowed: address"]),
    ("name: lab", "title: lab", "title", ["`title`", "Allowed: name, hosts, guests"]),
    ("name: lab", "name: Lab!", "name:", ["`Lab!`", "a-z"]),
    ("name: lab", "name:", "name:", ["no value"]),
    ("  web01:", "  ../web01:", "../web01", ["name of a guest", "a-z"]),
    ("  web01:", f"  {'w' * 32}:", "www", ["1 to 31"]),
    ("  alpha:", "  -alpha:", "-alpha", ["name of a host"]),
    ("address: 10.79.0.2", "address: 10.79.0.256", "0.256", ["`10.79.0.256`", "local"]),
    ("address: 10.79.0.2", "address: -oProxyCommand=x", "ProxyC", ["is no address"]),
    ("address: 10.79.0.2", "address: 0.0.0.0", "0.0.0.0", ["not the address of a host"]),
    ("address: 10.79.0.2", "address: [10.79.0.2]", "[10.79", ["one value, not a list"]),
    ("address: 10.79.0.3", "address: 10.79.0.2\n    port: 22", "beta:", []),
    ("port: 22", "port: ssh", "port: ssh", ["1 to 65535"]),
    ("port: 22", "port: 70000", "port: 7", ["out of range", "65535"]),
    ("port: 22", "port: 0022", "port: 0", ["octal"]),
    ("user: root", "user: -l", "user:", ["user name"]),
    ("bridge: br0", "bridge: a-name-that-is-too-long", "bridge", ["1 to 15"]),
    ("10.78.0.1/24", "10.78.0.1", "10.78.0.1}", ["10.78.0.1/24"]),
    ("10.78.0.1/24", "10.78.0.0/24", "10.78.0.0", ["the network itself"]),
    ("10.78.0.1/24", "10.78.0.1/33", "/33", ["IPv4"]),
    ("10.78.0.1/24", "224.0.0.1/24", "224.", ["not an address between two hosts"]),
    ("forward: {nic: eth1, address: 10.78.0.1/24}", "forward: eth1", "forward: eth1", ["Allowed: nic, address"]),
    ("    forward: {nic: eth1, address: 10.78.0.2/24}\n", "", "address: 10.79.0.3", ["host beta has no `forward`"]),
    ("service_nic: eth0", "service_nic: br0", "service_nic", ["is the bridge itself"]),
    ("memory: 128 MiB", "memory: 128", "memory", ["no unit", "MiB"]),
    ("memory: 128 MiB", "memory: 128 MB", "memory", ["`MB`", "GiB"]),
    ("memory: 128 MiB", "memory: lots", "memory", ["`lots`", "`128 MiB`"]),
    ("memory: 128 MiB", "memory: 1 MiB", "memory", ["at least 16 MiB"]),
    ("memory: 128 MiB", "memory: 16.7 MiB", "memory", ["whole number"]),
    ("cpus: 1", "cpus: two", "cpus", ["1 to 64"]),
    ("cpus: 1", "cpus: 0", "cpus", ["out of range"]),
    ("accel: auto", "accel: yes", "accel", ["auto, kvm, tcg"]),
    ("engine: qemu", "engine: vmware", "engine", ["qemu, xen"]),
    ("/var/lib/colotui/images/vmlinuz", "vmlinuz", "kernel:", ["absolute"]),
    ("/var/lib/colotui/images/vmlinuz", "/var/../etc/vmlinuz", "kernel:", ["`..`"]),
    ("/var/lib/colotui/images/vmlinuz", "/var/a,if=none", "kernel:", ["may hold"]),
    ("    kernel: /var/lib/colotui/images/vmlinuz\n", "", "initrd:", ["`initrd` but no `kernel`"]),
    ("format: qcow2", "format: vdi", "disks:", ["qcow2, raw"]),
    ("[{path: /var/lib/colotui/web01/disk0.qcow2, format: qcow2, size: 256 MiB}]", "[]", "disks:", ["1 to 8"]),
    ("[{path: /var/lib/colotui/web01/disk0.qcow2, format: qcow2, size: 256 MiB}]", "/a", "disks:", ["a list"]),
    ("00:16:4f:00:00:11", "00:16:4f:00:00", "nics:", ["not a MAC address"]),
    ("00:16:4f:00:00:11", "01:16:4f:00:00:11", "nics:", ["multicast"]),
    ("00:16:4f:00:00:11", "00:00:00:00:00:00", "nics:", ["all zero"]),
    ("model: e1000", "model: rtl8139", "nics:", ["e1000, virtio"]),
    ('"-device", "virtio', '"-daemonize", "virtio', "extra:", ["`-daemonize`"]),
    ('"-device", "virtio', '"--incoming", "virtio', "extra:", ["`--incoming`"]),
    ('"-device", "virtio', '"-device\\n", "virtio', "extra:", ["line break"]),
    ("base_port: 9000", "base_port: 80", "base_port", ["1024 to 64536"]),
    ("checkpoint_delay: 1000 ms", "checkpoint_delay: 1000", "checkpoint_delay", ["no unit", "ms"]),
    ("checkpoint_delay: 1000 ms", "checkpoint_delay: 2 h", "checkpoint_delay", ["`h`", "min"]),
    ("checkpoint_delay: 1000 ms", "checkpoint_delay: 0.5 ms", "checkpoint_delay", ["whole number"]),
    ("http://10.77.0.10/", "https://10.77.0.10/", "probe", ["http://ADDRESS/"]),
    ("http://10.77.0.10/", "http://me:secret@10.77.0.10/", "probe", ["http://ADDRESS/"]),
    ("http://10.77.0.10/", "tcp://10.77.0.10", "probe", ["has no port"]),
    ("http://10.77.0.10/", "ping://10.77.0.10:1", "probe", ["has a port"]),
    ("http://10.77.0.10/", '"http://10.77.0.10/ -o/etc/x"', "probe", ["http://ADDRESS/"]),
    ("http://10.77.0.10/", "http://[::1/", "probe", ["http://ADDRESS/"]),
    ("cpus: 1", "cpus: 1\n    cpus: 2", "cpus: 2", ["twice", "first in line"]),
    ("cpus: 1", "cpus: &one 1", "cpus", ["anchors"]),
    ("cpus: 1", "cpus: !!int 1", "cpus", ["tags"]),
    ("cpus: 1", "cpus: 1: 2", "cpus", ["not YAML"]),
    ("cpus: 1", "\tcpus: 1", "\tcpus", ["not YAML"]),
    ("    cpus: 1", "    cpus: 1\x07", "cpus", ["not text"]),
]


@pytest.mark.parametrize(("old", "new", "mark", "words"), BAD, ids=[repr(new)[1:40] for _, new, _, _ in BAD])
def test_a_bad_value_is_named_with_its_line(old: str, new: str, mark: str, words: list[str]) -> None:
    assert old in FULL
    text = FULL.replace(old, new, 1)
    with pytest.raises(ConfigError) as caught:
        config.loads(text, "p.yaml")
    error = caught.value
    if words:
        assert error.line == line_of(text, mark), str(error)
    assert str(error).startswith(f"p.yaml:{error.line}: ")
    for word in words:
        assert word in str(error)
    assert error.exit_code == 64


SECOND = """\
  web02:
    memory: 64 MiB
    base_port: 10000
    disks:
      - path: /var/lib/colotui/web02/disk0.qcow2
    nics:
      - mac: 00:16:4f:00:00:12
"""


def test_two_guests_that_share_nothing_are_fine() -> None:
    assert [guest.name for guest in config.loads(FULL + SECOND).guests] == ["web01", "web02"]


@pytest.mark.parametrize(
    ("old", "new", "mark", "word"),
    [
        ("00:16:4f:00:00:12", "00:16:4F:00:00:11", "00:16:4F", "used already, by web01"),
        ("/var/lib/colotui/web02/disk0.qcow2", "/var/lib/colotui/web01/disk0.qcow2", "      - path", "used already"),
        ("base_port: 10000", "base_port: 9010", "9010", "too near to 9000 of web01"),
        ("    base_port: 10000\n", "", "memory: 64", "9000 of web02 (the default) is too near"),
        ("  web02:", "  web01:", "PAST", "twice"),
    ],
)
def test_two_guests_may_not_share(old: str, new: str, mark: str, word: str) -> None:
    text = FULL + SECOND.replace(old, new)
    with pytest.raises(ConfigError) as caught:
        config.loads(text)
    assert word in str(caught.value)
    if mark != "PAST":
        assert caught.value.line == line_of(text, mark)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("10.79.0.3", "10.79.0.2", "the same address"),
        ("10.78.0.2/24", "10.78.0.1/24", "the same forward address"),
        ("10.78.0.2/24", "10.76.0.2/24", "different networks"),
        ("10.78.0.2/24", "10.78.0.2/25", "different networks"),
        ("address: 10.79.0.3", "address: 10.78.0.2", "also the address it is reached at"),
        ("address: 10.79.0.3", "address: 10.78.0.1", "is the forward address of alpha"),
        ("  beta:", "  alpha:", "twice"),
        ("  beta:", "  gamma:\n    address: x\n    forward: {nic: e, address: 10.78.0.3/24}\n  beta:", "names 3"),
        ("service_nic: eth0", "service_nic: eth1", "face the clients too"),
    ],
)
def test_the_two_hosts_must_fit_together(old: str, new: str, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.loads(FULL.replace(old, new))
    assert word in str(caught.value)
    assert caught.value.line > 0


def test_check_lists_every_problem_in_order(tmp_path: Path) -> None:
    file = tmp_path / "pair.yaml"
    file.write_text(FULL.replace("port: 22", "port: x").replace("cpus: 1", "cpus: x").replace("name: lab", "name: X"))
    found = config.check(file)
    assert [error.line for error in found] == [1, 5, line_of(FULL, "cpus")]
    with pytest.raises(ConfigError, match="2 more problems; all of them: colotui config check"):
        config.load(file)
    file.write_text(FULL)
    assert config.check(file) == []


def test_a_problem_of_the_first_value_does_not_hide_the_others() -> None:
    with pytest.raises(ConfigError, match="more problems"):
        config.loads("hosts: 1\nguests: {web01: 2}\n")


@given(pairs())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_reads_back_the_same(pair: Pair) -> None:
    assert config.loads(config.dump(pair), pair.path) == pair


_SNIPPETS = [
    "name",
    "hosts",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "|\n",
    "&a ",
    "*a",
    "!!x ",
    "? ",
    "%",
    "#",
]


@given(st.text() | st.lists(st.sampled_from(_SNIPPETS) | st.text(max_size=3), max_size=40).map("".join))
@settings(deadline=None, max_examples=300)
def test_no_text_raises_anything_but_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError):
        config.loads(text)


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_no_damage_to_a_good_file_raises_anything_but_a_config_error(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(FULL)))
    end = data.draw(st.integers(start, min(start + 30, len(FULL))))
    damaged = FULL[:start] + data.draw(st.text(max_size=10)) + FULL[end:]
    error = None
    try:
        pair = config.loads(damaged)
    except ConfigError as caught:
        error = caught
    if error:
        assert 0 <= error.line <= damaged.count("\n") + 1
        assert str(error).isprintable()
    else:
        assert config.loads(config.dump(pair)) == pair
