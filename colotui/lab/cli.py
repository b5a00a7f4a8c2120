"""`colotui lab`: the lab on the command line."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from colotui.errors import LabError
from colotui.lab import build
from colotui.lab.lab import Lab, LabState, clean, up
from colotui.lab.layout import CACHE, DEFAULT_NAME, GUEST, HOSTS, LINKS
from colotui.lab.show import Bar, describe

Cockpit = Callable[[str], int]
"""Opens the cockpit on a pair file; returns when the operator leaves."""

_SERVE_LIMIT = 60.0

_TRY = """without a COMMAND: build what is missing, bring the lab up, start and protect the guest, open the cockpit;
on leaving it the lab goes down. Needs root on x86-64 Linux, about 400 MB in /var/cache and, the first time, a network.
"""


def add_parser(subparsers: Any) -> None:
    """Add `lab` and its commands to the command line."""
    lab = subparsers.add_parser(
        "lab", help="two small hosts on this machine, to try everything out (as root)", epilog=_TRY
    )
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--name", metavar="NAME", help="another lab beside the first one")
    options.add_argument("--cache", metavar="DIR", help=f"where the images are kept (default: {CACHE})")
    making = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    making.add_argument("--mirror", metavar="URL", help="the Debian mirror to use (default: debootstrap's own)")
    _add_options(lab, options)
    _add_options(lab, making)
    lab.add_argument("--keep", action="store_true", help="leave the lab up on leaving the cockpit")
    commands = lab.add_subparsers(dest="lab_command", metavar="COMMAND", parser_class=type(lab), title="commands")

    def command(name: str, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(name, parents=[options, *parents], help=text)
        return added

    command("build", "make the images and keep them in the cache", making)
    up_parser = command("up", "bring the two hosts up and say where the pair file is", making)
    up_parser.add_argument("--tie", type=int, default=0, metavar="PID", help="go down when this process ends")
    up_parser.add_argument("--bare", action="store_true", help="hosts as one finds them: no bridge, no addresses")
    command("down", "take it down; nothing is left but the cache")
    status = command("status", "how it stands")
    status.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    command("clean", "take it down and remove the cache too")
    host = command("host", "cut a host's power, or give it back")
    host.add_argument("host", choices=HOSTS)
    host.add_argument("power", choices=("on", "off"))
    for verb, text in (("cut", "cut a link"), ("mend", "mend a link")):
        command(verb, text).add_argument("link", choices=LINKS, metavar="LINK", help=", ".join(LINKS))
    drill = command("drill", "break the lab for real in one of its ways, and score what the cockpit does about it")
    drill.add_argument("drill", nargs="*", metavar="DRILL", help="names of drills, or all")
    drill.add_argument("--list", action="store_true", help="say which drills there are")
    drill.add_argument(
        "--with-cli",
        action="store_true",
        help="also try on the command line what must be refused; the client waits some seconds longer",
    )
    drill.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    command("console", "what the guest's serial console has shown")
    client = command("client", "run a command as a client of the guest")
    client.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="for example: -- ping 10.77.0.10")


def run(args: argparse.Namespace, cockpit: Cockpit) -> int:
    """Do what `colotui lab ...` says; returns the exit code, raises LabError."""
    name = getattr(args, "name", None) or DEFAULT_NAME
    cache = Path(args.cache).absolute() if getattr(args, "cache", None) else None
    mirror = getattr(args, "mirror", None)
    lab = Lab(name)
    as_json = bool(getattr(args, "json", False))
    match args.lab_command:
        case None:
            return _whole(name, cache, mirror, cockpit, keep=args.keep)
        case "build":
            with Bar() as bar:
                image = build.build(bar, mirror, cache)
            print(f"Built: {image.root.parent.parent}")
        case "up":
            with Bar() as bar:
                state = up(bar, name=name, mirror=mirror, cache=cache, bare=args.bare, tie=args.tie)
            print(json.dumps(asdict(state), indent=2) if as_json else describe(state, name))
        case "down":
            build.check_machine()
            print("The lab is down." if lab.down() else "The lab was not up.")
        case "status":
            return _status(lab, as_json)
        case "clean":
            clean(name=name, cache=cache)
            print("The lab is down and its cache is removed.")
        case "host":
            (lab.host_on if args.power == "on" else lab.host_off)(args.host)
        case "cut":
            lab.cut(args.link)
        case "mend":
            lab.mend(args.link)
        case "console":
            _console(lab)
        case "client":
            return _client(lab, args.argv)
    return 0


def _add_options(parser: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    # The same options before and after the command: one left out after it must not undo the one before.
    for action in options._actions:
        parser._add_action(action)


def _status(lab: Lab, as_json: bool) -> int:
    state = lab.state()
    if as_json:
        print(json.dumps({"up": state is not None, "lab": asdict(state) if state else None}, indent=2))
    else:
        print(describe(state, lab.places.name) if state else "The lab is not up.")
    return 0 if state else 1


def _console(lab: Lab) -> None:
    shown = lab.serial()
    if not shown:
        raise LabError("No host of the lab has a guest with a console.", "Start it: colotui -c PAIRFILE start")
    for host, text in shown.items():
        # Whatever the guest wrote, the operator's terminal obeys none of it.
        safe = "".join(c if c.isprintable() or c in "\n\t" else "·" for c in text.replace("\r", ""))
        print(f"── {host}\n{safe.rstrip()}")


def _client(lab: Lab, words: Sequence[str]) -> int:
    argv = list(words[1:] if words[:1] == ["--"] else words)
    if not argv:
        raise LabError("No command for the client.", "For example: colotui lab client -- ping -c 3 10.77.0.10")
    try:
        return subprocess.run(lab.client_argv(argv)).returncode
    except KeyboardInterrupt:
        return 130


def _whole(name: str, cache: Path | None, mirror: str | None, cockpit: Cockpit, *, keep: bool) -> int:
    lab = Lab(name)
    state = lab.state()
    found = state is not None
    if state is None:
        with Bar() as bar:
            # Tied to this process: a closed terminal takes the lab down too, unless it is to be kept.
            state = up(bar, name=name, mirror=mirror, cache=cache, tie=0 if keep else os.getpid())
        print(describe(state, name))
    else:
        print(f"The lab is up already; it stays up. Pair file: {state.pair}")
    try:
        if not found:
            _protect(state)
        return cockpit(state.pair)
    finally:
        if not found and not keep:
            with contextlib.suppress(KeyboardInterrupt):
                lab.down()
                print("The lab is down.")


def _protect(state: LabState) -> None:
    """Start the guest and protect it, with the commands an operator would type."""
    _colotui(state, "start", GUEST, "--to", HOSTS[0], "--yes")
    end = time.monotonic() + _SERVE_LIMIT
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{state.net.guest}/", timeout=0.5):
            break
        time.sleep(0.05)
    else:
        raise LabError("The lab's guest was started but does not serve.", "See what it says: colotui lab console")
    _colotui(state, "protect", GUEST, "--yes")


def _colotui(state: LabState, *words: str) -> None:
    print(f"$ colotui -c {state.pair} {' '.join(words)}", flush=True)
    argv = [sys.executable, "-m", "colotui", "-c", state.pair, *words]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        print((done.stdout + done.stderr).strip(), file=sys.stderr)
        raise LabError(f"`colotui {words[0]}` ended with {done.returncode} on the lab.", "What it said is above.")
