"""The resource agent as Pacemaker would call it, by the OCF specification: two nodes, a real guest, a real kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from colotui.cli.ocf import agent
from colotui.model.plan import Action
from tests.lab.drive import GUEST, Drive
from tests.lab.running import Lab

RUN = f"/run/colotui/{GUEST}"
REAL = Path("/usr/lib/ocf")
STAND_IN = Path(__file__).parents[1] / "fixtures/ocf"

OK, GENERIC, NOT_RUNNING, PROMOTED = 0, 1, 7, 8


class Node:
    """One node of a cluster: the agent there, with its own place for what must not survive a boot."""

    def __init__(self, name: str, folder: Path, pair: str) -> None:
        self.name = name
        self.agent = folder / "agent"
        self.agent.write_bytes(agent())
        self.agent.chmod(0o755)
        binary = folder / "colotui"
        binary.write_text(f'#!/bin/sh\nexec {sys.executable} -m colotui "$@"\n')
        binary.chmod(0o755)
        (folder / name).mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "OCF_ROOT": str(REAL if (REAL / "lib/heartbeat/ocf-shellfuncs").exists() else STAND_IN),
            "OCF_RESOURCE_INSTANCE": "web01",
            "OCF_RESKEY_config": pair,
            "OCF_RESKEY_guest": GUEST,
            "OCF_RESKEY_binary": str(binary),
            "OCF_RESKEY_CRM_meta_on_node": f"node-{name}",
            "OCF_RESKEY_host_map": f"other:nobody node-{name}:{name}",
            "OCF_RESKEY_CRM_meta_interval": "10000",
            "HA_RSCTMP": str(folder / name),
        }

    def __call__(self, action: str, limit: float = 240, **more: str) -> int:
        begun = time.monotonic()
        ended = subprocess.run(
            [str(self.agent), action],
            env={**self.env, **more},
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        took = time.monotonic() - begun
        print(f"{self.name} {action} -> {ended.returncode} in {took:.1f} s  {ended.stderr.strip()[:300]}", flush=True)
        self.said = ended.stderr
        return ended.returncode


@pytest.fixture
def nodes(lab: Lab, tmp_path: Path) -> Iterator[Callable[[str], Node]]:
    """The agent on both nodes."""
    (tmp_path / "n").mkdir()
    made: dict[str, Node] = {}

    def node(name: str) -> Node:
        if name not in made:
            folder = tmp_path / "n" / f"of-{name}"
            folder.mkdir()
            made[name] = Node(name, folder, lab.pair_path)
        return made[name]

    yield node
    made.clear()


async def nothing_runs(lab: Lab) -> None:
    """No copy anywhere, as before a cluster starts anything."""
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        await drive.act(Action.STOP)
        await drive.act(Action.SHUTDOWN)


async def test_a_life_of_the_resource(lab: Lab, nodes: Callable[[str], Node]) -> None:
    await nothing_runs(lab)
    alpha, beta = nodes("alpha"), nodes("beta")
    assert alpha("validate-all") == OK
    assert alpha("monitor") == NOT_RUNNING
    assert alpha("stop") == OK, "stopping what is stopped"
    assert alpha("start") == beta("start") == OK
    assert alpha("start") == OK, "starting what is started"
    assert alpha("monitor") == OK, "it stands by"
    assert alpha("promote") == OK
    assert alpha("monitor") == PROMOTED

    promoted = {"OCF_RESKEY_CRM_meta_notify_type": "post", "OCF_RESKEY_CRM_meta_notify_operation": "promote"}
    assert beta("notify", **promoted) == OK
    assert beta("monitor") == OK
    assert (beta.agent.parent / "beta" / "colotui-web01-beta.started").read_text() == "copy\n"
    assert beta("promote") == GENERIC, "both are well: nothing is promoted beside the primary"

    pid = lab.path_on("alpha", f"{RUN}/pid").read_text().strip()
    subprocess.run(lab.host_argv("alpha", ["kill", "-9", pid]), check=True)
    assert alpha("monitor") == NOT_RUNNING
    assert beta("promote") == OK
    assert beta("monitor") == PROMOTED
    assert lab.client.fetch("/") is not None
    assert beta("promote") == OK, "promoting what is promoted"
    assert alpha("stop") == OK
    assert alpha("start") == OK, "it gets a new second copy"

    assert beta("demote") == OK, "the other copy takes over"
    assert beta("demote") == OK, "demoting what is demoted"
    assert beta("monitor") == OK
    assert alpha("monitor") == PROMOTED
    assert beta("stop") == OK
    assert beta("monitor") == NOT_RUNNING
    assert alpha("demote") == OK, "no other copy: it is shut down"
    assert alpha("stop") == OK
    assert alpha("stop") == OK
    assert alpha("monitor") == NOT_RUNNING


async def test_nothing_is_promoted_that_colotui_refuses(lab: Lab, nodes: Callable[[str], Node]) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        primary, secondary = drive.primary, drive.secondary
    node = nodes(secondary)
    lab.cut("forward")
    lab.cut(f"management-{primary}")
    try:
        # The primary's host may live: only somebody who looks can say that it is off.
        assert node("promote") == GENERIC
        assert "does not attest" in node.said
        assert node("monitor") == OK, "it is still the secondary"
    finally:
        lab.mend(f"management-{primary}")
        lab.mend("forward")
