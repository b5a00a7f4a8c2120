"""What a host answers: the types of the channel's results, and the guard against answers that make no sense."""

from __future__ import annotations

import contextlib
import errno
import functools
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from colotui.errors import HostCallFailed


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `status` negative: killed by that signal; None: it ran out of time and was killed."""

    status: int | None
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class FileStat:
    """Size in bytes, change time in epoch seconds, mode with its type bits."""

    size: int
    mtime: float
    mode: int
    is_dir: bool


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One process. `start_time` and `cpu_ticks` (user and system) in clock ticks, `rss` in bytes."""

    pid: int
    comm: str
    cmdline: tuple[str, ...]
    start_time: int
    cpu_ticks: int
    rss: int
    state: str


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The host's clock minus ours, and the round trip it was read with (the error is at most half of it)."""

    offset_ms: float
    rtt_ms: float


@dataclass(frozen=True, slots=True)
class AgentInfo:
    """What the agent said of itself and its host when it started."""

    python: str
    uid: int
    ticks_per_s: int
    kernel: str
    node: str
    machine: str
    pid: int


def agent_info(hello: dict[str, Any]) -> AgentInfo:
    """The agent's greeting as AgentInfo. ValueError, KeyError or TypeError when it is none."""
    return AgentInfo(
        python=str(hello["python"]),
        uid=int(hello["uid"]),
        ticks_per_s=int(hello["ticks"]),
        kernel=str(hello["kernel"]),
        node=str(hello["node"]),
        machine=str(hello["machine"]),
        pid=int(hello["pid"]),
    )


class _Named(Protocol):
    @property
    def name(self) -> str: ...


H = TypeVar("H", bound=_Named)
P = ParamSpec("P")
T = TypeVar("T")


@contextlib.contextmanager
def understood(host: str) -> Iterator[None]:
    """An answer of the wrong shape is a failed call, not a fault of the cockpit: a host is not trusted."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise HostCallFailed(host, f"its agent's answer makes no sense ({error!r}).", errno.EPROTO) from error


def sensible(
    method: Callable[Concatenate[H, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[H, P], Coroutine[Any, Any, T]]:
    """A method of a host under `understood`."""

    @functools.wraps(method)
    async def guarded(host: H, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with understood(host.name):
            return await method(host, *args, **kwargs)

    return guarded
