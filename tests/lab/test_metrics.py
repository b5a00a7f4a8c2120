"""`colotui metrics` on the real pair, read-only beside a cockpit that acts: what it says is what is so."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.lab.drive import GUEST, Drive
from tests.lab.running import Lab
from tests.lab.test_failover import at_of, pauses, trace_lines

Samples = dict[str, dict[frozenset[tuple[str, str]], float]]


@asynccontextmanager
async def exporting(lab: Lab, *options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A running `colotui metrics`, and where its metrics are."""
    argv = [sys.executable, "-m", "colotui", "-c", lab.pair_path, "metrics", *options]
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        yield process, line.decode().split(": ", 1)[1].strip()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def fetch(url: str, accept: str = "application/openmetrics-text") -> str:
    def get() -> str:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=10) as answer:
            return str(answer.read().decode())

    return await asyncio.to_thread(get)


async def scrape(url: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(await fetch(url)):
        for one in family.samples:
            found.setdefault(one.name, {})[frozenset(one.labels.items())] = one.value
    return found


def one(found: Samples, name: str, **labels: str) -> float:
    fit = [value for row, value in found[name].items() if set(labels.items()) <= row]
    assert len(fit) == 1, (name, labels, found[name])
    return fit[0]


async def ended(process: asyncio.subprocess.Process) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), 15)


async def test_scraped_beside_a_cockpit_that_acts(lab: Lab) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        primary = drive.primary
        async with exporting(lab, "--listen", "127.0.0.1:0") as (process, url):
            before = await scrape(url)
            since = max(1.0, one(before, "colotui_checkpoint_last_timestamp_seconds", guest=GUEST))
            end = time.monotonic() + 8.0
            while time.monotonic() < end:
                assert await asyncio.to_thread(lab.client.fetch, "/random")
            # Both counts still grow, so they are taken until they meet on the same moment.
            for _ in range(60):
                after = await scrape(url)
                counted = pauses([line for line in trace_lines(lab, primary) if at_of(line) > since + 0.0005])
                grown = sum(after["colotui_checkpoints_total"].values()) - sum(
                    before["colotui_checkpoints_total"].values()
                )
                if counted == grown > 3:
                    break
                await asyncio.sleep(0.3)
            assert counted == grown > 3
            assert one(after, "colotui_guest_state", colotui_guest_state="protected", guest=GUEST) == 1
            assert one(after, "colotui_copy_role", colotui_copy_role="primary", host=primary) == 1
            assert one(after, "colotui_copy_speaks", host=primary) == 1
            assert one(after, "colotui_probe_up", guest=GUEST) == 1
            assert one(after, "colotui_mismatches_total", protocol="tcp") > one(
                before, "colotui_mismatches_total", protocol="tcp"
            )
            known = sum(after["colotui_checkpoints_total"].values())
            assert one(after, "colotui_checkpoint_pause_seconds_bucket", le="+Inf") <= known
            assert one(after, "colotui_link_up", link="forward", host=primary) == 1
            assert 0 < one(after, "colotui_forward_rtt_seconds", host=primary) < 1
            assert "colotui_guest_armed" not in after, "who only watches does not know what another has armed"
            promtool(await fetch(url, "text/plain"))
            assert await ended(process) == 0
        await asyncio.sleep(0.2)
        assert drive.controller.snapshot.read_only == "", "the cockpit still acts"
        with pytest.raises(OSError, match="refused"):
            await fetch(url)


async def test_textfile_of_a_pair_whose_host_is_silent(lab: Lab, tmp_path: Path) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        silent, seen, pair = drive.secondary, drive.primary, drive.pair.name
    path = tmp_path / "colotui.prom"
    async with exporting(lab, "--textfile", str(path), "--interval", "1") as (process, where):
        assert where == str(path)
        lab.cut(f"management-{silent}")
        try:
            for _ in range(150):
                text = path.read_text() if path.exists() else ""
                if f'colotui_host_up{{host="{silent}",pair="{pair}"}} 0.0' in text:
                    break
                await asyncio.sleep(0.1)
        finally:
            lab.mend(f"management-{silent}")
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        assert any(line.startswith(f'colotui_host_up{{host="{silent}"') and line.endswith(" 0.0") for line in lines)
        stale = ("colotui_copy_role", "colotui_copy_speaks", "colotui_host_memory", "colotui_link_up")
        assert not [line for line in lines if line.startswith(stale) and f'host="{silent}"' in line]
        assert [line for line in lines if line.startswith("colotui_copy_speaks") and f'host="{seen}"' in line]
        promtool(text)
        assert await ended(process) == 0
    assert not path.exists()


def promtool(text: str) -> None:
    """Prometheus' own judgement, where it is installed."""
    program = shutil.which("promtool")
    if program is not None:
        ran = subprocess.run([program, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
