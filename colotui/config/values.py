"""What one value of a pair file may be: each function takes the text as written, checks it, or says what is wrong."""

from __future__ import annotations

import ipaddress
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit

from colotui.model.pair import ForwardSpec, ProbeKind, ProbeSpec
from colotui.model.text import plain

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_NIC = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
_DNS = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_HOST_PATH = re.compile(r"/[A-Za-z0-9/._+@:=-]*")
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_TIMES = {"ms": 1, "s": 1000, "min": 60_000}
MAX_SIZE = 64 << 40


class Bad(Exception):
    """A value that cannot be taken; the message says what is allowed."""


def shown(text: str) -> str:
    """`text` as it may stand in an error message."""
    return f"`{plain(text, 60)}`"


def name(text: str) -> str:
    """A name that becomes a folder, a socket and part of a device name."""
    if not _NAME.fullmatch(text):
        raise Bad(f"{shown(text)} cannot be a name: 1 to 31 of a-z, 0-9 and -, not starting with -")
    return text


def nic(text: str) -> str:
    """The name of a network device of the host."""
    if not _NIC.fullmatch(text):
        raise Bad(f"{shown(text)} cannot be a network device: 1 to 15 letters, digits, `.`, `_`, `-`")
    return text


def user(text: str) -> str:
    """A login name."""
    if not _USER.fullmatch(text):
        raise Bad(f"{shown(text)} cannot be a user name")
    return text


def mac(text: str) -> str:
    """A unicast MAC address, in lower case."""
    if not _MAC.fullmatch(text):
        raise Bad(f"{shown(text)} is not a MAC address: six pairs of hex digits as in 52:54:00:12:34:56")
    first = int(text[:2], 16)
    if first & 1:
        raise Bad(f"{shown(text)} is a multicast address: the second digit must be even (0 2 4 6 8 a c e)")
    if not text.strip("0:"):
        raise Bad(f"{shown(text)} is all zero: a NIC cannot have it")
    return text.lower()


def address(text: str) -> str:
    """Where a host is reached: `local`, an IP address, or a name (also one of ~/.ssh/config)."""
    if text == "local" or _is_ip(text):
        return text
    if re.fullmatch(r"[0-9.]+", text) or not _DNS.fullmatch(text):
        raise Bad(f"{shown(text)} is no address: `local`, an IP address or a host name")
    return text


def _is_ip(text: str) -> bool:
    bare, percent, scope = text.partition("%")
    try:
        parsed = ipaddress.ip_address(bare)
    except ValueError:
        return False
    if parsed.is_multicast or parsed.is_unspecified:
        raise Bad(f"{shown(text)} is not the address of a host")
    return not percent or (parsed.version == 6 and bool(_NIC.fullmatch(scope)))


def forward(device: str, text: str) -> ForwardSpec:
    """The forward NIC with its own IPv4 address and prefix length."""
    bare, slash, prefix = text.partition("/")
    try:
        if not slash or not (prefix.isascii() and prefix.isdigit()):
            raise ValueError
        interface = ipaddress.IPv4Interface(text)
    except ValueError:
        raise Bad(f"{shown(text)} is no IPv4 address with its prefix length, as in 10.78.0.1/24") from None
    network, host = interface.network, interface.ip
    if host.is_loopback or host.is_multicast or host.is_unspecified or host.is_reserved:
        raise Bad(f"{shown(text)} is not an address between two hosts")
    if not 8 <= network.prefixlen <= 31:
        raise Bad(f"{shown(text)}: the prefix length must be 8 to 31, so that both hosts fit in")
    if network.prefixlen < 31 and host in (network.network_address, network.broadcast_address):
        raise Bad(f"{shown(text)} is the address of the network itself, not of a host in it")
    return ForwardSpec(nic=device, address=bare, prefix=network.prefixlen)


def number(text: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    if re.fullmatch(r"0[0-9]+", text):
        raise Bad(f"{shown(text)} starts with 0, which YAML reads as octal; write it without")
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise Bad(f"{shown(text)} is not a whole number from {low} to {high}")
    value = int(text)
    if not low <= value <= high:
        raise Bad(f"{value} is out of range: {low} to {high}")
    return value


def size(text: str) -> int:
    """A size in bytes, written as `128 MiB`."""
    return _amount(text, _SIZES, "a size such as `128 MiB` (B, KiB, MiB, GiB, TiB)", 1, MAX_SIZE)


def duration(text: str) -> int:
    """A time in milliseconds, written as `1000 ms` or `20 s`."""
    return _amount(text, _TIMES, "a time such as `1000 ms` or `20 s` (ms, s, min)", 10, 3_600_000)


def _amount(text: str, units: dict[str, int], wanted: str, low: int, high: int) -> int:
    match = _AMOUNT.fullmatch(text.strip())
    if not match or len(match[1]) > 24:
        raise Bad(f"{shown(text)} is not {wanted}")
    if not match[2]:
        raise Bad(f"{shown(text)} has no unit: {wanted}")
    if match[2] not in units:
        raise Bad(f"{shown(match[2])} is not a unit used here: {wanted}")
    try:
        value = Decimal(match[1]) * units[match[2]]
    except InvalidOperation:
        raise Bad(f"{shown(text)} is not {wanted}") from None
    if value != value.to_integral_value():
        raise Bad(f"{shown(text)} is not a whole number of {next(iter(units))}")
    if not low <= value <= high:
        raise Bad(f"{shown(text)} is out of range for {wanted}")
    return int(value)


def host_path(text: str) -> str:
    """An absolute path on the hosts. It stands inside QEMU options, where a comma would begin another one."""
    if not text.startswith("/"):
        raise Bad(f"{shown(text)} is not an absolute path (on the hosts)")
    if ".." in text.split("/"):
        raise Bad(f"{shown(text)} contains `..`")
    if not _HOST_PATH.fullmatch(text) or len(text) > 1024:
        raise Bad(f"{shown(text)}: a path on the hosts may hold letters, digits and / . _ + @ : = - only")
    return text


def local_path(text: str, base: Path) -> str:
    """A path on this machine: `~` is the home folder; a relative one starts at the pair file's folder."""
    line_of_text(text)
    if not text:
        raise Bad("an empty path")
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise Bad(f"{shown(text)}: there is no such home folder") from None
    return str(path if path.is_absolute() else base / path)


def line_of_text(text: str) -> str:
    """Any text on one line, without control characters."""
    if not text.isprintable():
        raise Bad(f"{shown(text)} contains a line break or a control character")
    if len(text) > 4096:
        raise Bad(f"{shown(text)} is longer than 4096 characters")
    return text


def probe(text: str) -> ProbeSpec:
    """Where the guest's service answers: http://, tcp:// or ping://."""
    wanted = "http://ADDRESS/, tcp://ADDRESS:PORT or ping://ADDRESS"
    if not re.fullmatch(r"[!-~]{1,500}", text):
        raise Bad(f"{shown(text)} is not {wanted}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Bad(f"{shown(text)} is not {wanted}") from None
    if parts.scheme not in {kind.value for kind in ProbeKind} or not host or "@" in parts.netloc or host == "local":
        raise Bad(f"{shown(text)} is not {wanted}")
    kind = ProbeKind(parts.scheme)
    address(host)
    if kind is ProbeKind.HTTP:
        if port == 0:
            raise Bad(f"{shown(text)}: port 0 cannot answer")
        return ProbeSpec(kind, host, url=text)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise Bad(f"{shown(text)} is not {wanted}")
    if (kind is ProbeKind.TCP) != bool(port):
        raise Bad(f"{shown(text)} {'has no port' if kind is ProbeKind.TCP else 'has a port'}: {wanted}")
    return ProbeSpec(kind, host, port=port or 0)
