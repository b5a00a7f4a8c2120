"""`colotui metrics`: the server's manners, the textfile, what is refused, and that it ends clean."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from colotui.cli import codes, exposing
from colotui.cli.exposing import MetricsServer, listening, url
from colotui.cli.metrics import write
from colotui.errors import UsageError
from tests.unit.cli.conftest import Colotui
from tests.unit.metrics.samples import full, with_guest

BODY = b"colotui_host_up 1\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = MetricsServer(lambda accept: (BODY, f"text/plain; x={'open' in accept}"))
    bound = listening("127.0.0.1:0", remote=False)
    await server.start(bound)
    yield bound.getsockname()[1]
    await server.close()


async def say(port: int, request: bytes, limit: float = 5.0) -> tuple[str, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), limit)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body


async def test_metrics_and_nothing_else(port: int) -> None:
    head, body = await say(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: a/openmetrics\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(BODY)}" in head
    assert "x=True" in head
    assert body == BODY
    assert (await say(port, b"GET /metrics?name[]=up HTTP/1.0\r\n\r\n"))[1] == BODY
    head, body = await say(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")
    assert f"Content-Length: {len(BODY)}" in head
    assert body == b""
    assert b"href=metrics" in (await say(port, b"GET / HTTP/1.1\r\n\r\n"))[1]
    for path in (b"/etc/passwd", b"/metrics/", b"/../metrics", b"http://x/metrics", b"*"):
        assert (await say(port, b"GET %s HTTP/1.1\r\n\r\n" % path))[0].startswith("HTTP/1.1 404 ")
    head, _ = await say(port, b"POST /metrics HTTP/1.1\r\n\r\n")
    assert head.startswith("HTTP/1.1 405 ")
    assert "Allow: GET, HEAD" in head


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET /metrics\r\n\r\n", b"\xff\xfe \x00 HTTP/2\r\n\r\n"])
async def test_what_is_no_request_is_refused(port: int, request_: bytes) -> None:
    assert (await say(port, request_))[0].startswith("HTTP/1.1 400 ")


async def test_a_request_is_bounded(port: int) -> None:
    head, _ = await say(port, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n")
    assert head.startswith("HTTP/1.1 400 ")
    assert (await say(port, b"GET /metrics HTTP/1.1\r\n\r\n"))[1] == BODY


async def test_who_does_not_ask_is_let_go(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposing, "LIMIT", 0.05)
    assert (await say(port, b"GET /metr"))[0] == ""


async def test_connections_are_bounded(port: int) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(exposing.CONNECTIONS)]
    await asyncio.sleep(0.05)
    assert (await say(port, b""))[0].startswith("HTTP/1.1 503 ")
    for _, writer in idle:
        writer.close()
    await asyncio.sleep(0.05)
    assert (await say(port, b"GET /metrics HTTP/1.1\r\n\r\n"))[1] == BODY


def test_only_this_machine_unless_it_is_meant() -> None:
    for where in ("0.0.0.0:0", "[::]:0"):
        with pytest.raises(UsageError, match="other machines") as refused:
            listening(where, remote=False)
        assert "--allow-remote" in refused.value.next_step
    with listening("0.0.0.0:0", remote=True) as bound:
        assert url(bound).startswith("http://0.0.0.0:")
    with listening("localhost:0", remote=False) as bound:
        assert url(bound).startswith("http://127.0.0.1:")
    with listening("[::1]:0", remote=False) as bound:
        assert url(bound).startswith("http://[::1]:")
    for where in ("", "9877", ":9877", "example.org:9877", "127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1:²"):
        with pytest.raises(UsageError, match="no address"):
            listening(where, remote=True)


def test_a_port_in_use_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        with pytest.raises(UsageError, match="another program has this port") as refused:
            listening(f"127.0.0.1:{number}", remote=False)
        assert f"sport = :{number}" in refused.value.next_step


def test_the_textfile_is_replaced_in_one_go(tmp_path: Path) -> None:
    path = tmp_path / "colotui.prom"
    path.write_text("old")
    with path.open() as reading:
        write(path, BODY)
        assert reading.read() == "old", "whoever reads the old one reads it to its end"
    assert path.read_bytes() == BODY
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["colotui.prom"]
    with pytest.raises(OSError, match="No such file"):
        write(tmp_path / "nowhere" / "x.prom", BODY)


def made(colotui: Callable[..., Colotui]) -> Colotui:
    tool = colotui()
    view = full().guests[0]
    tool.controller.snapshot = with_guest(
        tool.controller.snapshot,
        checkpoints=view.checkpoints, mismatches=view.mismatches, stats=view.stats, mismatch_total=view.mismatch_total,
    )  # fmt: skip
    return tool


def test_once_prints_without_counters(colotui: Callable[..., Colotui]) -> None:
    ran = made(colotui)("metrics", "--once")
    assert ran.code == codes.OK
    names = {sample.name for family in text_string_to_metric_families(ran.out) for sample in family.samples}
    assert "colotui_guest_state" in names
    assert not [name for name in names if name.endswith("_total")]


def test_once_writes_the_file(colotui: Callable[..., Colotui], tmp_path: Path) -> None:
    path = tmp_path / "pair.prom"
    ran = made(colotui)("metrics", "--textfile", str(path), "--once")
    assert (ran.code, ran.out) == (codes.OK, "")
    assert "colotui_guest_state" in path.read_text()


@pytest.mark.parametrize(("name", "why"), [("x.txt", "end in .prom"), ("no/where.prom", "no such folder")])
def test_a_textfile_nobody_would_read_is_refused(
    colotui: Callable[..., Colotui], tmp_path: Path, name: str, why: str
) -> None:
    ran = made(colotui)("metrics", "--textfile", str(tmp_path / name), "--once")
    assert ran.code == codes.USAGE
    assert why in ran.err


def test_serves_counts_and_ends_on_a_signal(colotui: Callable[..., Colotui], monkeypatch: pytest.MonkeyPatch) -> None:
    tool = made(colotui)
    pages: list[str] = []

    async def started(server: MetricsServer, bound: socket.socket) -> None:
        for _ in range(2):
            for listener in list(tool.controller.listeners):
                listener(tool.controller.snapshot)
        pages.append(server._page("")[0].decode())
        bound.close()
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(MetricsServer, "start", started)
    monkeypatch.setattr("colotui.cli.metrics.url", lambda _bound: "http://127.0.0.1:1/metrics")
    ran = tool("metrics", "--listen", "127.0.0.1:0", "--json")
    assert ran.code == codes.OK
    assert ran.json["metrics"] == "http://127.0.0.1:1/metrics"
    assert tool.controller.calls == ["start", "close"]
    assert tool.controller.read_only
    found = {one.name: one for one in text_string_to_metric_families(pages[0])}
    counted = sum(one.value for one in found["colotui_checkpoints"].samples if one.name.endswith("_total"))
    assert counted == len(full().guests[0].checkpoints)
    assert "process_resident_memory_bytes" in found


def test_the_textfile_goes_when_nobody_keeps_it(
    colotui: Callable[..., Colotui], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, seen = tmp_path / "pair.prom", []

    def wrote(where: Path, body: bytes) -> None:
        write(where, body)
        seen.append(where.read_bytes())
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("colotui.cli.metrics.write", wrote)
    ran = made(colotui)("metrics", "--textfile", str(path), "--interval", "1")
    assert ran.code == codes.INTERRUPTED
    assert b"colotui_checkpoints_total" in seen[1]
    assert b"process_" not in seen[1], "node_exporter has these names itself"
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_told_once_and_tried_again(
    colotui: Callable[..., Colotui], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tries: list[int] = []

    def full_disk(_path: Path, _body: bytes) -> None:
        tries.append(1)
        if len(tries) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("colotui.cli.metrics.write", full_disk)
    ran = made(colotui)("metrics", "--textfile", str(tmp_path / "p.prom"), "--interval", "1")
    assert ran.code == codes.OK
    assert ran.err.count("No space left") == 1


def test_dashboard_and_alerts_need_no_pair(colotui: Callable[..., Colotui]) -> None:
    tool = colotui(None)
    assert tool("metrics", "--dashboard").json["uid"] == "colotui"
    assert "alert: ColotuiGuestInTrouble" in tool("metrics", "--alerts").out


def test_wrong_words(colotui: Callable[..., Colotui]) -> None:
    tool = colotui()
    for words in (("--interval", "0"), ("--interval", "nan"), ("--textfile", "x.prom", "--alerts")):
        assert tool("metrics", *words).code == codes.USAGE


def test_a_snapshot_may_have_no_facts(colotui: Callable[..., Colotui], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colotui.cli.metrics.FACTS_LIMIT", 0.2)
    tool = made(colotui)
    first, second = tool.controller.snapshot.hosts
    tool.controller.snapshot = replace(tool.controller.snapshot, hosts=(replace(first, facts=None), second))
    ran = tool("metrics", "--once")
    assert ran.code == codes.OK
    assert 'colotui_host_cpus{host="alpha"' not in ran.out
    assert 'colotui_host_cpus{host="beta"' in ran.out
