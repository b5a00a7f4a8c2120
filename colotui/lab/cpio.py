"""Write an initramfs: a cpio archive of the kind the Linux kernel unpacks (newc), uncompressed."""

from __future__ import annotations

import stat
from pathlib import Path


class Archive:
    """Collects entries; `data()` is the archive. Uncompressed: unpacking is what an emulated CPU is slow at."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._folders: set[str] = set()
        self._count = 0

    def folder(self, path: str) -> None:
        """A folder, and those above it."""
        if path in ("", ".") or path in self._folders:
            return
        self.folder(str(Path(path).parent))
        self._folders.add(path)
        self._put(path, stat.S_IFDIR | 0o755, b"")

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """A regular file."""
        self.folder(str(Path(path).parent))
        self._put(path, stat.S_IFREG | mode, data)

    def device(self, path: str, major: int, minor: int, mode: int = 0o600) -> None:
        """A character device: the kernel opens /dev/console before anything can mount /dev."""
        self.folder(str(Path(path).parent))
        self._put(path, stat.S_IFCHR | mode, b"", (major, minor))

    def data(self) -> bytes:
        """The archive with its trailer."""
        parts, count = list(self._parts), self._count
        self._put("TRAILER!!!", 0, b"")
        whole = b"".join(self._parts)
        self._parts, self._count = parts, count
        return whole + bytes(-len(whole) % 512)

    def _put(self, path: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self._count += 1
        name = path.encode() + b"\0"
        # inode, mode, uid, gid, links, mtime, size, device of the file (2), device it is (2), name size, checksum
        fields = (self._count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        self._parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]
