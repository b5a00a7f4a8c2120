"""The initramfs archive, read back by the rules of the kernel's document."""

from __future__ import annotations

import stat

from colotui.lab.cpio import Archive


def read(data: bytes) -> dict[str, tuple[list[int], bytes]]:
    """An independent reader of newc archives."""
    found = {}
    at = 0
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110 : at + 110 + fields[11] - 1].decode()
        body = at + 110 + fields[11]
        body += -body % 4
        found[name] = (fields, data[body : body + fields[6]])
        if name == "TRAILER!!!":
            return found
        at = body + fields[6]
        at += -at % 4


def test_files_folders_and_devices_come_back() -> None:
    archive = Archive()
    archive.file("bin/a", b"12345", 0o755)
    archive.file("lib/modules/b.ko", b"")
    archive.device("dev/console", 5, 1)
    found = read(archive.data())
    assert list(found) == ["bin", "bin/a", "lib", "lib/modules", "lib/modules/b.ko", "dev", "dev/console", "TRAILER!!!"]
    assert found["bin/a"][0][1] == stat.S_IFREG | 0o755
    assert found["bin/a"][1] == b"12345"
    assert found["lib/modules"][0][1] == stat.S_IFDIR | 0o755
    assert found["dev/console"][0][1] == stat.S_IFCHR | 0o600
    assert found["dev/console"][0][9:11] == [5, 1]


def test_a_folder_is_written_once_and_inodes_differ() -> None:
    archive = Archive()
    archive.file("a/b/one", b"1")
    archive.file("a/b/two", b"2")
    archive.folder("a/b")
    found = read(archive.data())
    assert list(found).count("a/b") == 1
    inodes = [fields[0] for name, (fields, _) in found.items() if name != "TRAILER!!!"]
    assert len(set(inodes)) == len(inodes)


def test_data_may_be_asked_twice() -> None:
    archive = Archive()
    archive.file("x", b"y")
    assert archive.data() == archive.data()
    assert len(archive.data()) % 512 == 0
