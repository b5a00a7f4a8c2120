"""QEMU's command lines: what both sides must share, and what upstream documents for the secondary."""

from dataclasses import replace

from colotui.engine.qemu.cmdline import primary_argv, secondary_argv
from colotui.engine.qemu.wiring import Wiring, tap_name
from colotui.model.pair import DiskSpec, GuestSpec, NicModel, NicSpec

SPEC = GuestSpec("web01", 128 << 20, (DiskSpec("/var/lib/colotui/web01/a,b.qcow2"),), (NicSpec("00:16:4f:00:00:11"),))


def test_primary_is_plain() -> None:
    argv = primary_argv(Wiring(SPEC), "qemu", "tcg")
    assert not any("filter-" in word or "colo-compare" in word for word in argv)
    drive = argv[argv.index("-drive") + 1]
    assert "driver=quorum" in drive
    assert "a,,b.qcow2" in drive


def test_secondary_waits_with_its_replies_held() -> None:
    argv = secondary_argv(Wiring(SPEC), "qemu", "tcg", "10.78.0.1")
    text = " ".join(argv)
    assert argv[-2:] == ["-incoming", "defer"]
    assert "id=f1,netdev=hn0,queue=tx,indev=red0" in text
    assert "id=f2,netdev=hn0,queue=rx,outdev=red1" in text
    assert "top-id=colo-disk0" in text
    assert "port=9003" in text
    assert "port=9004" in text


def test_both_sides_have_the_same_machine() -> None:
    wiring = Wiring(SPEC)
    first, second = primary_argv(wiring, "qemu", "tcg"), secondary_argv(wiring, "qemu", "tcg", "10.78.0.1")
    for flag in ("-machine", "-m", "-smp", "-accel", "-device"):
        assert first[first.index(flag) + 1] == second[second.index(flag) + 1]


def test_virtio_has_header_support_on_every_filter() -> None:
    spec = replace(SPEC, nics=(NicSpec("00:16:4f:00:00:11", NicModel.VIRTIO),))
    argv = secondary_argv(Wiring(spec), "qemu", "tcg", "10.78.0.1")
    assert sum("filter-" in word and "vnet_hdr_support=on" in word for word in argv) == 3


def test_second_nic_has_its_own_names_and_ports() -> None:
    spec = replace(SPEC, nics=(NicSpec("00:16:4f:00:00:11"), NicSpec("00:16:4f:00:00:12")))
    wiring = Wiring(spec)
    first, second = wiring.nics
    assert len(set(wiring.primary_chardevs)) == 12
    ports = {first.mirror_port, first.compare_port, *first.local_ports}
    assert not ports & {second.mirror_port, second.compare_port, *second.local_ports}


def test_tap_names_fit_the_kernel_and_stay_distinct() -> None:
    names = {tap_name(guest, nic) for guest in ("web01", "a-very-long-guest-name-1", "a-very-long-guest-name-2")
             for nic in (0, 1)}  # fmt: skip
    assert len(names) == 6
    assert all(len(name) <= 15 for name in names)
