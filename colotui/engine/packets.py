"""Decodes one captured Ethernet frame into named fields and its payload; never fails, whatever the bytes are."""

from __future__ import annotations

import ipaddress
import re
import struct
from dataclasses import dataclass, field

from colotui.model.text import plain

_TYPES = {0x0800: "IPv4", 0x0806: "ARP", 0x86DD: "IPv6", 0x8100: "VLAN"}
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")
_ICMP = {0: "echo reply", 3: "unreachable", 5: "redirect", 8: "echo request", 11: "time exceeded"}
_ICMPV6 = {1: "unreachable", 128: "echo request", 129: "echo reply", 135: "neighbour asked", 136: "neighbour told"}
_ARP = {1: "request", 2: "reply"}
_HTTP = re.compile(rb"(?:HTTP/\d|[A-Z]{3,8} \S{1,2000} HTTP/\d)")
_HEADERS = 32
_LONGEST_VALUE = 200

SYN = 0x02
"""The TCP flag of a connection's first packets."""


@dataclass(slots=True)
class Decoded:
    """What a frame says. `fields`: (layer, name, value) in the order of the packet.

    `protocol` is "tcp", "udp", "icmp", "icmpv6", "arp", else a number in words. `sequence`, `acknowledged` and
    `flags` are TCP's; `echo` is (kind, id, number) of a ping. `padding` is what follows the packet in its frame.
    """

    fields: list[tuple[str, str, str]] = field(default_factory=list)
    protocol: str = ""
    source: str = ""
    destination: str = ""
    ports: tuple[int, int] | None = None
    sequence: int = 0
    acknowledged: int = 0
    flags: int = 0
    echo: tuple[int, int, int] | None = None
    payload: bytes = b""
    padding: bytes = b""

    @property
    def stream(self) -> tuple[object, ...]:
        """Packets of one direction of one conversation have it in common."""
        return (self.protocol, self.source, self.destination, self.ports)

    def put(self, layer: str, name: str, value: object) -> None:
        """Add a field."""
        self.fields.append((layer, name, str(value)))

    def cut(self, layer: str, wanted: int, there: int) -> None:
        """Say that the frame ends within a header."""
        self.put(layer, "cut short", f"{there} of {wanted} bytes are there")


def decode(data: bytes) -> Decoded:
    """Decode a frame from its first byte on."""
    out = Decoded()
    if len(data) < 14:
        out.cut("ethernet", 14, len(data))
        out.payload = data
        return out
    out.put("ethernet", "to", data[0:6].hex(":"))
    out.put("ethernet", "from", data[6:12].hex(":"))
    kind, at = int.from_bytes(data[12:14], "big"), 14
    if kind == 0x8100 and len(data) >= 18:
        out.put("ethernet", "vlan", int.from_bytes(data[14:16], "big") & 0xFFF)
        kind, at = int.from_bytes(data[16:18], "big"), 18
    out.put("ethernet", "type", _TYPES.get(kind, f"0x{kind:04x}"))
    rest = data[at:]
    if kind == 0x0800:
        _ipv4(out, rest)
    elif kind == 0x86DD:
        _ipv6(out, rest)
    elif kind == 0x0806:
        _arp(out, rest)
    else:
        out.protocol, out.payload = f"0x{kind:04x}", rest
    if out.padding:
        out.put("ethernet", "padding", f"{len(out.padding)} B  {out.padding[:18].hex(' ')}")
    return out


def _arp(out: Decoded, data: bytes) -> None:
    out.protocol = "arp"
    if len(data) < 28:
        out.cut("arp", 28, len(data))
        return
    operation = int.from_bytes(data[6:8], "big")
    out.source, out.destination = _address(data[14:18]), _address(data[24:28])
    out.put("arp", "what", _ARP.get(operation, operation))
    out.put("arp", "sender", f"{out.source} {data[8:14].hex(':')}")
    out.put("arp", "target", f"{out.destination} {data[18:24].hex(':')}")
    out.padding = data[28:]


def _ipv4(out: Decoded, data: bytes) -> None:
    size = (data[0] & 15) * 4 if data else 0
    if len(data) < 20 or size < 20 or len(data) < size:
        out.cut("ip", max(20, size), len(data))
        out.payload = data
        return
    _tos, total, ident, fragment, ttl, protocol, checksum = struct.unpack_from("!BHHHBBH", data, 1)
    out.source, out.destination = _address(data[12:16]), _address(data[16:20])
    out.put("ip", "from", out.source)
    out.put("ip", "to", out.destination)
    out.put("ip", "length", total)
    out.put("ip", "id", ident)
    if fragment & 0x3FFF:
        out.put("ip", "fragment", f"{(fragment & 0x1FFF) * 8}{' more follow' if fragment & 0x2000 else ''}")
    out.put("ip", "ttl", ttl)
    out.put("ip", "tos", f"0x{data[1]:02x}")
    out.put("ip", "checksum", f"0x{checksum:04x}")
    if size > 20:
        out.put("ip", "options", data[20:size].hex(" "))
    end = total if size <= total <= len(data) else len(data)
    out.padding = data[end:]
    body = data[size:end]
    if fragment & 0x1FFF:
        out.protocol, out.payload = _PROTOCOLS.get(protocol, f"ip {protocol}"), body
        return
    _transport(out, protocol, body)


def _ipv6(out: Decoded, data: bytes) -> None:
    if len(data) < 40:
        out.cut("ipv6", 40, len(data))
        out.payload = data
        return
    length, protocol, hops = struct.unpack_from("!HBB", data, 4)
    out.source, out.destination = _address(data[8:24]), _address(data[24:40])
    out.put("ipv6", "from", out.source)
    out.put("ipv6", "to", out.destination)
    out.put("ipv6", "length", length)
    out.put("ipv6", "hops", hops)
    out.put("ipv6", "flow", f"0x{int.from_bytes(data[1:4], 'big') & 0xFFFFF:05x}")
    end = 40 + length if 40 + length <= len(data) else len(data)
    out.padding = data[end:]
    _transport(out, protocol, data[40:end])


def _transport(out: Decoded, protocol: int, body: bytes) -> None:
    out.protocol = _PROTOCOLS.get(protocol, f"ip {protocol}")
    if protocol == 6:
        _tcp(out, body)
    elif protocol == 17:
        _udp(out, body)
    elif protocol in (1, 58):
        _icmp(out, body, _ICMP if protocol == 1 else _ICMPV6)
    else:
        out.payload = body


def _ports(out: Decoded, layer: str, data: bytes) -> None:
    out.ports = (int.from_bytes(data[0:2], "big"), int.from_bytes(data[2:4], "big"))
    out.put(layer, "from port", out.ports[0])
    out.put(layer, "to port", out.ports[1])


def _tcp(out: Decoded, data: bytes) -> None:
    size = (data[12] >> 4) * 4 if len(data) >= 20 else 20
    if len(data) < 20 or size < 20 or len(data) < size:
        out.cut("tcp", max(20, size), len(data))
        out.payload = data
        return
    _ports(out, "tcp", data)
    out.sequence, out.acknowledged = struct.unpack_from("!II", data, 4)
    out.flags = data[13]
    window, checksum, urgent = struct.unpack_from("!HHH", data, 14)
    out.put("tcp", "seq", out.sequence)
    out.put("tcp", "ack", out.acknowledged)
    out.put("tcp", "flags", " ".join(name for bit, name in enumerate(_FLAGS) if out.flags & 1 << bit) or "none")
    out.put("tcp", "window", window)
    out.put("tcp", "checksum", f"0x{checksum:04x}")
    if out.flags & 0x20:
        out.put("tcp", "urgent", urgent)
    _tcp_options(out, data[20:size])
    out.payload = data[size:]
    out.put("tcp", "payload", f"{len(out.payload)} B")
    _http(out)


_OPTIONS = {2: "mss", 3: "window scale", 4: "sack ok", 5: "sack", 8: "timestamps"}


def _tcp_options(out: Decoded, data: bytes) -> None:
    at = 0
    while at < len(data):
        kind = data[at]
        if kind == 0:
            return
        if kind == 1:
            at += 1
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        if size < 2 or at + size > len(data):
            out.put("tcp", "options", f"nonsense at byte {at}")
            return
        value = data[at + 2 : at + size]
        if kind == 8 and len(value) == 8:
            words = "{} {}".format(*struct.unpack("!II", value))
        elif kind in (2, 3) and value:
            words = str(int.from_bytes(value, "big"))
        else:
            words = value.hex(" ") or "yes"
        out.put("tcp", _OPTIONS.get(kind, f"option {kind}"), words)
        at += size


def _udp(out: Decoded, data: bytes) -> None:
    if len(data) < 8:
        out.cut("udp", 8, len(data))
        out.payload = data
        return
    _ports(out, "udp", data)
    length, checksum = struct.unpack_from("!HH", data, 4)
    out.put("udp", "length", length)
    out.put("udp", "checksum", f"0x{checksum:04x}")
    out.payload = data[8:length] if 8 <= length <= len(data) else data[8:]
    out.put("udp", "payload", f"{len(out.payload)} B")


def _icmp(out: Decoded, data: bytes, names: dict[int, str]) -> None:
    if len(data) < 8:
        out.cut(out.protocol, 8, len(data))
        out.payload = data
        return
    kind, code, checksum, ident, number = struct.unpack_from("!BBHHH", data)
    out.put(out.protocol, "what", names.get(kind, f"type {kind}"))
    out.put(out.protocol, "code", code)
    out.put(out.protocol, "checksum", f"0x{checksum:04x}")
    if "echo" in names.get(kind, ""):
        out.echo = (kind, ident, number)
        out.put(out.protocol, "id", ident)
        out.put(out.protocol, "sequence", number)
    out.payload = data[8:]
    out.put(out.protocol, "payload", f"{len(out.payload)} B")


def _http(out: Decoded) -> None:
    """A payload that begins like HTTP: its first line and headers as fields; the body stays in the payload."""
    if not _HTTP.match(out.payload):
        return
    head, blank, body = out.payload[:16384].partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    out.put("http", "first line", _text(first))
    for line in headers[:_HEADERS]:
        name, colon, value = line.partition(b":")
        if colon:
            out.put("http", _text(name)[:24], _text(value.strip()))
    if blank and body:
        out.put("http", "body", f"{len(out.payload) - len(head) - 4} B")


def _text(data: bytes) -> str:
    return plain(data.decode("utf-8", "replace"), _LONGEST_VALUE)


def _address(data: bytes) -> str:
    return str(ipaddress.ip_address(data))
