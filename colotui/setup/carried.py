"""The addresses and routes a network device carries, in the words of `ip`, so that they can move and come back."""

from __future__ import annotations

import errno
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from colotui.errors import HostCallFailed

_PERMANENT = 0x80
_NO_PREFIX_ROUTE = 0x200
_LINK_SCOPE = 253
_LOCAL_TABLE = 255
_UNICAST = 1
_BY_KERNEL = 2
_BY_ROUTER = 9
_ONLINK = 4
_METRICS = {
    "RTAX_MTU": "mtu",
    "RTAX_WINDOW": "window",
    "RTAX_SSTHRESH": "ssthresh",
    "RTAX_CWND": "cwnd",
    "RTAX_ADVMSS": "advmss",
    "RTAX_REORDERING": "reordering",
    "RTAX_HOPLIMIT": "hoplimit",
    "RTAX_INITCWND": "initcwnd",
    "RTAX_INITRWND": "initrwnd",
    "RTAX_QUICKACK": "quickack",
}
# What a route that can be told in words may have; the last three say nothing that would have to be set.
_ROUTE_PARTS = frozenset(
    {"RTA_DST", "RTA_OIF", "RTA_GATEWAY", "RTA_PREFSRC", "RTA_PRIORITY", "RTA_METRICS", "RTA_TABLE"}
    | {"RTA_CACHEINFO", "RTA_PREF", "RTA_IIF"}
)
# They go into a file of commands for `ip`, and come back from a file on the host: nothing else may be in them.
_WORDS = re.compile(r"[A-Za-z0-9:./_ -]{1,300}")
_ADVICE = "Make the bridge in the host's own network configuration, then look again: this step is then already so."


@dataclass(frozen=True, slots=True)
class Address:
    """One address: `at` as `ip addr del` takes it, `more` what else `ip addr add` needs, `label` of IPv4 or ""."""

    at: str
    more: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """The addresses in the kernel's order, and the routes, those of a link before those by a gateway."""

    addresses: tuple[Address, ...] = ()
    routes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is kept on the host."""
        return {"addresses": [asdict(address) for address in self.addresses], "routes": list(self.routes)}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Carried:
        """What `as_json` made. ValueError for words that could be anything else."""
        try:
            addresses = tuple(Address(**{key: str(value) for key, value in one.items()}) for one in told["addresses"])
            routes = tuple(str(route) for route in told["routes"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not addresses and routes: {error!r}") from None
        for words in [*(f"{one.at} {one.more} {one.label}" for one in addresses), *routes]:
            if not _WORDS.fullmatch(words):
                raise ValueError(f"not an address or a route: {words!r}")
        return cls(addresses, routes)

    def add(self, nic: str, do: str = "add") -> list[str]:
        """The `ip` commands that give everything to `nic`; the label only where it fits that device."""
        lines = []
        for one in self.addresses:
            label = f" label {one.label}" if one.label == nic or one.label.startswith(f"{nic}:") else ""
            lines.append(f"addr {do} {one.at} {one.more}{label} dev {nic}")
        return lines + [f"route replace {route} dev {nic}" for route in self.routes]

    def take(self, nic: str) -> list[str]:
        """The `ip` commands that take everything from `nic`, in the opposite order."""
        routes = [f"route del {route} dev {nic}" for route in reversed(self.routes)]
        return routes + [f"addr del {one.at} dev {nic}" for one in reversed(self.addresses)]


async def read_carried(net: Any, host: str, nic: str, index: int) -> Carried:
    """What the device carries, without what the kernel makes by itself.

    HostCallFailed for what cannot be moved: addresses that somebody renews, routes that words cannot tell.
    """
    addresses = []
    async for message in await net.get_addr():
        if int(message.get("index") or 0) == index:
            found = _address(message, host, nic)
            if found is not None:
                addresses.append(found)
    routes: list[str] = []
    for family in (2, 10):
        async for message in await net.get_routes(family=family, oif=index):
            route = _route(message, host, nic, index)
            if route:
                routes.append(route)
    if routes and not addresses:
        raise HostCallFailed(
            host, f"{nic} has routes ({routes[0]}) but no address of its own.", errno.EBUSY,
            "Take these routes away, or choose another service NIC.",
        )  # fmt: skip
    return Carried(tuple(addresses), tuple(sorted(routes, key=lambda route: " via " in route)))


def _address(message: Any, host: str, nic: str) -> Address | None:
    family, prefix = int(message.get("family")), int(message.get("prefixlen"))
    flags = int(message.get("flags") or 0)
    other = ipaddress.ip_address(message.get("address"))
    local = ipaddress.ip_address(message.get("local") or message.get("address"))
    if family == 10 and int(message.get("scope") or 0) == _LINK_SCOPE:
        return None  # the kernel makes it
    if not flags & _PERMANENT:
        raise HostCallFailed(
            host, f"{local} on {nic} is renewed from outside (DHCP or a router), which would end on a new bridge.",
            errno.EBUSY, _ADVICE,
        )  # fmt: skip
    at = f"{local}/{prefix}" if local == other else f"{local} peer {other}/{prefix}"
    more = [f"scope {int(message.get('scope') or 0)}"]
    if family == 2 and message.get("broadcast"):
        more.append(f"broadcast {ipaddress.ip_address(message.get('broadcast'))}")
    if message.get("rt_priority"):
        more.append(f"metric {int(message.get('rt_priority'))}")
    if flags & _NO_PREFIX_ROUTE:
        more.append("noprefixroute")
    if family == 10:
        more.append("nodad")  # it was ours already: a moment of "tentative" would cut what goes on
    return Address(at, " ".join(more), _clean(str(message.get("label") or ""), host))


def _route(message: Any, host: str, nic: str, index: int) -> str:
    """A route in words; "" for what the kernel makes by itself."""
    family, table, proto = (int(message.get(name) or 0) for name in ("family", "table", "proto"))
    if table == _LOCAL_TABLE or (family == 10 and proto == _BY_KERNEL):
        return ""
    length = int(message.get("dst_len") or 0)
    target = message.get("dst") or ("0.0.0.0" if family == 2 else "::")
    to = f"{ipaddress.ip_address(target)}/{length}"
    parts = {name for name, _value in message.get("attrs") or ()}
    strange = parts - _ROUTE_PARTS or message.get("oif") != index or int(message.get("type") or 0) != _UNICAST
    if strange or proto == _BY_ROUTER:
        raise HostCallFailed(
            host, f"the route to {to} by {nic} is of a kind that cannot be moved.", errno.EBUSY, _ADVICE
        )
    words = [to]
    if message.get("tos"):
        words.append(f"tos {int(message.get('tos'))}")
    if message.get("gateway"):
        words.append(f"via {ipaddress.ip_address(message.get('gateway'))}")
    words.append(f"table {table} proto {proto}")
    if family == 2:
        words.append(f"scope {int(message.get('scope') or 0)}")
    if message.get("prefsrc"):
        words.append(f"src {ipaddress.ip_address(message.get('prefsrc'))}")
    if message.get("priority"):
        words.append(f"metric {int(message.get('priority'))}")
    if int(message.get("flags") or 0) & _ONLINK:
        words.append("onlink")
    for name, value in (message.get("metrics") or {}).get("attrs") or ():
        if name not in _METRICS:
            raise HostCallFailed(
                host, f"the route to {to} by {nic} has a metric ({name}) that cannot be moved.", errno.EBUSY, _ADVICE
            )
        words.append(f"{_METRICS[name]} {int(value)}")
    return " ".join(words)


def _clean(label: str, host: str) -> str:
    if label and not _WORDS.fullmatch(label):
        raise HostCallFailed(host, f"an address has the label {label!r}.", errno.EINVAL, _ADVICE)
    return label
