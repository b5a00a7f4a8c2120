"""The grammar of the command line. Common options may stand before or after the command."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from colotui import __version__
from colotui.cli import codes, outward
from colotui.model.plan import Action

_ACTIONS = {
    Action.PROTECT: "give the guest a second copy and bring both into lock-step",
    Action.FAILOVER: "let one copy carry on alone, the other one proven or attested off",
    Action.SWITCH: "planned: move the guest to the other host, the old copy fenced first",
    Action.REPROTECT: "give the survivor of a failover a new second copy",
    Action.STOP: "end the protection; the guest runs on alone",
    Action.START: "start the guest, alone",
    Action.SHUTDOWN: "let the guest power off, as by its power button",
    Action.UNDO: "take back what a half-done plan did",
}
_DEFAULTS: dict[str, object] = {
    "configs": [],
    "pairs": [],
    "all": False,
    "no_record": False,
    "json": False,
    "read_only": False,
    "no_color": False,
    "ascii": False,
    "theme": None,
    "debug": False,
    "command": None,
}


class Parser(argparse.ArgumentParser):
    """Ends with 64 on a wrong command line: 2 would read as `not served` to whoever watches `status`."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and how to see what is right."""
        self.exit(codes.USAGE, f"colotui: {message}\n  See: {self.prog} --help\n")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line as a namespace with every common option set. Exits on --help and on a wrong line."""
    found = _build(with_lab="lab" in words).parse_args(list(words))
    for name, default in _DEFAULTS.items():
        if not hasattr(found, name):
            setattr(found, name, default)
    # All commands but the cockpit are about one pair.
    found.config = found.configs[-1] if found.configs else None
    found.pair = found.pairs[-1] if found.pairs else None
    return found


def _common() -> Parser:
    # SUPPRESS: an option left out after the command must not take back the one before it.
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("common options")
    group.add_argument(
        "-c",
        "--config",
        dest="configs",
        action="append",
        metavar="FILE",
        help="the pair file (else $COLOTUI_PAIR, else pair.yaml); the cockpit takes several",
    )
    group.add_argument(
        "-p",
        "--pair",
        dest="pairs",
        action="append",
        metavar="NAME",
        help="the pair file pairs/NAME.yaml of the config folder; the cockpit takes several",
    )
    group.add_argument("--json", action="store_true", help="print JSON")
    group.add_argument("--read-only", action="store_true", help="watch only: no lock, no action")
    group.add_argument("--no-color", action="store_true", help="no colours (so does NO_COLOR)")
    group.add_argument("--ascii", action="store_true", help="ASCII signs only")
    group.add_argument("--theme", metavar="NAME", help="the cockpit's theme")
    group.add_argument("--debug", action="store_true", help="log more, and show tracebacks")
    return common


def _build(with_lab: bool) -> Parser:
    common = _common()
    parser = Parser(
        prog="colotui",
        parents=[common],
        description="Supervise virtual machines that run in lock-step on two hosts (COLO). "
        "Without a command the cockpit opens; when no pair file is named, on all of the config folder.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"colotui {__version__}")
    parser.add_argument("--all", action="store_true", help="the cockpit watches every pair file of the config folder")
    parser.add_argument("--no-record", action="store_true", help="the cockpit does not record what it sees")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser, title="commands")
    commands.add_parser("status", parents=[common], help="how the pair stands, once", epilog=_STATUS_EPILOG)
    commands.add_parser(
        "incidents", parents=[common], help="what is wrong now: witnesses, what to do, what not to do",
        epilog="Exit codes: 0 no incident is open, 1 a warning is, 2 an error is.",
    )  # fmt: skip
    fit = commands.add_parser("check", parents=[common], help="whether the two hosts are fit, with evidence")
    fit.add_argument("--digests", action="store_true", help="read the disk images through and compare their content")
    fit.add_argument("--cable", action="store_true", help="test the direct cable with frames of our own, about 2 s")
    for action, text in _ACTIONS.items():
        _add_action(commands, common, action, text)
    guard = commands.add_parser(
        "guard",
        parents=[common],
        help="stay here with the failover armed: it acts when the primary's host sees its QEMU end",
        description="Arm the failover of a guest and stay in the foreground. It acts once, only when the primary's own "
        "host reports that its QEMU has ended; never on silence.",
        epilog=_GUARD_EPILOG,
    )
    guard.add_argument("guest", nargs="?", metavar="GUEST", help="the guest (may be left out when there is one)")
    _add_setup(commands, common)
    _add_hosts(commands, common)
    _add_bundle(commands, common)
    _add_replay(commands, common)
    _add_record(commands, common)
    _add_report(commands, common)
    outward.add_metrics(commands, common)
    outward.add_ocf(commands, common)
    commands.add_parser("paths", parents=[common], help="where colotui keeps things on this machine")
    config = commands.add_parser("config", parents=[common], help="the pair file").add_subparsers(
        dest="config_command", metavar="check", required=True, parser_class=Parser
    )
    check = config.add_parser("check", parents=[common], help="list everything wrong with the pair file")
    check.add_argument("file", nargs="?", metavar="FILE", help="the file (default: the one that would be used)")
    if with_lab:
        from colotui.lab.cli import add_parser

        add_parser(commands)
    else:
        commands.add_parser("lab", help="two small hosts on this machine, to try everything out (as root)")
    return parser


_Commands = argparse._SubParsersAction  # argparse has no public name for it


def _add_action(commands: _Commands[Parser], common: Parser, action: Action, text: str) -> None:
    parser = commands.add_parser(
        action.value, parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}. The plan is shown first."
    )
    parser.add_argument("guest", nargs="?", metavar="GUEST", help="the guest (may be left out when there is one)")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and end")
    parser.add_argument("--yes", action="store_true", help="run without asking")
    parser.add_argument(
        "--attest",
        metavar="GUEST",
        help="with --yes, where a host cannot be reached: the guest's name, which attests that no copy runs there",
    )
    if action in (Action.FAILOVER, Action.START):
        parser.add_argument("--to", metavar="HOST", default="", help="the host to carry on (or to start) on")


def _add_setup(commands: _Commands[Parser], common: Parser) -> None:
    setup = commands.add_parser(
        Action.SETUP.value,
        parents=[common],
        help="prepare both hosts; without a pair file the wizard opens",
        description="Prepare both hosts of the pair: the plan is shown first, and each step can be taken back.",
    )
    setup.add_argument("--dry-run", action="store_true", help="show the plan, with what is already so, and end")
    setup.add_argument("--script", metavar="FILE", help="write the plan as a shell script to run by hand (- prints it)")
    setup.add_argument(
        "--only", action="append", default=[], metavar="STEP", help="just this step, or HOST:STEP (more than once)"
    )
    setup.add_argument("--with", dest="with_", action="append", default=[], metavar="PART", help="do this part too")
    setup.add_argument("--without", action="append", default=[], metavar="PART", help="leave this part out")
    setup.add_argument("--image-from", metavar="HOST", default="", help="the host whose disk images are the good ones")
    setup.add_argument("--undo", action="store_true", help="take back what set-ups have changed on both hosts")
    setup.add_argument("--yes", action="store_true", help="run without asking")
    setup.add_argument("--wizard", action="store_true", help="open the wizard for a new pair file")


def _add_bundle(commands: _Commands[Parser], common: Parser) -> None:
    bundle = commands.add_parser(
        "bundle",
        parents=[common],
        help="a support bundle: logs, traces and facts of both hosts, without secrets",
        description="Collect what tells of a guest's trouble from both hosts, list it, and write one .tar.gz.",
    )
    bundle.add_argument("guest", nargs="?", metavar="GUEST", help="the guest (may be left out when there is one)")
    bundle.add_argument("--incident", metavar="ID", default="", help="the incident it is about (default: the newest)")
    bundle.add_argument("--output", metavar="FILE", help="the file to write (default: a name of its own, here)")
    bundle.add_argument("--list", action="store_true", help="list what it would hold and end; nothing is written")
    bundle.add_argument("--yes", action="store_true", help="write without asking")


def _add_replay(commands: _Commands[Parser], common: Parser) -> None:
    replay = commands.add_parser(
        "replay",
        parents=[common],
        help="a recording in the cockpit, anywhere: no hosts, no root; --example brings one",
        description="Open the cockpit on a recording. Nothing can be done there: it is what was seen then.",
        epilog="TIME: 14:03:20, 2026-11-24 14:03, +5m from the beginning, -5m from the end, begin, end.",
    )
    # `-5m` is a time and no option, as a negative number is; argparse has no public name for it.
    replay._negative_number_matcher = re.compile(r"-[0-9][0-9.a-z]*")
    replay.add_argument("file", nargs="?", metavar="FILE", help="the recording, or the name of one of --list")
    replay.add_argument("--example", action="store_true", help="play the recording that came along")
    replay.add_argument("--list", action="store_true", help="list the recordings of this machine")
    replay.add_argument("--at", metavar="TIME", help="begin there")
    replay.add_argument("--speed", metavar="N", help="1/4 to 64 recorded seconds in one second")
    replay.add_argument("--guest", metavar="GUEST", help="the guest to show first")
    replay.add_argument("--from", dest="from_", metavar="TIME", help="with --json: print from there")
    replay.add_argument("--to", metavar="TIME", help="with --json: print up to there")


def _add_record(commands: _Commands[Parser], common: Parser) -> None:
    record = commands.add_parser(
        "record",
        parents=[common],
        help="record what the cockpit would show, without a screen, until it is ended",
        description="Record the pair into one file, to be replayed later. It only watches, and ends with Ctrl-C or "
        "SIGTERM. The cockpit records by itself; while one does, a second one does not.",
        epilog="A day is about 50 MiB; a file that is there already is gone on with.",
    )
    record.add_argument("-o", "--output", metavar="FILE", help="the file (default: the pair's own, see colotui paths)")
    record.add_argument("--keep-days", metavar="N", help="remove what is older, 0: never (default: 7)")
    record.add_argument(
        "--keep-size", metavar="SIZE", help="remove the oldest above this, as in 500M, 0: never (default: 1G)"
    )


def _add_report(commands: _Commands[Parser], common: Parser) -> None:
    report = commands.add_parser(
        "report",
        parents=[common],
        help="one HTML or Markdown file about an incident or a stretch of time, from a recording",
        description="Write what happened: timeline, plots, evidence, actions with their commands, versions. The file "
        "loads nothing from elsewhere.",
        epilog="Times are local: 14:00..14:10, 2026-11-24T14:00..14:10, 2026-11-24, -10m.. (the last 10 min).",
    )
    # `-10m..` is a word and no option, as a negative number is; argparse has no public name for it.
    report._negative_number_matcher = re.compile(r"-[0-9][0-9.a-z]*\.\..*")
    report.add_argument("what", nargs="?", default="last", metavar="INCIDENT|FROM..TO", help="an incident's id or the "
                        "start of it, `last` (the default), or two times")  # fmt: skip
    report.add_argument(
        "--recording", metavar="FILE", help="the recording (default: the pair's own, see colotui paths)"
    )
    report.add_argument("--example", action="store_true", help="take the recording that came along")
    report.add_argument("--format", choices=("html", "md"), help="default: html, or as the name of -o ends")
    report.add_argument("-o", "--output", metavar="FILE", help="the file to write, - for the output (default: a name "
                        "of its own, here)")  # fmt: skip
    report.add_argument("--force", action="store_true", help="write over a file that is there")


def _add_hosts(commands: _Commands[Parser], common: Parser) -> None:
    hosts = commands.add_parser("hosts", parents=[common], help="the hosts' keys").add_subparsers(
        dest="hosts_command", metavar="accept", required=True, parser_class=Parser
    )
    accept = hosts.add_parser("accept", parents=[common], help="show a host's key and accept it")
    accept.add_argument("name", metavar="NAME", help="the host's name in the pair file")
    accept.add_argument(
        "--fingerprint", metavar="SHA256:...", help="accept without asking, if the key has this fingerprint"
    )


_STATUS_EPILOG = "Exit codes: 0 protected, 1 served but not protected, 2 not served, 3 not known."


_GUARD_EPILOG = "Exit codes: 0 it failed over, 65 disarmed without acting, 67 the failover stopped, 130 interrupted."


def _epilog() -> str:
    lines = [f"  {code:>3}  {text}" for code, text in codes.TABLE]
    return "exit codes:\n" + "\n".join(lines)
