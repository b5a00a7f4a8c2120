"""What the lab's images are made from: sources, drivers, the pair file, the cache."""

from __future__ import annotations

import lzma
import subprocess
from pathlib import Path

import pytest

from colotui import config
from colotui.errors import LabError
from colotui.lab import build, guestimage, osrun, pairfile, rootfs
from colotui.lab.build import Image
from colotui.lab.layout import DISK_MIB, GUEST, HOSTS, IMAGES_FOLDER, Net, Places
from colotui.model.pair import EngineKind, NicModel, ProbeKind


@pytest.mark.parametrize(
    ("sources", "wanted"),
    [
        ("deb http://mirror.test/debian trixie main\n", "deb http://mirror.test/debian trixie-backports main"),
        (
            "# made\n\ndeb [signed-by=/k.gpg] https://m.test/d trixie main\n",
            "deb [signed-by=/k.gpg] https://m.test/d trixie-backports main",
        ),
    ],
)
def test_backports_come_from_the_same_mirror(sources: str, wanted: str) -> None:
    assert rootfs.backports_line(sources) == wanted


def test_a_root_without_sources_is_an_error() -> None:
    with pytest.raises(LabError, match=r"sources\.list"):
        rootfs.backports_line("deb http://mirror.test/debian bookworm main\n")


@pytest.mark.parametrize(("said", "version"), [("11.1.3 (Debian 1:11.1.3+ds-1)", "11.1.3"), ("12.0.0", "12.0.0")])
def test_qemu_that_works(monkeypatch: pytest.MonkeyPatch, said: str, version: str) -> None:
    monkeypatch.setattr(osrun, "run", lambda *_, **__: f"QEMU emulator version {said}\n")
    assert rootfs.qemu_version(Path("/nowhere")) == version


@pytest.mark.parametrize("said", ["10.0.13 (Debian)", "11.0.9", "7.2.22"])
def test_qemu_that_cannot_do_colo_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(osrun, "run", lambda *_, **__: f"QEMU emulator version {said}\n")
    with pytest.raises(LabError, match="whose COLO does not work"):
        rootfs.qemu_version(Path("/nowhere"))


def module(path: Path, depends: str, compress: bool = True) -> Path:
    data = b"\x7fELF..." + f"\0license=GPL\0depends={depends}\0name=x\0".encode()
    path.write_bytes(lzma.compress(data) if compress else data)
    return path


def test_drivers_come_after_what_they_need(tmp_path: Path) -> None:
    found = {
        "sd_mod": module(tmp_path / "sd_mod.ko.xz", "scsi-mod,scsi_common"),
        "scsi_mod": module(tmp_path / "scsi_mod.ko.xz", "scsi_common"),
        "scsi_common": module(tmp_path / "scsi_common.ko", "", compress=False),
    }
    assert guestimage.closure(("sd_mod",), found, set()) == ["scsi_common", "scsi_mod", "sd_mod"]
    assert guestimage.closure(("sd_mod",), found, {"scsi_common"}) == ["scsi_mod", "sd_mod"]


def test_a_missing_driver_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no driver libata"):
        guestimage.closure(("ata",), {"ata": module(tmp_path / "ata.ko.xz", "libata")}, set())


def test_signatures_are_taken_off() -> None:
    signed = b"CODE" + b"S" * 300 + bytes(8) + (300).to_bytes(4, "big") + b"~Module signature appended~\n"
    assert guestimage.without_signature(signed) == b"CODE"
    assert guestimage.without_signature(b"CODE") == b"CODE"


@pytest.mark.parametrize("slot", [0, 7])
def test_the_pair_file_is_an_ordinary_one(tmp_path: Path, slot: int) -> None:
    net, file = Net(slot), tmp_path / "pair.yaml"
    file.write_text(pairfile.text(Places("demo"), net))
    pair = config.load(str(file))
    assert pair.name == "demo"
    assert [host.name for host in pair.hosts] == list(HOSTS)
    for host in pair.hosts:
        assert host.address == net.host_management(host.name)
        assert (host.forward.nic, host.forward.address) == ("eth1", net.host_forward(host.name))
        assert host.key == str(Places("demo").key)
    guest = pair.guest(GUEST)
    assert guest.engine is EngineKind.QEMU
    assert guest.memory == 128 << 20
    assert guest.kernel == f"{IMAGES_FOLDER}/vmlinuz"
    assert f"lab.address={net.guest}/24" in guest.append.split()
    assert guest.disks[0].size == DISK_MIB << 20
    assert guest.nics[0].model is NicModel.E1000
    assert guest.probe is not None
    assert (guest.probe.kind, guest.probe.url) == (ProbeKind.HTTP, f"http://{net.guest}/")


def complete(cache: Path) -> None:
    for folder in build._wanted(cache):
        folder.mkdir(parents=True)
        (folder / "complete").touch()


def test_what_is_in_the_cache_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "check_machine", lambda: None)
    complete(tmp_path)
    told: list[float] = []
    image = build.build(lambda _, part: told.append(part), cache=tmp_path)
    assert told == [1.0]
    assert image.root.parent.parent == tmp_path
    assert build.built(tmp_path)


def test_a_changed_recipe_is_another_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, guest, _ = build._wanted(tmp_path)
    monkeypatch.setattr(guestimage, "MODULES", {"E1000": ("e1000e",)})
    other_root, other_guest, _ = build._wanted(tmp_path)
    assert root != other_root
    assert guest != other_guest


def test_the_sweep_spares_what_a_lab_stands_on(tmp_path: Path) -> None:
    for name in ("root-old", "guest-old", "tmp-root-x", "root-now", "guest-now"):
        (tmp_path / name / "root").mkdir(parents=True)
    image = Image(tmp_path / "root-old" / "root", tmp_path / "guest-old", tmp_path / "keys-1")
    with build.in_use(image):
        assert build._sweep(tmp_path, keep={"root-now", "guest-now"})
        assert sorted(path.name for path in tmp_path.iterdir()) == ["guest-now", "guest-old", "root-now", "root-old"]
    assert not build._sweep(tmp_path, keep={"root-now", "guest-now"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["guest-now", "root-now"]


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), build._made(tmp_path / "root-1") as work:
        (work / "half" / "way").touch()
    assert list(tmp_path.iterdir()) == []


def test_the_guests_init_is_a_shell_script_with_every_marker() -> None:
    folder = Path(guestimage.__file__).parent / "guest"
    text = (folder / "init").read_text()
    for marker in guestimage.MODULES:
        assert f"@{marker}@" in text
    for script in (folder / "init", folder.parent / "host-boot.sh"):
        assert subprocess.run(["/bin/sh", "-n", str(script)]).returncode == 0
