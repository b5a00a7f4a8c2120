"""The lab's network: switch, cables and the client, in a namespace of their own that the keeper's life holds up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from ipaddress import ip_network
from json import loads
from pathlib import Path

from colotui.errors import LabError
from colotui.lab import osrun
from colotui.lab.layout import HOSTS, LINKS, Net, cable, cables_of

_HOLD = """for scope in all default; do
    [ ! -e /proc/sys/net/ipv6/conf/$scope ] || echo 1 >/proc/sys/net/ipv6/conf/$scope/disable_ipv6
done
echo ready
exec sleep infinity
"""
_NICS = {"service": "eth0", "forward": "eth1", "mgmt": "eth2"}
"""The hosts' NICs by what their cable is for."""

_BRIDGE = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"


def in_use(net: Net) -> str | None:
    """Which of the lab's networks is in use on this machine already, and by what; None when both are free."""
    routes = loads(osrun.run(["ip", "-4", "-j", "route", "show"], what="reading this machine's routes") or "[]")
    for wanted in net.networks:
        for route in routes:
            if route["dst"] == "default":
                continue
            if ip_network(route["dst"], strict=False).overlaps(ip_network(wanted)):
                return f"{wanted} (route to {route['dst']} by {route.get('dev', 'a gateway')})"
    return None


class Wires:
    """The namespace with the switch and the far ends of all cables. Clients live in it too."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._cut: set[str] = set()
        self._on: set[str] = set()
        # Nothing but this process holds the namespace: when the keeper dies, it and every cable goes with it.
        self._holder = subprocess.Popen(
            osrun.tied(["unshare", "--net", "--", "/bin/sh", "-c", _HOLD]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=osrun.environment(),
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline().strip() != "ready":
            raise LabError("This machine does not allow a network namespace.", "A container needs CAP_SYS_ADMIN.")
        self._build()

    @property
    def pid(self) -> int:
        """A process in the clients' namespace."""
        return self._holder.pid

    @property
    def cut_links(self) -> list[str]:
        """The links that are cut."""
        return sorted(self._cut)

    def plug(self, host: str, pid: int) -> None:
        """Give the host, whose first process is `pid`, its three NICs."""
        lines = []
        for number, (kind, nic) in enumerate(_NICS.items()):
            # The same hardware address after every power cut, or its neighbours would go on asking for the old one.
            address = f"02:c0:10:{self._net.slot:02x}:{1 + HOSTS.index(host):02x}:{number:02x}"
            far = cable(host, kind)
            lines.append(f"link add {far} type veth peer name {nic} address {address} netns {pid}")
            lines.append(f"link set {far} master {kind}")
        self._batch(self.pid, lines)
        self._on.add(host)
        self._apply()

    def configure(self, host: str, pid: int, bare: bool) -> None:
        """Give the host's NICs what its own start scripts would; little of it on a bare host."""
        forward = self._net.host_forward(host)
        lines = ["link set lo up", f"addr add {self._net.host_management(host)}/24 dev eth2", "link set eth2 up"]
        if not bare:
            lines += [f"link add br0 {_BRIDGE}", "link set eth0 master br0", "link set br0 up"]
            lines += [f"addr add {forward}/24 dev eth1"]
        lines += ["link set eth0 up", "link set eth1 up"]
        if not bare:
            # Without quickack a checkpoint waits some 40 ms for a delayed acknowledgement.
            network = f"{self._net.forward(0)}/24"
            lines += [f"route change {network} dev eth1 proto kernel scope link src {forward} quickack 1"]
        self._batch(pid, lines)

    def silence(self, host: str) -> None:
        """Take the carrier off all of a host's NICs at once, so that its end sends not even a FIN."""
        self._on.discard(host)
        self._batch(self.pid, [f"link set {cable(host, kind)} down" for kind in _NICS], force=True)
        self._apply()

    def unplug(self, host: str) -> None:
        """Remove a host's cables. They go with its namespace anyway, but not at once."""
        self._batch(self.pid, [f"link del {cable(host, kind)}" for kind in _NICS], force=True)

    def cut(self, link: str) -> None:
        """Cut a link: both ends lose their carrier."""
        cables_of(link)
        self._cut.add(link)
        self._apply()

    def mend(self, link: str) -> None:
        """Mend a link."""
        cables_of(link)
        self._cut.discard(link)
        self._apply()

    def end(self) -> None:
        """Take the namespace down; what leads into it at once, not when the kernel comes round to it."""
        outer = [f"link del {self._net.outer(kind)}" for kind in ("service", "mgmt")]
        self._batch(None, outer, force=True)
        self._holder.kill()
        self._holder.wait()

    def _build(self) -> None:
        net, pid = self._net, os.getpid()
        lines = ["link set lo up"]
        for number, kind in enumerate(_NICS):
            # An address of its own: a bridge's otherwise changes with its ports, under the clients' feet.
            lines += [
                f"link add {kind} address 02:c0:10:{net.slot:02x}:00:{number:02x} {_BRIDGE}",
                f"link set {kind} up",
            ]
        lines += [f"addr add {net.service(1)}/24 dev service"]
        for kind in ("service", "mgmt"):
            lines += [f"link add outer-{kind} type veth peer name {net.outer(kind)} netns {pid}"]
            lines += [f"link set outer-{kind} master {kind} up"]
        self._batch(self.pid, lines)
        for kind, address in (("service", net.service(254)), ("mgmt", net.management(1))):
            quiet = Path(f"/proc/sys/net/ipv6/conf/{net.outer(kind)}/disable_ipv6")
            if quiet.exists():
                quiet.write_text("1")
            self._batch(None, [f"addr add {address}/24 dev {net.outer(kind)}", f"link set {net.outer(kind)} up"])

    def _apply(self) -> None:
        """Give every cable the carrier it should have."""
        dead = {name for link in self._cut for name in cables_of(link)}
        lines = []
        for host in self._on:
            for kind in _NICS:
                far = cable(host, kind)
                # A direct cable has a carrier only while the machine at its other end has power.
                alone = kind == "forward" and not self._on.issuperset(HOSTS)
                lines.append(f"link set {far} {'down' if far in dead or alone else 'up'}")
        self._batch(self.pid, lines)

    @staticmethod
    def _batch(pid: int | None, lines: Iterable[str], force: bool = False) -> None:
        inside = ["nsenter", "--target", str(pid), "--net", "--"] if pid else []
        argv = [*inside, "ip", *(["-force"] if force else []), "-batch", "-"]
        try:
            osrun.run(argv, what="wiring the lab", text="".join(f"{line}\n" for line in lines))
        except LabError:
            if not force:
                raise


__all__ = ["LINKS", "Wires", "in_use"]
