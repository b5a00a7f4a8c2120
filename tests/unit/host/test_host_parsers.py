"""Parsers on captures and on garbage; judgements that need no host."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.host import bootstrap, irqs, modules, parsers, programs, wiring
from colotui.host.agent import wire
from colotui.host.channel import ReadError
from colotui.host.rates import Rates
from colotui.model.facts import Irq, ModuleState, NicIrqs, cpus
from colotui.model.versions import colo_problem, parse_version

FIXTURES = Path(__file__).parents[2] / "fixtures" / "host"


def capture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def test_modules() -> None:
    assert {"act_mirred", "cls_u32", "sch_ingress", "ifb", "kvm"} <= parsers.module_names(capture("modules"))
    built = b"kernel/net/sched/sch_ingress.ko\nkernel/drivers/net/dummy-numa.ko\nodd line\n.ko\n"
    assert parsers.file_modules(built) == {"sch_ingress", "dummy_numa"}
    loadable = b"kernel/drivers/net/ifb.ko.xz:\nkernel/net/sched/act_mirred.ko.zst: kernel/net/sched/a.ko\nx.kopy: y\n"
    assert parsers.file_modules(loadable) == {"ifb", "act_mirred"}


def test_interrupts() -> None:
    found = parsers.interrupts(capture("interrupts"))
    assert found[24].label == "ACPI:Ged"
    assert found[38].label == "virtio2-input.0"
    assert len(found[38].counts) == 2
    assert sum(found[38].counts) > 0
    assert all(number >= 0 for number in found)
    table = (
        b"           CPU0       CPU1\n"
        b" 16:          3          0  IR-IO-APIC   16-fasteoi   ehci_hcd:usb1, eth0\n"
        b" 17:          3          0   GICv2  17 Level     eth1\n"
        b" 18: bad 0 x y z\nNMI: 1 2 Non\n19\n"
    )
    assert {n: i.label for n, i in parsers.interrupts(table).items()} == {16: "ehci_hcd:usb1, eth0", 17: "eth1"}


def test_cpu_and_memory() -> None:
    before = parsers.cpu_times(capture("stat"))
    assert before is not None
    assert before.cpus == 2
    assert 0 < before.busy < before.total
    later = replace(before, busy=before.busy + 30, total=before.total + 120)
    assert parsers.cpu_percent(before, later) == 25.0
    assert parsers.cpu_percent(before, before) is None
    assert parsers.cpu_percent(None, later) is None
    assert parsers.memory(capture("meminfo"))[0] > 1 << 30  # type: ignore[index]
    assert parsers.memory(b"MemTotal: 10 kB\nMemFree: 4 kB\n") == (10240, 4096)
    assert parsers.memory(b"MemTotal: 10 kB\n") is None
    assert parsers.load1(capture("loadavg")) is not None
    assert parsers.load1(b"nan 1 2") is None


def test_network_counters() -> None:
    found = parsers.net_dev(capture("net_dev"))
    assert {"lo", "eth0", "br0"} <= set(found)
    assert found["eth0"].rx_bytes > 0
    line = b"eth0:1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    assert parsers.net_dev(line) == {"eth0:1": parsers.Counters(1, 2, 4, 9, 10, 12)}


def test_cpu_lists_and_masks() -> None:
    assert parsers.cpu_list({0, 1, 2, 5}) == "0-2,5"
    assert parsers.cpu_list([]) == ""
    assert parsers.cpu_mask("00000001,00000003\n") == {0, 1, 32}
    assert parsers.cpu_mask("0x3") == frozenset()
    assert parsers.release("6.12.48+deb13-amd64") == (6, 12)
    assert parsers.release("6.3-rc1") == (6, 3)
    assert parsers.release("what") == (0, 0)


@given(st.sets(st.integers(0, 4000)))
def test_a_cpu_list_reads_back(numbers: set[int]) -> None:
    assert cpus(parsers.cpu_list(numbers)) == numbers


PARSERS: list[Callable[[bytes], Any]] = [
    parsers.module_names,
    parsers.file_modules,
    parsers.interrupts,
    parsers.cpu_times,
    parsers.memory,
    parsers.load1,
    parsers.net_dev,
    lambda data: parsers.cpu_mask(parsers.decode(data)),
    lambda data: parsers.number(parsers.decode(data)),
    lambda data: parsers.release(parsers.decode(data)),
    lambda data: programs.qemu_version(parsers.decode(data)),
    lambda data: colo_problem(parsers.decode(data)),
]


@given(st.binary(max_size=300))
def test_garbage_is_skipped(data: bytes) -> None:
    for parse in PARSERS:
        parse(data)


@given(
    st.sampled_from(["modules", "interrupts", "stat", "meminfo", "net_dev"]),
    st.integers(0, 5000),
    st.integers(0, 200),
    st.binary(max_size=20),
)
def test_damaged_captures_are_survived(name: str, start: int, length: int, instead: bytes) -> None:
    data = capture(name)
    data = data[:start] + instead + data[start + length :]
    for parse in PARSERS:
        parse(data)


@given(st.text(alphabet="0123456789-²٣ \n", max_size=30))
def test_numbers_are_plain_or_none(text: str) -> None:
    found = parsers.number(text)
    assert found is None or str(found) == str(int(text))


def _files(**sets: Any) -> modules.ModuleFiles:
    nothing: frozenset[str] = frozenset()
    values: dict[str, Any] = {"loaded": nothing, "in_sysfs": nothing, "built_in": nothing, "loadable": nothing}
    return modules.ModuleFiles(**{**values, **{key: frozenset(value) for key, value in sets.items()}})


def test_where_a_module_stands() -> None:
    def state(name: str, kernel: str = "6.12.1", probed: Any = None, **sets: Any) -> ModuleState:
        return modules.judge(name, kernel, _files(**sets), probed or {}).state

    assert state("ifb", loaded={"ifb"}, in_sysfs={"ifb"}) is ModuleState.LOADED
    assert state("ifb", in_sysfs={"ifb"}) is ModuleState.BUILT_IN
    assert state("cls_u32", built_in={"cls_u32"}) is ModuleState.BUILT_IN
    assert state("cls_u32", loadable={"cls_u32"}) is ModuleState.LOADABLE
    assert state("cls_u32", probed={"cls_u32": True}) is ModuleState.BUILT_IN
    assert state("cls_u32", probed={"cls_u32": False}) is ModuleState.MISSING
    assert state("cls_tcindex") is ModuleState.GONE
    assert state("cls_tcindex", kernel="6.2.9") is ModuleState.MISSING
    assert state("cls_tcindex", kernel="6.12.1", loaded={"cls_tcindex"}) is ModuleState.LOADED
    assert state("blktap2", kernel="3.0.76") is ModuleState.GONE
    assert state("blktap2", loaded={"blktap2"}) is ModuleState.LOADED
    unsure = modules.judge("ifb", "6.12.1", _files(), {"ifb": "not permitted"})
    assert unsure.state is ModuleState.MISSING
    assert "not permitted" in unsure.note
    assert modules.doubtful("6.12.1", _files(loadable=set(modules.PURPOSES))) == ()
    assert set(modules.doubtful("6.12.1", _files())) == {"sch_ingress", "cls_basic", "cls_u32", "act_mirred", "ifb"}


def _link(index: int, name: str, kind: str = "", **changes: Any) -> wiring.Link:
    return replace(wiring.Link(index, name, True, True, "", 1500, kind, 0, ""), **changes)


def test_ifb_pairs_follow_the_wires() -> None:
    links = {
        link.name: link
        for link in (
            _link(1, "tap0", "tun"),
            _link(2, "tap1", "tun"),
            _link(3, "eth1"),
            *(_link(10 + number, f"ifb{number}", "ifb") for number in range(5)),
        )
    }
    feeds = (
        wiring.Feed("tap1", "ifb2", True, False),
        wiring.Feed("tap0", "ifb0", True, False),
        wiring.Feed("tap0", "eth1", False, True),
        wiring.Feed("tap1", "eth1", False, True),
        wiring.Feed("eth1", "ifb1", True, False),
        wiring.Feed("eth1", "ifb3", True, False),
    )
    found = wiring.Wiring(links, feeds)
    names = wiring.pair_names(found, "eth1", ("tap0", "tap1"))
    assert names == (("tap0", "ifb0", "ifb1"), ("tap1", "ifb2", "ifb3"))
    counters = {
        "ifb0": parsers.Counters(0, 100, 1, 0, 90, 2),
        "ifb1": parsers.Counters(0, 50, 0, 0, 50, 0),
    }
    devices = wiring.ifb_devices(found, counters)
    assert [device.name for device in devices] == ["ifb0", "ifb1", "ifb2", "ifb3", "ifb4"]
    assert devices[0].fed_by == ("tap0",)
    assert (devices[0].rx_packets, devices[0].dropped) == (100, 3)
    pairs = wiring.ifb_pairs(names, devices, {"ifb0": 10.0, "ifb1": 5.0})
    assert (pairs[0].nic, pairs[0].packets_per_s, pairs[0].dropped, pairs[0].up) == ("tap0", 15.0, 3, True)
    assert pairs[1].packets_per_s is None
    assert wiring.pair_names(wiring.Wiring(links, feeds[:4]), "eth1") == ()
    assert wiring.pair_names(wiring.Wiring({}, ()), "eth1") == ()


def test_rates() -> None:
    rates = Rates()
    rates.add(10.0, {"a": parsers.Counters(0, 0, 0, 0, 0, 0), "b": parsers.Counters(9, 9, 9, 9, 9, 9)})
    assert rates.of("a") is None
    rates.add(12.0, {"a": parsers.Counters(2000, 20, 0, 100, 10, 0), "b": parsers.Counters(0, 0, 0, 0, 0, 0)})
    found = rates.of("a")
    assert found is not None
    assert (found.rx_bytes, found.tx_bytes, found.rx_packets, found.tx_packets) == (1000.0, 50.0, 10.0, 5.0)
    assert rates.of("b") is None  # it was made anew
    rates.add(12.01, {"a": parsers.Counters(9999, 99, 0, 100, 10, 0)})
    assert rates.of("a") == found


def test_irqs_of_a_nic() -> None:
    device = "/sys/devices/pci0000:00/0000:00:03.0/virtio2"
    assert irqs.candidates(device) == (device, "/sys/devices/pci0000:00/0000:00:03.0")
    assert irqs.candidates("/somewhere/else") == ()
    sources = (
        irqs.NicSource("eth0", ((37, "virtio2-config"), (38, "virtio2-input.0")), ()),
        irqs.NicSource("eth1", ((40, "eth1"),), ()),
        irqs.NicSource("tap0", (), ("/sys/class/net/tap0/queues/rx-0/rps_cpus",)),
    )
    files: dict[str, bytes | ReadError] = {
        "/proc/irq/37/smp_affinity_list": b"0-3\n",
        "/proc/irq/37/effective_affinity_list": b"0\n",
        "/proc/irq/38/smp_affinity_list": b"0-3\n",
        "/proc/irq/38/effective_affinity_list": b"1\n",
        "/proc/irq/40/smp_affinity_list": b"1\n",
        "/proc/irq/40/effective_affinity_list": ReadError(2, "no"),
        "/sys/class/net/tap0/queues/rx-0/rps_cpus": b"4\n",
    }
    first, second, third = irqs.nic_irqs(sources, files)
    assert first.irqs[1] == Irq(38, "virtio2-input.0", "0-3", "1")
    assert (first.shared_with, second.shared_with, third.shared_with) == (("eth1",), ("eth0",), ())
    assert second.irqs[0].effective == ""
    assert (third.rps, third.irqs) == ("2", ())
    assert irqs.nic_irqs(sources, {})[0] == NicIrqs(
        "eth0", (Irq(37, "virtio2-config", "", ""), Irq(38, "virtio2-input.0", "", ""))
    )


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("11.1.3", ""),
        ("11.1.0", ""),
        ("12.0.0", ""),
        ("11.0.2", "not measured with 11.0"),
        ("10.2.1", "not measured with 10.2"),
        ("10.1.0", "10.0 and 10.1 cannot complete the first checkpoint"),
        ("10.0.13", "QEMU 11.1 or newer can (Debian: trixie-backports)"),
        ("9.2.0", "deadlocks at the first checkpoint (measured with 5.2.0 and 7.2.22)"),
        ("7.2.22", "deadlocks at the first checkpoint;"),
        ("5.2.0", "deadlocks at the first checkpoint;"),
        ("4.2.1", "not measured with a QEMU this old"),
        ("", "does not tell its version"),
    ],
)
def test_versions(version: str, words: str) -> None:
    assert words in colo_problem(version)
    assert bool(words) == bool(colo_problem(version))


def test_version_texts() -> None:
    text = "QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)\nCopyright (c) 2003-2026"
    assert programs.qemu_version(text) == "11.1.3"
    assert parse_version(text) == (11, 1, 3)
    assert parse_version("v9.2") == (9, 2, 0)
    assert programs.qemu_version("no version here") is None


@given(
    st.lists(st.tuples(st.dictionaries(st.text(max_size=5), st.integers()), st.binary(max_size=50))), st.integers(1, 7)
)
def test_frames_survive_any_split(frames: list[wire.Frame], step: int) -> None:
    data = b"".join(wire.pack(head, body) for head, body in frames)
    unpacker = wire.Unpacker()
    found = [frame for start in range(0, len(data), step) for frame in unpacker.feed(data[start : start + step])]
    assert found == frames


@given(st.binary(max_size=60))
def test_what_is_no_frame_is_refused_or_waited_for(data: bytes) -> None:
    unpacker = wire.Unpacker()
    try:
        for head, body in unpacker.feed(data):
            assert isinstance(head, dict)
            assert isinstance(body, bytes)
    except wire.WireError:
        pass


def test_frames_too_large_are_refused() -> None:
    with pytest.raises(wire.WireError):
        wire.pack({}, b"x" * (wire.MAX_BODY + 1))
    with pytest.raises(wire.WireError):
        list(wire.Unpacker().feed(wire.LENGTHS.pack(2, wire.MAX_BODY + 1)))
    with pytest.raises(wire.WireError):
        list(wire.Unpacker().feed(wire.LENGTHS.pack(2, 0) + b"[]"))


def test_the_agent_needs_nothing_but_python_3_8() -> None:
    folder = Path(bootstrap.__file__).parent / "agent"
    for file in folder.glob("*.py"):
        tree = ast.parse(file.read_text(), feature_version=(3, 8))
        assert file.stem == "__init__" or file.stem in bootstrap._MODULES
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names.append(node.module or "")
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names or name.startswith("colotui.host.agent")
    assert len(bootstrap.bundle()) < 32 << 10


def test_the_channel_imports_nothing_slow() -> None:
    code = "import colotui.host.channel, colotui.host.facts, sys; print({'asyncssh', 'pyroute2'} & set(sys.modules))"
    root = Path(bootstrap.__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert found.stdout.strip() == "set()"
