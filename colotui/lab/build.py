"""Build what every lab is made of, once, and keep it in a cache: the hosts' root file system, the guest, the keys."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from colotui.errors import LabError
from colotui.lab import guestimage, osrun, rootfs
from colotui.lab.layout import CACHE, HOSTS

Progress = Callable[[str, float], None]
"""What is being done, and how much of the whole is behind us (0 to 1)."""

_NEED_FREE = 2 << 30
_TOOLS = ("debootstrap", "ip", "unshare", "nsenter", "setpriv")


@dataclass(frozen=True, slots=True)
class Image:
    """What a lab is made of. All of it is read only while labs run."""

    root: Path
    guest: Path
    keys: Path

    @property
    def folders(self) -> tuple[Path, Path]:
        """The two cached folders, which must stay as long as a lab runs."""
        return self.root.parent, self.guest


def check_machine() -> None:
    """LabError when this machine can have no lab at all."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise LabError(
            f"The lab runs on x86-64 Linux; this is {platform.machine()} {platform.system()}.",
            "The cockpit itself runs here: give it two real hosts.",
        )
    if os.geteuid() != 0:
        raise LabError("The lab needs root: it makes network namespaces and mounts.", "Try: sudo colotui lab")
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        _load_module("overlay", "overlayfs, which the lab's hosts need")
    if not Path("/dev/net/tun").exists():
        _load_module("tun", "/dev/net/tun, which the lab's guest needs")


def _load_module(name: str, what: str) -> None:
    try:
        osrun.run(["modprobe", name], what="loading it")
    except LabError as error:
        raise LabError(f"This machine has no {what}: {error.what}.") from error


def build(progress: Progress, mirror: str | None = None, cache: Path | None = None) -> Image:
    """Build what is missing in the cache and return it. A build killed half-way is started anew by the next one."""
    check_machine()
    cache = cache or CACHE
    root, guest, keys = _wanted(cache)
    if not _complete(root, guest, keys):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_builder(cache, progress):
            _sweep(cache, keep={root.name, guest.name, keys.name})
            _build_missing(cache, root, guest, keys, mirror, progress)
    progress("ready", 1.0)
    return Image(root / "root", guest, keys)


def built(cache: Path | None = None) -> bool:
    """Is everything in the cache already?"""
    return _complete(*_wanted(cache or CACHE))


def clean(cache: Path | None = None) -> None:
    """Remove the cache; LabError while a lab still uses it."""
    cache = cache or CACHE
    if not cache.exists():
        return
    with _only_builder(cache, lambda *_: None):
        left = _sweep(cache, keep=set())
    if left:
        raise LabError(f"A running lab still uses {cache}.", "Take it down first: colotui lab down")
    shutil.rmtree(cache)


@contextmanager
def in_use(image: Image) -> Iterator[None]:
    """Keeps the image's folders from being swept while the block runs."""
    held = []
    for folder in image.folders:
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(fd, fcntl.LOCK_SH)
        held.append(fd)
    try:
        yield
    finally:
        for fd in held:
            os.close(fd)


def _stamp(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()[:12]


def _source(module: object) -> str:
    return Path(str(getattr(module, "__file__", ""))).read_text()


def _wanted(cache: Path) -> tuple[Path, Path, Path]:
    # A changed recipe is another folder: nothing is ever patched, and a running lab keeps what it stands on.
    root = cache / f"root-{_stamp(_source(rootfs), guestimage.MODULES)}"
    folder = files("colotui.lab") / "guest"
    recipe = [(folder / name).read_text() for name in ("init", "service.c")]
    guest = cache / f"guest-{_stamp(root.name, _source(guestimage), recipe)}"
    return root, guest, cache / "keys-1"


def _complete(*folders: Path) -> bool:
    return all((folder / "complete").exists() for folder in folders)


def _build_missing(cache: Path, root: Path, guest: Path, keys: Path, mirror: str | None, progress: Progress) -> None:
    if not _complete(root):
        if shutil.disk_usage(cache).free < _NEED_FREE:
            raise LabError(f"{cache} has too little room: the lab needs {_NEED_FREE >> 30} GiB there.")
        osrun.need(_TOOLS, lambda text: progress(text, 0.0))

        def report(text: str, part: float, begin: float = 0.0, end: float = 0.62) -> None:
            progress(text, begin + (end - begin) * part)

        with _made(root) as work:
            (work / "root").mkdir()

            def both(text: str, part: float) -> None:
                late = not text.startswith(f"Debian {rootfs.SUITE}")
                report(text, part, *((0.62, 0.9) if late else (0.0, 0.62)))

            rootfs.make(work / "root", cache / "build.log", mirror, both)
            progress("guest kernel", 0.92)
            unpacked = work / "root" / rootfs.KIT.lstrip("/")
            guestimage.take_kit(unpacked, work / "kit")
            shutil.rmtree(unpacked)
    if not _complete(guest):
        progress("guest image", 0.95)
        with _made(guest) as work:
            guestimage.make(root / "root", root / "kit", work)
    if not _complete(keys):
        progress("keys", 0.98)
        with _made(keys) as work:
            for name in ("operator", *HOSTS):
                argv = [
                    "ssh-keygen",
                    "-q",
                    "-t",
                    "ed25519",
                    "-N",
                    "",
                    "-C",
                    f"colotui lab {name}",
                    "-f",
                    f"/mnt/{name}",
                ]
                osrun.run(osrun.inside(root / "root", work, argv), what="making the lab's keys")


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """A passing folder that becomes `folder` when all went well, and nothing otherwise."""
    work = folder.with_name(f"tmp-{folder.name}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o755)
    try:
        yield work
        (work / "complete").touch()
        work.rename(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


@contextmanager
def _only_builder(cache: Path, progress: Progress) -> Iterator[None]:
    cache.chmod(0o700)  # the keys are in here
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another build is under way: waiting for it", 0.0)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(cache: Path, keep: set[str]) -> bool:
    """Remove what is half-built or of another recipe, unless a lab stands on it; True when something had to stay."""
    left = False
    for folder in cache.iterdir():
        if folder.name in keep or not folder.is_dir():
            continue
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left = True
            continue
        finally:
            os.close(fd)
        shutil.rmtree(folder)
    return left
