"""The resource agent by the OCF specification, against a colotui that answers from a file and notes its calls."""

from __future__ import annotations

import os
import stat
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from colotui.cli import codes
from colotui.cli.ocf import SIGN, agent
from colotui.cli.ocfstate import standing
from colotui.model.plan import Action
from colotui.model.protection import Copy, GuestView, Life, LinkState, Role, State
from tests.ui.samples import NOW, protected
from tests.unit.cli.conftest import Colotui, colotui

__all__ = ["colotui"]

OK, GENERIC, UNIMPLEMENTED, PERM, INSTALLED, CONFIGURED, NOT_RUNNING, PROMOTED, FAILED_PROMOTED = (
    0,
    1,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
)
SHELL = Path(__file__).parents[1] / "fixtures/ocf"

# Plays one answer of `ocf look` after the other (the last one stays), and notes every plan; `fail` names a failing one.
PROGRAM = """#!/bin/sh
here=$(dirname "$0")
shift 2
case "$1 $2" in
"ocf look")
	case "$*" in *--check*) [ -e "$here/unfit" ] && { cat "$here/unfit" >&2; exit 64; }; exit 0 ;; esac
	[ -e "$here/silent" ] && { echo "colotui: alpha: no answer." >&2; exit 69; }
	number=$(cat "$here/number" 2>/dev/null || echo 1)
	[ -e "$here/look$number" ] || number=$((number - 1))
	cat "$here/look$number"
	echo $((number + 1)) >"$here/number"
	;;
*)
	echo "$*" >>"$here/calls"
	if [ "$1" = "$(cat "$here/fail" 2>/dev/null)" ]; then
		echo "  1  alpha  fence"
		echo "colotui: web01: not now." >&2
		exit 65
	fi
	;;
esac
"""


def words(copy: str, peer: str = "none", can: str = "", serves: str = "", score: str = "") -> str:
    return f"copy={copy}\npeer={peer}\npeer_host=beta\nserves={serves}\ncan={can}\nscore={score}\n"


@dataclass
class Node:
    """The agent on alpha."""

    folder: Path
    env: dict[str, str]
    said: str = ""

    def looks(self, *answers: str) -> None:
        for old in self.folder.glob("look*"):
            old.unlink()
        for number, answer in enumerate(answers, 1):
            (self.folder / f"look{number}").write_text(answer)
        for name in ("number", "calls", "fail", "silent"):
            (self.folder / name).unlink(missing_ok=True)

    def __call__(self, *action: str, **more: str) -> int:
        (self.folder / "number").unlink(missing_ok=True)
        ended = subprocess.run(
            ["sh", str(self.folder / "agent"), *action],
            env={**self.env, **more}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        self.said, self.printed = ended.stderr, ended.stdout
        return ended.returncode

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def marker(self) -> Path:
        return self.folder / "tmp" / "colotui-web01-alpha.started"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    (tmp_path / "agent").write_bytes(agent())
    (tmp_path / "tmp").mkdir()
    (tmp_path / "pair.yaml").write_text("name: shop\n")
    program = tmp_path / "colotui"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    env = {
        "PATH": os.environ["PATH"],
        "OCF_ROOT": str(SHELL),
        "HA_RSCTMP": str(tmp_path / "tmp"),
        "OCF_RESOURCE_INSTANCE": "web01",
        "OCF_RESKEY_CRM_meta_on_node": "node1",
        "OCF_RESKEY_CRM_meta_interval": "10000",
        "OCF_RESKEY_host_map": "node2:beta node1:alpha",
        "OCF_RESKEY_config": str(tmp_path / "pair.yaml"),
        "OCF_RESKEY_guest": "web01",
        "OCF_RESKEY_binary": str(program),
    }
    return Node(tmp_path, env)


def plan(action: str, *options: str) -> str:
    return " ".join((action, *options, "--yes --no-color web01"))


def test_metadata_tells_what_pacemaker_needs(node: Node) -> None:
    bare = {"PATH": os.environ["PATH"], "OCF_ROOT": str(SHELL)}
    node.env = bare
    assert node("meta-data") == OK, "it needs no parameter"
    root = ET.fromstring(node.printed)
    assert root.tag == "resource-agent"
    assert root.get("name") == "colotui"
    timeouts = {each.get("name"): each.get("timeout") for each in root.iter("action")}
    assert set(timeouts) == {
        "start", "stop", "monitor", "promote", "demote", "notify", "validate-all", "meta-data",
    }  # fmt: skip
    assert all(each and each.endswith("s") for each in timeouts.values())
    roles = {each.get("role"): each.get("interval") for each in root.iter("action") if each.get("name") == "monitor"}
    assert set(roles) == {"Promoted", "Unpromoted"}
    assert len(set(roles.values())) == 2, "Pacemaker tells the monitors apart by their interval"
    needed = {each.get("name"): each.get("required") for each in root.iter("parameter")}
    assert needed == {"config": "1", "guest": "1", "binary": "0", "host_map": "0"}
    assert all(each.findtext("longdesc") and each.findtext("shortdesc") for each in root.iter("parameter"))


def test_wrong_use_is_told(node: Node) -> None:
    assert node() == 2
    assert node("migrate_to") == UNIMPLEMENTED
    assert node("usage") == OK


@pytest.mark.parametrize(
    ("copy", "marked", "code"),
    [
        ("primary", "", PROMOTED),
        ("secondary", "", OK),
        ("none", "", NOT_RUNNING),
        ("none", "standby", OK),
        ("none", "copy", NOT_RUNNING),
        ("hung-primary", "copy", FAILED_PROMOTED),
        ("hung-secondary", "copy", GENERIC),
        ("unreachable", "copy", GENERIC),
        ("unclear", "copy", GENERIC),
    ],
)
def test_monitor(node: Node, copy: str, marked: str, code: int) -> None:
    node.looks(words(copy))
    if marked:
        node.marker.write_text(f"{marked}\n")
    assert node("monitor") == code
    assert node.calls == [], "a monitor changes nothing"
    assert node.marker.exists() is bool(marked)


def test_monitor_looks_twice_at_a_paused_primary(node: Node) -> None:
    node.looks(words("paused"), words("primary"))
    assert node("monitor") == PROMOTED
    node.looks(words("paused"))
    assert node("monitor") == FAILED_PROMOTED


def test_monitor_when_colotui_cannot_say(node: Node) -> None:
    node.looks(words("primary"))
    (node.folder / "silent").touch()
    assert node("monitor") == GENERIC
    assert "alpha: no answer" in node.said


def test_start_stands_by_where_nobody_runs_the_guest(node: Node) -> None:
    node.looks(words("none", can="start"))
    for _ in range(2):
        assert node("start") == OK
    assert node.calls == []
    assert node.marker.read_text() == "standby\n"


@pytest.mark.parametrize(("can", "action"), [("protect", "protect"), ("protect reprotect", "reprotect")])
def test_start_makes_a_second_copy(node: Node, can: str, action: str) -> None:
    node.looks(words("none", "primary", can))
    assert node("start") == OK
    assert node.calls == [plan(action)]
    assert node.marker.read_text() == "copy\n"


def test_start_lets_a_mute_primary_carry_on_first(node: Node) -> None:
    node.looks(words("none", "primary", "failover"), words("none", "primary", "protect reprotect"))
    assert node("start") == OK
    assert node.calls == [plan("failover", "--to", "beta"), plan("reprotect")]


def test_start_fails_where_it_cannot_be_protected(node: Node) -> None:
    node.looks(words("none", "primary", ""))
    assert node("start") == GENERIC
    assert "cannot be protected" in node.said
    assert not node.marker.exists()
    node.looks(words("none", "primary", "protect"))
    (node.folder / "fail").write_text("protect")
    assert node("start") == GENERIC
    assert "web01: not now." in node.said


def test_promote_fails_over_by_colotuis_rules(node: Node) -> None:
    node.looks(words("secondary", "none", "failover"), words("primary"))
    assert node("promote") == OK
    assert node.calls == [plan("failover", "--to", "alpha")]


def test_promote_never_does_what_colotui_refuses(node: Node) -> None:
    node.looks(words("secondary", "unreachable", "failover"))
    (node.folder / "fail").write_text("failover")
    assert node("promote") == GENERIC
    assert "ocf-exit-reason:colotui failover web01: web01: not now." in node.said
    assert not any("attest" in call for call in node.calls)


def test_promote_is_refused_while_both_are_well(node: Node) -> None:
    node.looks(words("secondary", "primary", "switch stop"))
    assert node("promote") == GENERIC
    assert node.calls == []


def test_promote_starts_where_no_copy_is_left(node: Node) -> None:
    node.looks(words("none", "none", "start"), words("primary"))
    assert node("promote") == OK
    assert node.calls == [plan("start", "--to", "alpha")]
    node.looks(words("none", "none", "start"), words("none"))
    assert node("promote") == GENERIC, "the plan ended well, and yet it is not there"


def test_promote_waits_until_the_guest_serves(node: Node) -> None:
    booting, up = words("primary", serves="no"), words("primary", serves="yes")
    node.looks(words("none", "none", "start"), booting, booting, up)
    assert node("promote") == OK
    assert (node.folder / "number").read_text() == "5\n", "asked until it served"
    node.looks(words("none", "none", "start"), booting, words("none"))
    assert node("promote") == GENERIC, "it ended while it booted"


def test_promoting_what_is_promoted(node: Node) -> None:
    node.looks(words("primary", "secondary", "switch"))
    assert node("promote") == OK
    assert node.calls == []
    node.looks(words("primary", "none", "failover"), words("primary", "none", "reprotect"))
    assert node("promote") == OK
    assert node.calls == [plan("failover", "--to", "alpha")], "its twin is lost: it has to speak again"


@pytest.mark.parametrize(
    ("looks", "calls"),
    [
        ([words("primary", "secondary", "switch stop")], ["switch"]),
        ([words("hung-primary", "secondary", "failover")], ["failover --to beta"]),
        ([words("primary", "none", "shutdown protect")], ["shutdown"]),
        ([words("primary", "none", "stop failover"), words("primary", "none", "shutdown")], ["stop", "shutdown"]),
    ],
)
def test_demote(node: Node, looks: list[str], calls: list[str]) -> None:
    node.looks(*looks)
    assert node("demote") == OK
    assert node.calls == [plan(*call.split()) for call in calls]
    assert node.marker.read_text() == "standby\n"


def test_a_guest_that_did_not_hear_its_power_button_is_asked_once_more(node: Node) -> None:
    node.looks(words("primary", "none", "shutdown"))
    (node.folder / "fail").write_text("shutdown")
    assert node("demote") == GENERIC
    assert node.calls == [plan("shutdown"), plan("shutdown")]


def test_demoting_what_is_demoted(node: Node) -> None:
    node.looks(words("secondary", "primary", "stop"))
    assert node("demote") == OK
    node.looks(words("none"))
    assert node("demote") == NOT_RUNNING
    node.marker.write_text("standby\n")
    assert node("demote") == OK
    assert node.calls == []


@pytest.mark.parametrize(
    ("looks", "calls"),
    [
        ([words("none")], []),
        ([words("secondary", "primary", "switch stop"), words("none", "primary")], ["stop"]),
        ([words("hung-secondary", "primary", "failover"), words("none", "primary")], ["failover --to beta"]),
        ([words("primary", "none", "shutdown"), words("none")], ["shutdown"]),
    ],
)
def test_stop(node: Node, looks: list[str], calls: list[str]) -> None:
    node.marker.write_text("copy\n")
    node.looks(*looks)
    assert node("stop") == OK
    assert node.calls == [plan(*call.split()) for call in calls]
    assert not node.marker.exists()
    node.looks(words("none"))
    assert node("stop") == OK, "stopping what is stopped"


def test_stop_never_ends_the_only_copy(node: Node) -> None:
    node.marker.write_text("copy\n")
    node.looks(words("secondary", "none", "failover"))
    assert node("stop") == GENERIC
    assert "only copy" in node.said
    assert node.calls == []
    assert node.marker.exists()


def test_stop_that_did_not_stop_is_a_failure(node: Node) -> None:
    node.looks(words("primary", "none", "shutdown"))
    assert node("stop") == GENERIC
    assert "still there" in node.said


@pytest.mark.parametrize(
    ("operation", "marked", "look", "calls"),
    [
        ("post-promote", True, words("none", "primary", "reprotect"), ["reprotect"]),
        ("post-promote", False, words("none", "primary", "reprotect"), []),
        ("pre-promote", True, words("none", "primary", "reprotect"), []),
        ("post-stop", True, words("primary", "none", "failover"), ["failover --to alpha"]),
        ("post-stop", True, words("primary", "none", "protect"), []),
        ("post-stop", True, words("secondary", "none", "failover"), []),
    ],
)
def test_notify(node: Node, operation: str, marked: bool, look: str, calls: list[str]) -> None:
    kind, _, what = operation.partition("-")
    node.looks(look)
    if marked:
        node.marker.write_text("standby\n")
    env = {"OCF_RESKEY_CRM_meta_notify_type": kind, "OCF_RESKEY_CRM_meta_notify_operation": what}
    assert node("notify", **env) == OK
    assert node.calls == [plan(*call.split()) for call in calls]
    (node.folder / "silent").touch()
    assert node("notify", **env) == OK, "a notification cannot fail"


def test_validate_all(node: Node) -> None:
    assert node("validate-all") == OK
    (node.folder / "unfit").write_text("colotui: there is no guest `web01` in pair shop.\n")
    assert node("validate-all") == CONFIGURED
    assert "there is no guest" in node.said
    assert node("validate-all", OCF_RESKEY_guest="") == CONFIGURED
    assert node("validate-all", OCF_RESKEY_config="/nowhere") == INSTALLED
    assert node("validate-all", OCF_RESKEY_binary="/nowhere") == INSTALLED


def test_where_it_is_not_installed_nothing_of_it_runs(node: Node) -> None:
    env = {"OCF_RESKEY_binary": "/nowhere"}
    assert node("monitor", OCF_RESKEY_CRM_meta_interval="0", **env) == NOT_RUNNING
    assert node("monitor", **env) == INSTALLED
    assert node("stop", **env) == OK
    node.marker.write_text("copy\n")
    assert node("stop", **env) == INSTALLED, "something was started here"


def test_parameters_are_never_run_as_commands(node: Node) -> None:
    node.looks(words("none") + "evil=$(touch pwned)\n`touch pwned`\ncan=start; touch pwned\n")
    env = {"OCF_RESKEY_guest": "$(touch pwned) `touch pwned`; touch pwned"}
    for action in ("monitor", "start", "stop", "promote", "demote", "validate-all"):
        node(action, **env)
    assert not (node.folder / "pwned").exists()
    assert not Path("pwned").exists()


# colotui ocf


def test_print_and_install(colotui: Callable[..., Colotui], tmp_path: Path) -> None:
    tool = colotui(None)
    assert tool("ocf", "--print").out.encode() == agent()
    path = tmp_path / "ra" / "colotui"
    first = tool("ocf", "install", str(path), "--json")
    assert (first.code, first.json["changed"]) == (codes.OK, True)
    assert path.read_bytes() == agent()
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert tool("ocf", "install", str(path.parent), "--json").json["changed"] is False
    path.write_bytes(b"#!/bin/sh\n#\n" + SIGN + b" an older one\n")
    assert tool("ocf", "install", str(path), "--json").json["changed"] is True
    assert [each.name for each in path.parent.iterdir()] == ["colotui"]


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "fifo"])
def test_what_is_not_ours_stays(colotui: Callable[..., Colotui], tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "colotui-agent", tmp_path / "other"
    if kind == "file":
        path.write_text("#!/bin/sh\n")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        if kind == "link":
            other.write_bytes(agent())
        path.symlink_to(other)
    before = path.lstat()
    ran = colotui(None)("ocf", "install", str(path))
    assert ran.code == codes.REFUSED
    assert "no agent of colotui" in ran.err
    assert path.lstat() == before


def test_a_place_that_cannot_be_written_is_said(colotui: Callable[..., Colotui]) -> None:
    ran = colotui(None)("ocf", "install", "/proc/nowhere/colotui")
    assert ran.code == codes.USAGE
    assert "cannot be written" in ran.err


def test_it_does_nothing_by_itself(colotui: Callable[..., Colotui]) -> None:
    assert colotui(None)("ocf").code == codes.USAGE


def test_look_prints_the_words(colotui: Callable[..., Colotui]) -> None:
    tool = colotui()
    guest = tool.pair.guests[0].name
    ran = tool("ocf", "look", "--host", "alpha", guest)
    assert ran.out.splitlines()[:3] == ["copy=primary", "peer=secondary", "peer_host=beta"]
    assert tool.controller.read_only
    assert tool("ocf", "look", "--host", "alpha", guest, "--json").json["score"] == "1000"
    tool.controller.calls.clear()
    assert tool("ocf", "look", "--check", "--host", "alpha", guest).code == codes.OK
    assert tool("ocf", "look", "--check", "--host", "gamma", guest).code == codes.USAGE
    assert tool("ocf", "look", "--check", "--host", "alpha", "nobody").code == codes.USAGE
    assert tool.controller.calls == [], "a check asks no host"


def test_look_fails_where_the_own_host_is_silent(colotui: Callable[..., Colotui]) -> None:
    tool = colotui()
    first, second = tool.controller.snapshot.hosts
    dark = replace(first, link=LinkState.DOWN, why="alpha: no answer.")
    tool.controller.snapshot = replace(tool.controller.snapshot, hosts=(dark, second))
    ran = tool("ocf", "look", "--host", "alpha", tool.pair.guests[0].name)
    assert ran.code == 69
    assert "no answer" in ran.err


def viewed(
    alpha: tuple[Life, Role], beta: tuple[Life, Role], state: State = State.NOT_PROTECTED, *can: Action, **more: object
) -> GuestView:
    view = protected().guests[0]
    copies = {"alpha": Copy("alpha", *alpha, NOW, **more), "beta": Copy("beta", *beta, NOW)}  # type: ignore[arg-type]
    actions: dict[Action, str | None] = {action: "read-only" if action in can else "no" for action in Action}
    return replace(view, copies=copies, actions=actions, protection=replace(view.protection, state=state))


PRIMARY, SECONDARY = (Life.RUNNING, Role.PRIMARY), (Life.RUNNING, Role.SECONDARY)
ABSENT, DEAD = (Life.ABSENT, Role.NONE), (Life.DEAD, Role.PRIMARY)


@pytest.mark.parametrize(
    ("view", "copy", "peer", "score"),
    [
        (viewed(PRIMARY, SECONDARY, State.PROTECTED, Action.SWITCH), "primary", "secondary", "1000"),
        (viewed(SECONDARY, PRIMARY, State.PROTECTED), "secondary", "primary", "100"),
        (viewed(SECONDARY, DEAD, State.NOT_PROTECTED, Action.FAILOVER), "secondary", "none", "100"),
        (viewed(SECONDARY, DEAD, State.NOT_PROTECTED), "secondary", "none", ""),
        (viewed(SECONDARY, PRIMARY, State.PROTECTED, damage="disk full"), "secondary", "primary", ""),
        (viewed(ABSENT, ABSENT, State.NOT_PROTECTED, Action.START), "none", "none", "10"),
        (viewed(ABSENT, ABSENT, State.NOT_PROTECTED, Action.START, generation=-1), "none", "none", ""),
        (viewed(ABSENT, PRIMARY, State.NOT_PROTECTED, Action.PROTECT), "none", "primary", ""),
        (viewed((Life.HUNG, Role.PRIMARY), SECONDARY), "hung-primary", "secondary", ""),
        (viewed((Life.PAUSED, Role.PRIMARY), ABSENT), "paused", "none", ""),
        (viewed((Life.PAUSED, Role.SECONDARY), PRIMARY), "secondary", "primary", ""),
        (viewed((Life.UNREACHABLE, Role.PRIMARY), SECONDARY), "unreachable", "secondary", ""),
        (viewed((Life.RUNNING, Role.NONE), ABSENT), "unclear", "none", ""),
    ],
)
def test_standing(view: GuestView, copy: str, peer: str, score: str) -> None:
    told = standing(view, "alpha")
    assert (told["copy"], told["peer"], told["score"]) == (copy, peer, score)
    assert told["peer_host"] == "beta"
    assert told["serves"] == "yes"
    assert standing(replace(view, probe=None), "alpha")["serves"] == ""
    allowed = {action.value for action, why in view.actions.items() if why == "read-only"}
    assert set(told["can"].split()) == allowed
