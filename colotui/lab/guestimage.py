"""Make the guest: kernel, an initramfs with the service and the drivers it needs, and a disk with a file system."""

from __future__ import annotations

import lzma
import re
import shutil
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from colotui.errors import LabError
from colotui.lab import osrun
from colotui.lab.cpio import Archive
from colotui.lab.layout import DISK_MIB, IMAGES_FOLDER

MODULES = {
    "E1000": ("e1000",),
    "VIRTIO_NET": ("virtio_pci", "virtio_net"),
    "VIRTIO_BLK": ("virtio_pci", "virtio_blk"),
    "IDE": ("ata_piix", "sd_mod"),
    "EXT4": ("crc32c_generic", "ext4"),
    "POWER": ("button", "evdev"),
}
"""Drivers by the marker that stands for them in the guest's init; without what they depend on."""

KERNEL_OPTIONS = (
    "console=ttyS0 quiet ipv6.disable=1 tsc=reliable no_timer_check mitigations=off nokaslr rodata=off "
    "audit=0 apparmor=0 reboot=t"
)
"""Mostly what a slow, emulated CPU need not do. reboot=t: a reset is a triple fault, which a drill asks for."""

_SIGNED = b"~Module signature appended~\n"
_MUSL = "usr/lib/x86_64-linux-musl"
_TCC = "usr/lib/x86_64-linux-gnu/tcc"


def take_kit(unpacked: Path, kit: Path) -> None:
    """Keep of the unpacked kernel and compiler what guests are made of: a hundredth of it."""
    kernels = list((unpacked / "kernel/boot").glob("vmlinuz-*"))
    if len(kernels) != 1:
        raise LabError("The guest kernel's package holds no kernel.")
    kit.mkdir(parents=True)
    shutil.copy(kernels[0], kit / "vmlinuz")
    shutil.move(unpacked / "tools", kit / "tools")
    found = {path.name.split(".")[0].replace("-", "_"): path for path in (unpacked / "kernel").rglob("*.ko*")}
    builtin = {
        Path(line).name.split(".")[0].replace("-", "_")
        for listed in (unpacked / "kernel").rglob("modules.builtin")
        for line in listed.read_text().splitlines()
    }
    (kit / "modules").mkdir()
    for marker, names in MODULES.items():
        order = closure(names, found, builtin)
        for name in order:
            (kit / "modules" / f"{name}.ko").write_bytes(module_bytes(found[name]))
        (kit / "modules" / f"{marker}.order").write_text(" ".join(order))


def closure(names: tuple[str, ...], found: dict[str, Path], builtin: set[str]) -> list[str]:
    """The modules to load for `names`, dependencies first; those in the kernel itself are left out."""
    order: list[str] = []

    def add(name: str) -> None:
        if name in order or name in builtin:
            return
        if name not in found:
            raise LabError(f"The guest kernel has no driver {name}.")
        for other in dependencies(module_bytes(found[name])):
            add(other)
        order.append(name)

    for name in names:
        add(name)
    return order


def module_bytes(path: Path) -> bytes:
    """A module's object file, uncompressed and unsigned: the guest's CPU is slow, and checking costs it 0.4 s."""
    data = path.read_bytes()
    return without_signature(lzma.decompress(data) if path.suffix == ".xz" else data)


def without_signature(module: bytes) -> bytes:
    """The module without the signature that the kernel's build appends: signature, 12 bytes about it, a mark."""
    if not module.endswith(_SIGNED):
        return module
    body = module[: -len(_SIGNED)]
    return body[: -12 - int.from_bytes(body[-4:], "big")]


def dependencies(module: bytes) -> list[str]:
    """The modules a module says it needs (its `depends=` line)."""
    found = re.search(rb"(?:^|\0)depends=([^\0]*)\0", module)
    names = found[1].decode().split(",") if found else []
    return [name.replace("-", "_") for name in names if name]


def make(root: Path, kit: Path, target: Path) -> None:
    """Make in `target` a layer for the hosts with kernel and initramfs, and the guest's disk beside it."""
    images = target / "layer" / IMAGES_FOLDER.lstrip("/")
    images.mkdir(parents=True)
    shutil.copy(kit / "vmlinuz", images / "vmlinuz")
    (images / "initrd").write_bytes(initramfs(root, kit, _compile_service(root, kit)))
    _disk(root, target / "disk0.qcow2")


def initramfs(root: Path, kit: Path, service: bytes) -> bytes:
    """The guest's whole user space."""
    archive = Archive()
    for folder in ("dev", "proc", "sys", "data", "tmp", "bin"):
        archive.folder(folder)
    archive.device("dev/console", 5, 1)
    archive.device("dev/null", 1, 3, 0o666)
    archive.file("bin/busybox", (root / "usr/bin/busybox").read_bytes(), 0o755)
    archive.file("bin/service", service, 0o755)
    init = (files("colotui.lab") / "guest" / "init").read_text()
    for marker in MODULES:
        init = init.replace(f"@{marker}@", (kit / "modules" / f"{marker}.order").read_text())
    archive.file("init", init.encode(), 0o755)
    for module in sorted((kit / "modules").glob("*.ko")):
        archive.file(f"lib/modules/{module.name}", module.read_bytes())
    return archive.data()


def _compile_service(root: Path, kit: Path) -> bytes:
    """Compile the guest's service, static, with the little compiler of the kit."""
    with TemporaryDirectory(dir=kit.parent) as name:
        folder = Path(name)
        shutil.copytree(kit / "tools", folder / "tools")
        (folder / "service.c").write_text((files("colotui.lab") / "guest" / "service.c").read_text())
        tools, musl = "/mnt/tools", f"/mnt/tools/{_MUSL}"
        argv = [
            *(f"{tools}/usr/bin/tcc", f"-B{tools}/{_TCC}"),
            *("-nostdinc", f"-I{tools}/usr/include/x86_64-linux-musl", "-nostdlib", "-static"),
            *("-o", "/mnt/service", f"{musl}/crt1.o", f"{musl}/crti.o", "/mnt/service.c"),
            *(f"{musl}/libc.a", f"{tools}/{_TCC}/libtcc1.a", f"{musl}/crtn.o"),
        ]
        osrun.run(osrun.inside(root, folder, argv), what="compiling the guest's service")
        return (folder / "service").read_bytes()


def _disk(root: Path, target: Path) -> None:
    """A qcow2 disk with an ext4 file system, its tables written now and not by the guest later."""
    with TemporaryDirectory(dir=target.parent) as name:
        folder = Path(name)
        with (folder / "disk.raw").open("wb") as out:
            out.truncate(DISK_MIB << 20)
        options = ["-q", "-F", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-L", "data"]
        format_it = ["mkfs.ext4", *options, "/mnt/disk.raw"]
        osrun.run(osrun.inside(root, folder, format_it), what="formatting the guest's disk")
        convert = ["qemu-img", "convert", "-q", "-O", "qcow2", "/mnt/disk.raw", "/mnt/disk.qcow2"]
        osrun.run(osrun.inside(root, folder, convert), what="making the guest's disk")
        shutil.copy(folder / "disk.qcow2", target)
