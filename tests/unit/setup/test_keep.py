"""The script that is run at boot, and the one line in rc.local."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from colotui.model.plan import Step
from colotui.setup.keep import RC_LINE, boot_text, with_line, without_line


async def nothing() -> str:
    return ""


def step(key: str, *script: str) -> Step:
    return Step(key, "alpha", key, "", "", nothing, script=script, at_boot=True)


def test_a_part_that_fails_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    script = tmp_path / "boot.sh"
    log = tmp_path / "log"
    script.write_text(
        boot_text(
            "lab",
            [step("one", f"echo one >>{log}", "false", f"echo never >>{log}"), step("two", f"echo two >>{log}"),
             step("three", "echo $unset_name")],
        )
    )  # fmt: skip
    ended = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert log.read_text() == "one\ntwo\n"
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "colotui: not set at boot: one three"


def test_without_a_failure_it_is_silent(tmp_path: Path) -> None:
    script = tmp_path / "boot.sh"
    script.write_text(boot_text("lab", [step("one", "true")]))
    ended = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("#!/bin/sh\n", f"#!/bin/sh\n{RC_LINE}\n"),
        ("#!/bin/sh\nmine\nexit 0\n", f"#!/bin/sh\nmine\n{RC_LINE}\nexit 0\n"),
        ("#!/bin/sh\nexit 0\nmine", f"#!/bin/sh\nexit 0\nmine\n{RC_LINE}\n"),
        ("", f"{RC_LINE}\n"),
    ],
)
def test_the_line_in_rc_local(before: str, after: str) -> None:
    assert with_line(before) == after
    assert with_line(after) == after
    assert without_line(after).rstrip("\n") == before.rstrip("\n")


def test_only_our_line_is_taken_out() -> None:
    changed = with_line("#!/bin/sh\nmine\n") + "later\n"
    assert without_line(changed) == "#!/bin/sh\nmine\nlater\n"
