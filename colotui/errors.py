"""Every error colotui raises on purpose: one small tree, each with what the operator should do next.

ColotuiError
├── ConfigError            the pair file, a theme or a keymap is wrong (file and line)
├── UsageError             the command line asks for something that is not there
├── HostError              a host cannot be reached or did not do what it was asked
│   ├── HostUnreachable    no answer, or the name is not known
│   ├── HostKeyUnknown     first contact: the fingerprint has to be accepted
│   ├── HostKeyChanged     the key differs from the one accepted before
│   ├── AuthFailed         the host refuses our key
│   ├── NoPython           no usable python3 on the host
│   ├── NoSudo             not root there, and sudo asks for a password
│   ├── HostLost           the channel ended in the middle of a call
│   ├── HostCallFailed     a read or write on the host gave an errno
│   └── CommandFailed      a command on the host failed or ran out of time
├── EngineError            the hypervisor refused or is not fit
│   ├── EngineUnfit        a version that cannot do COLO
│   ├── QmpTimeout         QEMU did not answer in time
│   └── QmpRefused         QEMU answered with an error
├── ActionRefused          not allowed in this state, with the reason
├── LockHeld               another cockpit acts on this guest
├── StepFailed             a plan stopped at a step
├── RecordingError         a recording cannot be read or written
└── LabError               the lab on this machine could not be made
"""

from __future__ import annotations

from typing import ClassVar


class ColotuiError(Exception):
    """Something the operator must know: `what` happened and where, and the `next_step` to take."""

    exit_code: ClassVar[int] = 70

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}".strip()


class ConfigError(ColotuiError):
    """A file the user wrote cannot be used. `line` counts from 1; 0 when it concerns the whole file."""

    exit_code = 64

    def __init__(self, path: str, line: int, what: str, next_step: str = "") -> None:
        place = f"{path}:{line}" if line else path
        super().__init__(f"{place}: {what}", next_step)
        self.path = path
        self.line = line


class UsageError(ColotuiError):
    """The command line asks for something that is not there, or leaves out what is needed."""

    exit_code = 64


class HostError(ColotuiError):
    """A host could not be reached, or a call on it failed."""

    exit_code = 69

    def __init__(self, host: str, what: str, next_step: str = "") -> None:
        super().__init__(f"{host}: {what}", next_step)
        self.host = host


class HostUnreachable(HostError):
    """No connection: the name is unknown, the port is closed, or nothing answers in time."""


class HostKeyUnknown(HostError):
    """First contact with a host: its key must be accepted by the operator before anything is sent."""

    def __init__(self, host: str, fingerprint: str, key_line: str, known_hosts: str) -> None:
        super().__init__(
            host,
            f"its host key is not known yet ({fingerprint}).",
            f"Compare the fingerprint with the host's console, then accept it: colotui hosts accept {host}",
        )
        self.fingerprint = fingerprint
        self.key_line = key_line
        self.known_hosts = known_hosts


class HostKeyChanged(HostError):
    """The host shows another key than the one accepted before: refused, always."""


class AuthFailed(HostError):
    """The host is there but refuses our key."""


class NoPython(HostError):
    """The host has no python3 >= 3.8 for the agent."""


class NoSudo(HostError):
    """The user is not root on the host and `sudo -n` does not work."""


class HostLost(HostError):
    """The channel to the host ended while a call was under way."""


class HostCallFailed(HostError):
    """A read, write, lock or connect on the host failed; `errno` is the host's."""

    def __init__(self, host: str, what: str, errno: int, next_step: str = "") -> None:
        super().__init__(host, what, next_step)
        self.errno = errno


class CommandFailed(HostError):
    """A command on the host ended with `status` (None: it ran out of time and was killed)."""

    def __init__(self, host: str, argv: tuple[str, ...], status: int | None, output: str) -> None:
        how = "ran out of time and was killed" if status is None else f"ended with status {status}"
        tail = output.strip().splitlines()[-1:] or ["it printed nothing"]
        super().__init__(host, f"`{argv[0]}` {how}: {tail[0]}")
        self.argv = argv
        self.status = status
        self.output = output


class EngineError(ColotuiError):
    """The hypervisor refused, failed or is not fit for COLO."""


class EngineUnfit(EngineError):
    """This version cannot run COLO; nothing was touched."""

    exit_code = 65


class QmpTimeout(EngineError):
    """QEMU did not answer a command in time: hung, stopped, or blocked on a dead peer."""

    def __init__(self, host: str, command: str, seconds: float) -> None:
        super().__init__(
            f"{host}: QEMU did not answer `{command}` within {seconds:g} s.",
            "Nothing more was sent. Look at the state first; a hung QEMU is fenced with kill before a promotion.",
        )
        self.host = host
        self.command = command


class QmpGone(EngineError):
    """The connection to QEMU's monitor ended or could not be made: the process is gone, or never was."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host}: QEMU's monitor is closed ({why}).", "Look at the copy's state before anything else.")
        self.host = host


class QmpRefused(EngineError):
    """QEMU answered `command` with an error of class `error_class`."""

    def __init__(self, host: str, command: str, error_class: str, description: str) -> None:
        super().__init__(f"{host}: QEMU refused `{command}`: {description}")
        self.host = host
        self.command = command
        self.error_class = error_class
        self.description = description


class ActionRefused(ColotuiError):
    """The action is not allowed in this state; `what` is the reason."""

    exit_code = 65


class LockHeld(ColotuiError):
    """Another cockpit holds the lock of this guest; `holder` says who, from where, since when."""

    exit_code = 66

    def __init__(self, guest: str, holder: str) -> None:
        super().__init__(
            f"{guest}: {holder} holds the lock.",
            "Act there, or end that cockpit; this one only watches until then.",
        )
        self.holder = holder


class StepFailed(ColotuiError):
    """A plan stopped at a step; what was done before it stands until it is undone."""

    exit_code = 67

    def __init__(self, step: str, cause: ColotuiError) -> None:
        super().__init__(f"step `{step}` failed: {cause.what}", cause.next_step)
        self.step = step
        self.cause = cause


class RecordingError(ColotuiError):
    """A recording cannot be read or written: not one, damaged, too new, in use, or the disk is full."""

    exit_code = 74

    def __init__(self, path: str, what: str, next_step: str = "") -> None:
        super().__init__(f"{path}: {what}", next_step)
        self.path = path


class LabError(ColotuiError):
    """The lab on this machine could not be made, changed or removed."""

    exit_code = 71
