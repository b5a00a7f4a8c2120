"""`hosts accept` against a real SSH server: first contact, the wrong fingerprint, acceptance, and afterwards."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.unit.config.pairs import FULL
from tests.unit.host.conftest import Server, make_server, server

__all__ = ["make_server", "server"]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def pair(server: Server, tmp_path: Path) -> Path:
    file = tmp_path / "pair.yaml"
    text = FULL.replace("key: /root/.ssh/id_ed25519", f"key: {server.client_key}").replace(
        "port: 22", f"port: {server.port}"
    )
    file.write_text(text.replace("10.79.0.2", "127.0.0.1"))
    return file


async def colotui(pair: Path, *words: str) -> tuple[int, str]:
    home = pair.parent / "home"
    home.mkdir(exist_ok=True)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    environ.pop("SSH_AUTH_SOCK", None)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "colotui", "-c", str(pair), *words,
        env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, " ".join(out.decode().split())


async def test_a_key_from_first_contact_to_trust(pair: Path, server: Server) -> None:
    fingerprint = server.key.get_fingerprint()
    known = pair.parent / "home" / "state" / "colotui" / "known_hosts"

    code, out = await colotui(pair, "hosts", "accept", "alpha")
    assert (code, known.exists()) == (65, False)
    assert f"shows the key {fingerprint}" in out
    assert "there is nobody to ask" in out

    code, out = await colotui(pair, "hosts", "accept", "alpha", "--fingerprint", "SHA256:" + "A" * 43)
    assert (code, known.exists()) == (65, False)
    assert "not the fingerprint you gave" in out

    code, out = await colotui(pair, "hosts", "accept", "alpha", "--fingerprint", fingerprint)
    assert code == 0
    assert known.read_text() == server.known_line
    assert known.stat().st_mode & 0o777 == 0o600

    assert await colotui(pair, "hosts", "accept", "alpha") == (0, "alpha: its key is known.")
