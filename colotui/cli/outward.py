"""The grammar of the commands that serve other systems: metrics and the resource agent."""

from __future__ import annotations

import argparse
import math
from typing import TypeVar

P = TypeVar("P", bound=argparse.ArgumentParser)
_Commands = argparse._SubParsersAction  # argparse has no public name for it


def add_metrics(commands: _Commands[P], common: P) -> None:
    """`colotui metrics`."""
    parser = commands.add_parser(
        "metrics",
        parents=[common],
        help="the numbers of the pair for Prometheus, over HTTP or as a textfile",
        description="Follow the pair, read-only, and give its numbers out as OpenMetrics until it is ended.",
        epilog="What is not known is left out, it is never 0. Counters begin with this process.",
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--listen", metavar="ADDRESS:PORT", default="127.0.0.1:9877", help="serve there (default: %(default)s)"
    )
    way.add_argument("--textfile", metavar="PATH.prom", help="write a file for node_exporter instead, again and again")
    way.add_argument("--dashboard", action="store_true", help="print a Grafana dashboard and end")
    way.add_argument("--alerts", action="store_true", help="print alert rules for Prometheus and end")
    parser.add_argument(
        "--allow-remote", action="store_true", help="let --listen name an address that other machines reach"
    )
    parser.add_argument(
        "--interval", metavar="SECONDS", type=_seconds, default=15.0, help="how often the file is written (default: 15)"
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="look once, write the file or print it, and end; without counters, which need a process that stays",
    )


def add_ocf(commands: _Commands[P], common: P) -> None:
    """`colotui ocf`."""
    parser = commands.add_parser(
        "ocf",
        parents=[common],
        help="the resource agent for Pacemaker",
        description="A thin OCF resource agent for Pacemaker, a promotable clone; it calls colotui's own commands.",
    )
    parser.add_argument("--print", dest="print_", action="store_true", help="print the agent and end")
    ways = parser.add_subparsers(dest="ocf_command", metavar="install|look")
    install = ways.add_parser("install", parents=[common], help="put the agent in its place")
    install.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        default="/usr/lib/ocf/resource.d/colotui/colotui",
        help="(default: %(default)s)",
    )
    look = ways.add_parser(
        "look", parents=[common], help="what the agent asks: how one host's copy stands, as KEY=VALUE"
    )
    look.add_argument("guest", nargs="?", metavar="GUEST", help="the guest (may be left out when there is one)")
    look.add_argument("--host", metavar="NAME", required=True, help="the host in the pair file")
    look.add_argument("--check", action="store_true", help="only see whether pair file, guest and host fit together")


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or not 1 <= value <= 3600:
        raise argparse.ArgumentTypeError("a number of seconds from 1 to 3600")
    return value
