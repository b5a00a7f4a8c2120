"""`colotui check` on bare hosts: what is missing is named with what cures it, and planted faults are found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from colotui.host.channel import Host
from colotui.host.survey import SurveyReader
from colotui.lab import build
from colotui.lab.lab import Lab
from colotui.lab.layout import GUEST, HOSTS
from tests.lab.drive import Drive

NAME = "hcheck"


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    """Two hosts on which nothing has been set up."""
    image = build.build(lambda *_: None)
    lab = Lab(NAME)
    lab.down()
    try:
        lab.up(image, bare=True, tie=os.getpid())
        yield lab
    finally:
        lab.down()


def check(lab: Lab, *options: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    state = lab.state()
    assert state is not None
    argv = [sys.executable, "-m", "colotui", "-c", state.pair, "check", "--json", *options]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode in (0, 1, 2, 3), (ended.returncode, ended.stderr)
    told = json.loads(ended.stdout)
    assert told["exit_code"] == ended.returncode
    return ended.returncode, {(one["host"], one["key"]): one for one in told["findings"]}


def on(lab: Lab, host: str, *argv: str) -> str:
    return subprocess.run(lab.host_argv(host, argv), check=True, capture_output=True, text=True).stdout


def test_what_is_missing_on_bare_hosts_is_named_with_its_cure(bare: Lab) -> None:
    code, found = check(bare, "--cable", "--digests")
    assert code == 2
    for host in HOSTS:
        for key, verdict, cure in (
            ("bridge", "bad", "bridge"),
            ("forward-address", "bad", "forward-address"),
            ("ports-reached", "bad", "forward-address"),
            ("quickack", "warning", "quickack"),
            ("keep", "warning", "keep"),
            ("rps:eth1", "warning", "rps"),
        ):
            assert (found[host, key]["verdict"], found[host, key]["cure"]) == (verdict, cure), found[host, key]
        for key in (
            "reach",
            "qemu",
            "memory",
            "forward-nic",
            "forward-up",
            "forward-use",
            "ports",
            "clock",
            "leftovers",
        ):
            assert found[host, key]["verdict"] == "ok", found[host, key]
    assert found["alpha", "image"]["verdict"] == "ok"
    assert (found["beta", "image"]["verdict"], found["beta", "image"]["cure"]) == ("warning", "image")
    assert found["", "same-qemu"]["verdict"] == "ok"
    assert found["", "forward-direct"]["verdict"] == "ok", found["", "forward-direct"]


def test_planted_faults_are_found_and_gone_again(bare: Lab) -> None:
    # It ends with its stdin: killing nsenter would leave it behind.
    listen = (
        "import socket, sys; s = socket.create_server(('0.0.0.0', 9998)); print('on', flush=True); sys.stdin.read()"
    )
    folder = f"/run/colotui/{GUEST}"
    on(bare, "alpha", "mkdir", "-p", folder)
    on(bare, "alpha", "sh", "-c", f"echo 4194303 >{folder}/pid")
    on(bare, "beta", "ip", "addr", "add", "192.0.2.9/24", "dev", "eth1")
    argv = bare.host_argv("beta", ["python3", "-c", listen])
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as squatter:
        try:
            assert squatter.stdout is not None
            assert squatter.stdout.readline() == b"on\n"
            code, found = check(bare)
        finally:
            squatter.communicate()
            on(bare, "beta", "ip", "addr", "del", "192.0.2.9/24", "dev", "eth1")
            on(bare, "alpha", "rm", "-r", "/run/colotui")
    assert code == 2
    assert found["beta", "ports"]["verdict"] == "bad"
    assert "0.0.0.0:9998 by python3" in found["beta", "ports"]["evidence"]
    assert found["beta", "ports"]["advice"]
    assert found["beta", "forward-use"]["verdict"] == "bad"
    assert "192.0.2.9/24" in found["beta", "forward-use"]["evidence"]
    assert (found["alpha", "leftovers"]["verdict"], found["alpha", "leftovers"]["cure"]) == ("warning", "leftovers")
    assert folder in found["alpha", "leftovers"]["evidence"]
    assert found["alpha", "ports"]["verdict"] == found["alpha", "forward-use"]["verdict"] == "ok"
    _, after = check(bare)
    assert after["beta", "ports"]["verdict"] == after["beta", "forward-use"]["verdict"] == "ok"
    assert after["alpha", "leftovers"]["verdict"] == "ok"


async def test_equal_disks_have_equal_digests_however_they_are_stored(bare: Lab) -> None:
    path = f"/var/lib/colotui/{GUEST}/disk0.qcow2"
    on(
        bare,
        "alpha",
        "sh",
        "-c",
        f"qemu-img convert -O raw {path} /tmp/raw && sha256sum /tmp/raw >/tmp/sum; rm /tmp/raw",
    )
    expected = on(bare, "alpha", "cat", "/tmp/sum").split()[0]
    on(bare, "alpha", "rm", "/tmp/sum")
    state = bare.state()
    assert state is not None
    async with Drive(state.pair, read_only=True) as drive:
        pair = drive.pair
    host = Host(pair.host("alpha"))
    await host.connect()
    try:
        survey = await SurveyReader(host, pair).read(digests=True)
    finally:
        await host.close()
    assert [image.digest for image in survey.images] == [expected], survey.images
