"""`colotui bundle` on the real lab: protected, primary killed, a host off; hostile files; planted secrets stay out."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from colotui import config
from colotui.model.plan import Action
from colotui.model.protection import Life
from tests.lab.drive import GUEST, Drive
from tests.lab.running import Lab

RUN = f"/run/colotui/{GUEST}"
DATA = f"/var/lib/colotui/{GUEST}"
SECRET = "swordfish-tr0ub4dor"
PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"


def bundle(lab: Lab, target: Path) -> tuple[dict[str, object], dict[str, bytes]]:
    """What the command told, and the files of the archive by their path in it."""
    argv = [sys.executable, "-m", "colotui", "-c", lab.pair_path, "bundle", "--yes", "--json", "--output", str(target)]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=90)
    assert ended.returncode == 0, (ended.stdout, ended.stderr)
    found: dict[str, bytes] = {}
    with tarfile.open(target) as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert member.isreg()
            assert file is not None
            found[member.name.partition("/")[2]] = file.read()
    return json.loads(ended.stdout), found


def on(lab: Lab, host: str, script: str) -> None:
    subprocess.run(lab.host_argv(host, ["sh", "-c", script]), check=True)


async def test_protected_and_hostile_files(lab: Lab, tmp_path: Path) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        primary, secondary = drive.primary, drive.secondary
        live = await drive.controller.bundle(GUEST)
        said = {piece.path: piece.data for piece in live.pieces}[f"hosts/{primary}/qmp-transcript.txt"].decode()
        assert "query-status: ok" in said
    on(lab, primary, f"mkdir -p {DATA}/keys && printf '%s' '{PEM}' >{DATA}/keys/server-key.pem")
    on(lab, primary, f"cat {DATA}/keys/server-key.pem >>{RUN}/stderr.log; ln -s {DATA}/keys/server-key.pem {RUN}/exit")
    on(lab, primary, f"rm -f {RUN}/damage; mkfifo {RUN}/damage; ln -s /dev/zero {RUN}/plan.json")
    on(lab, primary, f"yes 'console password={SECRET} http://op:{SECRET}@x/' | head -c 9000000 >>{RUN}/stderr.log")
    try:
        told, found = bundle(lab, tmp_path / "one.tar.gz")
    finally:
        on(lab, primary, f"rm -rf {DATA}/keys {RUN}/exit {RUN}/damage {RUN}/plan.json; : >{RUN}/stderr.log")
    for host in (primary, secondary):
        assert b"colo_" in found[f"hosts/{host}/run/trace.log"]
        assert f"guest={GUEST}".encode() in found[f"hosts/{host}/qemu-cmdline.txt"]
        assert b"eth1" in found[f"hosts/{host}/ip-address.txt"]
        assert b"qdisc" in found[f"hosts/{host}/tc-qdisc.txt"]
        assert b"CPU0" in found[f"hosts/{host}/proc-interrupts.txt"]
        assert b"qemu-system-x86" in found[f"hosts/{host}/packages.txt"]
        assert json.loads(found[f"hosts/{host}/survey.json"])["survey"]["host"] == host
    assert json.loads(found[f"hosts/{primary}/qmp/query-migrate.json"])["status"] == "colo"
    assert json.loads(found["snapshot.json"])["snapshot"]["guests"][0]["protection"]["state"] == "Protected"
    assert json.loads(found["findings.json"])["findings"]
    assert len(found[f"hosts/{primary}/run/stderr.log"]) <= 4 << 20
    assert "not an ordinary file" in found["MANIFEST.txt"].decode()
    assert {f"hosts/{primary}/run/{name}" for name in ("exit", "damage", "plan.json")}.isdisjoint(found)
    assert told["written"] == (tmp_path / "one.tar.gz").stat().st_size
    key = config.load(lab.pair_path).hosts[0].key
    assert key is not None
    for name, data in found.items():
        assert SECRET.encode() not in data, name
        assert key.encode() not in data, name
        assert b"PRIVATE KEY-----\n" not in data, name


async def test_a_killed_primary_and_then_a_host_that_is_off(lab: Lab, tmp_path: Path) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        primary, secondary = drive.primary, drive.secondary
        pid = drive.guest.copies[primary].pid
        on(lab, primary, f"kill -9 {pid}")
        await drive.until(lambda view: view.copies[primary].life is Life.DEAD, what="the primary is dead")
    told, found = bundle(lab, tmp_path / "dead.tar.gz")
    assert found[f"hosts/{primary}/run/exit"].startswith(b"137 ")
    assert f"hosts/{primary}/qemu-cmdline.txt" not in found
    assert f"hosts/{secondary}/qemu-cmdline.txt" in found
    assert "no QEMU is known to run" in found["MANIFEST.txt"].decode()
    lab.host_off(primary)
    try:
        told, found = bundle(lab, tmp_path / "off.tar.gz")
        assert f"hosts/{secondary}/run/trace.log" in found
        assert not any(name.startswith(f"hosts/{primary}/") for name in found)
        absent = told["absent"]
        assert isinstance(absent, list)
        assert any(one["what"] == "everything of this host" and one["source"] == primary for one in absent)
        assert f"everything of this host ({primary})" in found["MANIFEST.txt"].decode()
    finally:
        lab.host_on(primary)
    async with Drive(lab.pair_path) as drive:
        await drive.until(lambda view: view.copies[primary].life is Life.ABSENT, what="the host is back")
        await drive.act(Action.FAILOVER)
        await drive.serving()


@pytest.mark.parametrize("option", ["--list"])
def test_list_writes_nothing(lab: Lab, tmp_path: Path, option: str) -> None:
    argv = [sys.executable, "-m", "colotui", "-c", lab.pair_path, "bundle", option]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=90, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "Nothing was written." in ended.stdout
    assert list(tmp_path.iterdir()) == []
