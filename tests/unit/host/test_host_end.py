"""The end of a file through a real agent: bounded, and nothing but ordinary files is opened."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from colotui.errors import HostCallFailed
from colotui.host.channel import Host


async def test_the_end_of_a_file(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"".join(b"%07d\n" % number for number in range(1 << 20)))
    assert await host.end(str(file), 16) == (b"1048574\n1048575\n", (8 << 20) - 16)
    data, before = await host.end(str(file), 4 << 20)
    assert (len(data), before) == (4 << 20, 4 << 20)
    file.write_bytes(b"short")
    assert await host.end(str(file), 100) == (b"short", 0)
    assert await host.end(str(file), 0) == (b"", 5)


async def test_files_without_a_size_are_read_from_their_beginning(host: Host) -> None:
    data, before = await host.end("/proc/version", 4096)
    assert data.startswith(b"Linux version")
    assert before == 0


async def test_links_devices_pipes_and_folders_are_not_opened(host: Host, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path / "link"), str(tmp_path / "pipe"), str(tmp_path), "/dev/zero"):
        with pytest.raises(HostCallFailed) as caught:
            await host.end(path, 10)
        assert caught.value.errno == errno.EINVAL, path
    for path in (str(tmp_path / "none"), str(tmp_path / "a\0b")):
        with pytest.raises(HostCallFailed):
            await host.end(path, 10)
