"""Reads from one host what a support bundle needs of it: bounded in bytes and time, nothing changed there."""

from __future__ import annotations

import asyncio
import errno
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from colotui.engine.qemu.session import CopySession
from colotui.engine.qemu.transcript import as_text
from colotui.engine.qemu.wiring import data_dir, run_dir
from colotui.errors import ColotuiError, HostCallFailed, HostError, HostLost, QmpGone, QmpTimeout
from colotui.host.channel import Host
from colotui.model.bundle import FILE_LIMIT, Absent, Piece
from colotui.model.text import plain_lines

HOST_LIMIT = 30.0
"""Seconds one host gets; what it has told by then is what there is."""

_COMMAND_LIMIT = 5.0
_QMP_LIMIT = 1.5
_ANSWER_LIMIT = 256 << 10
_SYSTEM_LIMIT = 1 << 20
_DEVICES = 32
_DEVICE = re.compile(r"\bdev ([A-Za-z0-9_][A-Za-z0-9_.-]{0,14})(?: |$)", re.M)

_RUN = (
    ("stderr.log", "what QEMU itself said"),
    ("exit", "how QEMU ended, and when"),
    ("damage", "what is wrong with this copy"),
    ("plan.json", "a plan that did not come to its end"),
    ("pid", "the process of QEMU"),
    ("lock", "who acts on this guest"),
    ("serial.log", "the guest's console"),
    ("trace.log", "the trace: checkpoints, mismatches"),
)
_SYSTEM = (
    ("/proc/interrupts", "where interrupts land"),
    ("/proc/cmdline", "the kernel's command line"),
    ("/proc/version", "the kernel's version"),
    ("/proc/modules", "the modules that are loaded"),
    ("/proc/meminfo", "the memory"),
    ("/proc/loadavg", "the load"),
    ("/proc/net/dev", "what the NICs counted"),
    ("/usr/lib/os-release", "the distribution"),
)
_PACKAGES = ("qemu-system-x86", "qemu-kvm", "qemu-utils", "xen-utils-common", "iproute2", "irqbalance", "chrony")
_COMMANDS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("dmesg.txt", ("dmesg",), "the kernel's log"),
    ("ip-address.txt", ("ip", "-d", "-s", "address"), "links and addresses"),
    ("ip-route.txt", ("ip", "-d", "route", "show", "table", "all"), "routes"),
    ("tcp.txt", ("ss", "-tanpi"), "TCP connections"),
    ("qemu-version.txt", ("qemu-system-x86_64", "--version"), "the version of QEMU"),
)
_QUERIES: tuple[tuple[str, dict[str, object]], ...] = (
    ("query-status", {}),
    ("query-migrate", {}),
    ("query-colo-status", {}),
    ("query-chardev", {}),
    ("query-yank", {}),
    ("query-jobs", {}),
    ("query-version", {}),
    ("query-migrate-capabilities", {}),
    ("query-migrate-parameters", {}),
    ("query-block", {}),
    ("query-named-block-nodes", {"flat": True}),
)


@dataclass(slots=True)
class Found:
    """What is collected so far, in order of importance."""

    pieces: list[Piece] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)


class HostCollector:
    """Collects from one connected host. `pid`: the guest's QEMU there, None when none is known."""

    def __init__(self, host: Host, guest: str, session: CopySession, pid: int | None) -> None:
        self.found = Found()
        self._host = host
        self._guest = guest
        self._session = session
        self._pid = pid

    async def collect(self) -> Found:
        """All of it. A host that goes or dawdles ends it early: what is missing is said in what is returned."""
        name = self._host.name
        # What is asked of QEMU waits longest when QEMU hangs, and the network may be large: the logs come first.
        parts: tuple[Callable[[], Awaitable[None]], ...] = (
            self._logs, self._process, self._queries, self._system, self._commands, self._filters, self._packages
        )  # fmt: skip
        try:
            async with asyncio.timeout(HOST_LIMIT):
                for part in parts:
                    await part()
        except TimeoutError:
            self.found.absent.append(Absent("the rest of this host", name, f"it took longer than {HOST_LIMIT:g} s"))
        except HostError as error:
            self.found.absent.append(Absent("the rest of this host", name, error.what))
        self.transcript()
        return self.found

    def transcript(self) -> None:
        """What this cockpit said to QEMU there; it is in our own memory, so it needs no host."""
        exchanges = self._session.transcript.newest()
        if exchanges:
            what = "what colotui and QEMU said to each other, the newest of it"
            self._keep("qmp-transcript.txt", what, "this cockpit", as_text(exchanges).encode())
        else:
            self._miss("the QMP transcript", "this cockpit", "it has said nothing to a QEMU there")

    def _keep(self, path: str, what: str, source: str, data: bytes, left_out: int = 0) -> None:
        self.found.pieces.append(Piece(f"hosts/{self._host.name}/{path}", what, source, data, left_out))

    def _miss(self, what: str, source: str, why: str) -> None:
        self.found.absent.append(Absent(what, source, why))

    async def _read(self, path: str, what: str, limit: int) -> tuple[bytes, int]:
        """The end of a file and how much stands before it; what cannot be read is noted, and empty."""
        try:
            return await self._host.end(path, limit)
        except HostLost:
            raise
        except HostError as error:
            none = isinstance(error, HostCallFailed) and error.errno == errno.ENOENT
            why = "there is none" if none else error.what.removeprefix(f"{self._host.name}: ")
            self._miss(what, f"{self._host.name}:{path}", why)
            return b"", -1

    async def _file(self, path: str, name: str, what: str, limit: int) -> None:
        data, left_out = await self._read(path, what, limit)
        if left_out >= 0:
            self._keep(name, what, f"{self._host.name}:{path}", data, left_out)

    async def _logs(self) -> None:
        folder = run_dir(self._guest)
        for name, what in _RUN:
            await self._file(f"{folder}/{name}", f"run/{name}", what, FILE_LIMIT)
        await self._file(f"{data_dir(self._guest)}/state", "state", "who carried on last", _SYSTEM_LIMIT)

    async def _process(self) -> None:
        if self._pid is None:
            self._miss("the process of QEMU", self._host.name, "none is known to run")
            return
        path, what = f"/proc/{self._pid}/cmdline", "QEMU's command line, an argument a line"
        data, left_out = await self._read(path, what, _SYSTEM_LIMIT)
        lines = b"".join(part + b"\n" for part in data.split(b"\0") if part)
        if lines:
            self._keep("qemu-cmdline.txt", what, f"{self._host.name}:{path}", lines, left_out)
        for name in ("status", "wchan", "stack"):
            await self._file(f"/proc/{self._pid}/{name}", f"qemu-{name}.txt", f"the process: {name}", _SYSTEM_LIMIT)

    async def _queries(self) -> None:
        source = f"QMP of {self._guest} on {self._host.name}"
        if self._pid is None:
            self._miss("answers of QEMU", source, "no QEMU is known to run")
            return
        answers: dict[str, Any] = {}
        for command, arguments in _QUERIES:
            try:
                answers[command] = await self._session.qmp(command, limit=_QMP_LIMIT, **arguments)
            except (QmpTimeout, QmpGone) as error:
                # It hangs or has gone: each further question would wait as long, and tell nothing.
                self._miss(f"answers of QEMU from `{command}` on", source, error.what)
                break
            except HostLost:
                raise
            except ColotuiError as error:
                self._miss(f"the answer to `{command}`", source, error.what)
        for command, answer in answers.items():
            data = json.dumps(answer, indent=1, sort_keys=True).encode()
            kept = data[:_ANSWER_LIMIT]
            what = f"the answer to `{command}`" + (f", its first {len(kept)} bytes" if len(kept) < len(data) else "")
            self._keep(f"qmp/{command}.json", what, source, kept)

    async def _system(self) -> None:
        for path, what in _SYSTEM:
            await self._file(path, path.strip("/").replace("/", "-") + ".txt", what, _SYSTEM_LIMIT)

    async def _commands(self) -> None:
        for name, argv, what in _COMMANDS:
            await self._command(name, argv, what)
        # Only what lies there is told, never what is in it: a folder may hold keys.
        for folder, name in ((run_dir(self._guest), "run-folder.txt"), (data_dir(self._guest), "data-folder.txt")):
            await self._command(name, ("ls", "-lanb", "--", folder), f"what lies in {folder}", clean=True)

    async def _filters(self) -> None:
        said = await self._command("tc-qdisc.txt", ("tc", "-s", "-d", "qdisc", "show"), "traffic control: queues")
        devices = list(dict.fromkeys(_DEVICE.findall(said)))
        texts = []
        for device in devices[:_DEVICES]:
            for place in ((), ("ingress",)):
                argv = ("tc", "-s", "-d", "filter", "show", "dev", device, *place)
                told = await self._said(argv)
                if told:
                    texts.append(f"# {' '.join(argv)}\n{told}")
        source = f"{self._host.name}: tc -s -d filter show"
        if texts:
            self._keep("tc-filter.txt", "traffic control: filters", source, "\n".join(texts).encode())
        else:
            self._miss("traffic control: filters", source, "there are none")
        if len(devices) > _DEVICES:
            self._miss("filters of further NICs", source, f"{len(devices)} NICs; the first {_DEVICES} were asked for")

    async def _packages(self) -> None:
        deb = ("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\\n", *_PACKAGES)
        what = "versions of packages"
        for argv in (deb, ("rpm", "-q", *_PACKAGES)):
            # Both fail when one of the packages is not there, and tell the others all the same.
            told = await self._said(argv)
            if told:
                self._keep("packages.txt", what, f"{self._host.name}: {argv[0]}", told.encode("utf-8", "replace"))
                return
        self._miss(what, self._host.name, "neither dpkg-query nor rpm tells them")

    async def _command(self, name: str, argv: Iterable[str], what: str, *, clean: bool = False) -> str:
        words = tuple(argv)
        source = f"{self._host.name}: {' '.join(words)}"
        try:
            result = await self._host.run(words, timeout=_COMMAND_LIMIT, check=False)
        except HostLost:
            raise
        except HostError as error:
            self._miss(what, source, error.what)
            return ""
        text = "".join(f"{line}\n" for line in plain_lines(result.stdout)) if clean else result.stdout
        if text:
            self._keep(name, what, source, text.encode("utf-8", "replace"))
        else:
            self._miss(what, source, result.stderr.strip()[:200] or f"no output, status {result.status}")
        return text

    async def _said(self, argv: tuple[str, ...]) -> str:
        """What a command printed; "" when it did not, or is not there."""
        try:
            result = await self._host.run(argv, timeout=_COMMAND_LIMIT, check=False)
        except HostLost:
            raise
        except HostError:
            return ""
        return "" if result.status == 127 else result.stdout
