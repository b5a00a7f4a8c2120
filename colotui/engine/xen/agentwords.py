"""The lines inside one mismatch of the classic agent, and what they come to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from colotui.model.checkpoint import Cause
from colotui.model.mismatch import Mismatch

_PLAIN = (
    r"the length of packet is different", r"the data is different", r"(?:master|slave) iphdr is corrupted",
    r"iphdr's \w+ is different", r"(?:master|slave) \w+: [0-9a-f]+", r"iphdr option is different",
    r"same=\d+, last_id=\d+", r"(?:Master|Slaver) pkt:", r"unknown protocol: \d+", r"snd_nxt: \d+, rcv_nxt: \d+",
    r"(?:master|slave) packet, len=\d+", r"tcp header's \w+ is different", r"tcp header's options are different",
    r"tcp data's len is different", r"tcp data is different", r"nop",
)  # fmt: skip
_DETAIL = re.compile(
    rf"HA_compare: ?(?:{'|'.join(_PLAIN)}|(?:[0-9a-f]{{2}}[ \t]?){{1,64}})\s*$"
    r"|HA_compare:\s*$"
    r"|HA_compare:\[IP\]len = \d+, id= \d+\.$"
    r"|HA_compare:\[TCP\] src=\d+, dst=\d+, seq = \d+, ack=\d+$"
    r"|HA_compare:\[UDP\] src=\d+, dst=\d+$"
    r"|HA_compare:\[ICMP\] code=\d+$"
    r"|HA_compare:\[ARP\] ar_(?:hrd=\d+, ar_pro=\d+|hln=\d+, ar_pln=\d+, ar_op=\d+|[st]ha: \S+, ar_[st]ip: \S+)$"
    r"|  protocol: [0-9a-f]{4}$|  transport protocol: -?\d+$"
    r"|OOPS, rcv_nxt: 0x[0-9a-f]+, sent_rcv_nxt: 0x[0-9a-f]+$|window: 0x[0-9a-f]+, sent_window: 0x[0-9a-f]+$"
    r"|OOPS, origin skb is not TCP packet\.$"
    r"|update_packet is not supported, but returns UPDATE_MASTER_PACKET$"
    r"|(?: [0-9a-f]{2}){1,64}$"
)
_PORTS = re.compile(r"HA_compare:\[(TCP|UDP)\] src=(\d{1,5}), dst=(\d{1,5})")
_LENGTH = re.compile(r"HA_compare:\[IP\]len = (\d{1,9}), id")
_ARP_LENGTH = re.compile(r"HA_compare: (?:master|slave) packet, len=(\d{1,9})")
_FIELD = re.compile(r"HA_compare: iphdr's (\w+) is different")
_FIELD_VALUE = re.compile(r"HA_compare: (?:master|slave) \w+: ([0-9a-f]{1,16})$")
_TCP_FIELD = re.compile(r"HA_compare: tcp header's (\w+) (?:is|are) different")
_TRANSPORT = re.compile(r"  transport protocol: (\d{1,3})$")
_CORRUPTED = re.compile(r"HA_compare: (master|slave) (packet|iphdr) is corrupted")
_OWN = re.compile(r"HA_compare: (?:master|slave)'s protocol: (\d{1,5})$")
_TRANSPORTS = {"1": "icmp", "6": "tcp", "17": "udp"}
_ETHERTYPES = {"0800": "ip", "0806": "arp", "86dd": "ipv6"}
_CAUSES = {"tcp": Cause.TCP, "udp": Cause.UDP, "icmp": Cause.ICMP}
_SIDES = {"master": "primary's", "slave": "secondary's"}


def detail_of(text: str) -> bool:
    """True for a line the agent prints in the middle of a mismatch."""
    return _DETAIL.match(text) is not None


@dataclass(frozen=True, slots=True)
class Details:
    """What the lines of one mismatch say. Ports are all the agent prints of the connection: no addresses."""

    protocol: str
    what: str
    source: str = ""
    destination: str = ""
    lengths: tuple[int, ...] = ()

    @property
    def cause(self) -> Cause:
        """Why the checkpoint after it was taken."""
        return _CAUSES.get(self.protocol, Cause.OTHER)

    def mismatch(self, at: float) -> Mismatch:
        """For the list of mismatches."""
        both = self.lengths if len(self.lengths) == 2 else (None, None)
        return Mismatch(at, self.protocol, self.what, self.source, self.destination, both[0], both[1])

    @classmethod
    def of(cls, lines: list[str], ethertype: str) -> Details:
        """`ethertype` as the closing line names it; "" for a mismatch that has no such line."""
        protocol = _ETHERTYPES.get(ethertype, ethertype or "ethernet")
        what, source, destination = "", "", ""
        lengths: list[int] = []
        values: list[str] = []
        for line in lines:
            if ports := _PORTS.match(line):
                protocol = ports[1].lower()
                source, destination = source or f":{ports[2]}", destination or f":{ports[3]}"
            elif length := _LENGTH.match(line) or _ARP_LENGTH.match(line):
                lengths.append(int(length[1]))
            elif line.startswith("HA_compare:[ICMP]"):
                protocol = "icmp"
            elif number := _TRANSPORT.match(line):
                protocol = _TRANSPORTS.get(number[1], f"ip {number[1]}")
            elif value := _FIELD_VALUE.match(line):
                values.append(value[1])
            elif own := _OWN.match(line):
                values.append(f"{int(own[1]):04x}")
            elif not what:
                what = _said(line)
            if line.startswith("HA_compare: tcp "):
                protocol = "tcp"
        if len(values) == 2 and what.startswith(("IP ", "ethertype")):
            what = f"{what} ({values[0]} ≠ {values[1]})"
        elif what == "length differs" and len(lengths) == 2:
            what = f"length {lengths[0]} ≠ {lengths[1]}"
        return cls(protocol, what or "packets differ", source, destination, tuple(lengths[:2]))


def _said(line: str) -> str:
    if found := _FIELD.match(line):
        return f"IP {found[1]} differs"
    if found := _TCP_FIELD.match(line):
        return f"TCP {found[1]} differ{'' if found[1].endswith('s') else 's'}"
    if found := _CORRUPTED.match(line):
        return f"{_SIDES[found[1]]} {'packet' if found[2] == 'packet' else 'IP header'} is corrupted"
    return {
        "HA_compare: the length of packet is different": "length differs",
        "HA_compare: tcp data's len is different": "length differs",
        "HA_compare: the data is different": "payload differs",
        "HA_compare: tcp data is different": "payload differs",
        "HA_compare: iphdr option is different": "IP options differ",
        "HA_compare: protocol in eth header is different": "ethertype differs",
    }.get(line.rstrip(), "")
