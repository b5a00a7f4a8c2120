"""Collecting a bundle from hosts that are hostile, slow, half there or gone; planted secrets never get in."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from colotui import config
from colotui.controller import bundle as module
from colotui.controller import bundlehost
from colotui.controller.archive import packed
from colotui.engine.qemu.transcript import Transcript
from colotui.errors import ActionRefused, HostCallFailed, HostLost, QmpRefused, QmpTimeout
from colotui.host.channel import CommandResult
from colotui.model.bundle import FILE_LIMIT, Bundle, safe
from colotui.model.incident import Confidence, Diagnosed, Fact, Incident, Kind, Source
from colotui.model.pair import Pair, ProbeKind, ProbeSpec
from colotui.model.protection import LinkState, Severity, Snapshot
from colotui.model.setup import Look
from tests.unit.cli.fake import facts, snapshot
from tests.unit.config.pairs import FULL

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.b64encode(b"deepsecret" * 40).decode() + "\n"
KEY += "-----END OPENSSH PRIVATE KEY-----\n"
PLANTED = ("swordfish", "tr0ub4dor", "open-sesame", "c0rrecth0rse", base64.b64encode(b"deepsecret" * 40).decode()[:60])


@dataclass
class FakeHost:
    """Answers as told; what it was asked is in `asked`."""

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    is_up: bool = True
    sleep: float = 0.0
    lost: bool = False
    asked: list[str] = field(default_factory=list)

    async def end(self, path: str, limit: int) -> tuple[bytes, int]:
        self.asked.append(path)
        await asyncio.sleep(self.sleep)
        if self.lost:
            raise HostLost(self.name, "the channel ended.")
        if path not in self.files:
            raise HostCallFailed(self.name, f"{path}: No such file or directory", 2)
        data = self.files[path]
        return data[-limit:], max(0, len(data) - limit)

    async def run(self, argv: Sequence[str], timeout: float = 10, *, check: bool = True) -> CommandResult:
        self.asked.append(" ".join(argv))
        return CommandResult(0, self.said.get(argv[0], ""), "")


@dataclass
class FakeSession:
    """QEMU's answers by command; an exception is raised."""

    answers: dict[str, Any] = field(default_factory=dict)
    transcript: Transcript = field(default_factory=Transcript)
    asked: list[str] = field(default_factory=list)

    async def qmp(self, command: str, /, *, limit: float = 5.0, **_: object) -> Any:
        self.asked.append(command)
        answer = self.answers.get(command, {})
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class World:
    """A pair with two such hosts."""

    pair: Pair = field(default_factory=lambda: config.loads(FULL))
    hosts: dict[str, FakeHost] = field(default_factory=lambda: {n: FakeHost(n) for n in ("alpha", "beta")})
    sessions: dict[str, FakeSession] = field(default_factory=lambda: {n: FakeSession() for n in ("alpha", "beta")})
    seen: Snapshot | None = None

    async def bundle(self, incident: str = "") -> Bundle:
        seen = self.seen or snapshot(self.pair)
        return await module.collect(self.pair, "web01", self.hosts, self.sessions.__getitem__, seen, incident)  # type: ignore[arg-type]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    async def examine(_hosts: object, pair: Pair, **_: object) -> Look:
        return Look(time.time(), {host.name: facts(host.name) for host in pair.hosts}, {})

    monkeypatch.setattr(module, "examine", examine)
    return World()


def texts(bundle: Bundle) -> dict[str, bytes]:
    return {piece.path: piece.data for piece in bundle.pieces}


def absent(bundle: Bundle) -> str:
    return "\n".join(f"{one.what} | {one.source} | {one.why}" for one in bundle.absent)


async def test_what_is_in_it(world: World) -> None:
    run = "/run/colotui/web01"
    world.hosts["alpha"].files = {f"{run}/serial.log": b"login:\n", "/proc/4711/cmdline": b"qemu\0-m\x00128M\0"}
    world.hosts["alpha"].said = {"tc": "qdisc noqueue 0: dev eth0 root\n", "dmesg": "up\n", "dpkg-query": "qemu 11\n"}
    world.sessions["alpha"].answers = {
        "query-status": {"status": "running"},
        "query-jobs": QmpRefused("a", "q", "G", "no"),
    }
    world.sessions["alpha"].transcript.command(1.0, "query-status", None, 0.4, "ok")
    found = texts(await world.bundle())
    assert found["hosts/alpha/run/serial.log"] == b"login:\n"
    assert found["hosts/alpha/qemu-cmdline.txt"] == b"qemu\n-m\n128M\n"
    assert json.loads(found["hosts/alpha/qmp/query-status.json"]) == {"status": "running"}
    assert b"query-status: ok" in found["hosts/alpha/qmp-transcript.txt"]
    assert found["hosts/alpha/packages.txt"] == b"qemu 11\n"
    assert b"colotui " in found["versions.txt"]
    assert json.loads(found["snapshot.json"])["snapshot"]["pair"] == "lab"
    assert json.loads(found["hosts/beta/facts.json"])["facts"]["host"] == "beta"
    assert b"query-jobs" in found["MANIFEST.txt"]
    assert world.sessions["alpha"].asked[-1] == "query-named-block-nodes"


async def test_planted_secrets_never_get_in(world: World, tmp_path: Path) -> None:
    pair = world.pair
    probe = ProbeSpec(ProbeKind.HTTP, "10.77.0.10", url="http://op:open-sesame@10.77.0.10/")
    guest = replace(
        pair.guests[0],
        append="ro password=swordfish",
        extra=("-object", "secret,id=s0,data=tr0ub4dor", "--token", "c0rrecth0rse"),
        probe=probe,
    )
    alpha = replace(pair.hosts[0], key="/home/op/swordfish/id")
    world.pair = replace(pair, hosts=(alpha, pair.hosts[1]), guests=(guest,))
    loud = f"password=swordfish {' '.join(PLANTED[:4])} http://op:open-sesame@x/\n{KEY}".encode()
    run, data = "/run/colotui/web01", "/var/lib/colotui/web01"
    for host in world.hosts.values():
        names = [f"{run}/{name}" for name in ("serial.log", "stderr.log", "trace.log", "plan.json", "damage", "lock")]
        host.files = dict.fromkeys([*names, f"{data}/state", "/proc/cmdline"], loud)
        host.files[f"{data}/keys/server-key.pem"] = KEY.encode()
        arguments = ["qemu", "-append", guest.append, *guest.extra]
        host.files["/proc/4711/cmdline"] = b"\0".join(word.encode() for word in arguments)
        host.said = dict.fromkeys(("dmesg", "ip", "ss", "tc", "ls", "dpkg-query"), loud.decode())
    world.sessions["alpha"].answers = {"query-block": {"file": "json:{'password': 'swordfish'}", "t": KEY}}
    world.sessions["beta"].answers = {"query-status": QmpRefused("beta", "query-status", "GenericError", loud.decode())}
    logs = tmp_path / "colotui" / "logs"
    logs.mkdir(parents=True)
    (logs / "colotui.log").write_bytes(loud)
    bundle = await world.bundle()
    with tarfile.open(fileobj=io.BytesIO(packed(bundle))) as archive:
        assert len(archive.getmembers()) > 30
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            content = file.read()
            for secret in PLANTED:
                assert secret.encode() not in content, (member.name, secret)
                assert base64.b64encode(secret.encode()) not in content
    everything = [f"{p.path}{p.what}{p.source}" for p in bundle.pieces] + [absent(bundle)]
    assert not any(secret in text for text in everything for secret in PLANTED)
    assert not any("/keys" in asked for host in world.hosts.values() for asked in host.asked)
    assert b"***" in texts(bundle)["pair.yaml"]


async def test_a_hostile_host_is_bounded_and_its_names_refused(world: World) -> None:
    alpha = world.hosts["alpha"]
    flood = b"A" * (9 << 20)
    for name in ("serial.log", "stderr.log", "trace.log"):
        alpha.files[f"/run/colotui/web01/{name}"] = flood
    devices = ["../../etc/passwd", "-rf", "a\0b", "x" * 99, "$(reboot)", *(f"eth{n}" for n in range(500))]
    alpha.said = {"tc": "".join(f"qdisc x 0: dev {name} root\n" for name in devices), "ls": "\x1b[2Jbad\n"}
    world.sessions["alpha"].answers = {"query-block": ["x" * 100] * 100_000}
    bundle = await world.bundle()
    assert all(len(piece.data) <= FILE_LIMIT and safe(piece.path) for piece in bundle.pieces)
    asked = [line.split()[6] for line in alpha.asked if line.startswith("tc -s -d filter")]
    assert asked == [name for n in range(32) for name in (f"eth{n}", f"eth{n}")]
    assert b"\x1b" not in texts(bundle)["hosts/alpha/run-folder.txt"]
    assert len(texts(bundle)["hosts/alpha/qmp/query-block.json"]) <= 256 << 10
    assert "the first 32 were asked for" in absent(bundle)


async def test_a_slow_host_gets_its_time_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundlehost, "HOST_LIMIT", 0.3)
    world.hosts["alpha"].sleep = 60.0
    world.hosts["beta"].files = {"/run/colotui/web01/serial.log": b"here\n"}
    bundle = await world.bundle()
    assert "the rest of this host | alpha | it took longer than 0.3 s" in absent(bundle)
    assert texts(bundle)["hosts/beta/run/serial.log"] == b"here\n"


async def test_hosts_that_are_gone_are_said(world: World) -> None:
    seen = snapshot(world.pair)
    down = replace(seen.hosts[0], link=LinkState.DOWN, why="alpha: no answer within 3 s.")
    world.seen = replace(seen, hosts=(down, seen.hosts[1]))
    world.hosts["alpha"].is_up = False
    world.hosts["beta"].lost = True
    bundle = await world.bundle()
    assert "everything of this host | alpha | alpha: no answer within 3 s." in absent(bundle)
    assert "the rest of this host | beta | beta: the channel ended." in absent(bundle)
    assert world.hosts["alpha"].asked == []
    assert b"no answer within 3 s" in texts(bundle)["MANIFEST.txt"]


async def test_a_hung_qemu_is_asked_once(world: World) -> None:
    world.sessions["alpha"].answers = {"query-migrate": QmpTimeout("alpha", "query-migrate", 1.5)}
    bundle = await world.bundle()
    assert world.sessions["alpha"].asked == ["query-status", "query-migrate"]
    assert "answers of QEMU from `query-migrate` on" in absent(bundle)


async def test_the_incident_it_is_about(world: World) -> None:
    fact = Fact(1.0, "alpha", Source.EXIT, "exit", "signal 9")
    said = Diagnosed(
        Kind.PRIMARY_DEAD, "alpha's QEMU is gone.", Confidence.PROVEN, 1.0, (fact,), Severity.ERROR, "it waits"
    )
    known = tuple(Incident(name, "web01", 1.0, 2.0, said) for name in ("i2", "i1"))
    seen = snapshot(world.pair)
    world.seen = replace(seen, guests=(replace(seen.guests[0], incidents=known),))
    assert json.loads(texts(await world.bundle("i1"))["incident.json"])["incident"]["id"] == "i1"
    assert json.loads(texts(await world.bundle())["incident.json"])["incident"]["id"] == "i2"
    with pytest.raises(ActionRefused, match="no incident `i9`"):
        await world.bundle("i9")
