"""SurveyReader: all of a host that a check or a set-up asks for, in a handful of round trips side by side."""

from __future__ import annotations

import asyncio
import contextlib
import time

from colotui.errors import HostCallFailed
from colotui.host import parsers, ports, wiring
from colotui.host.channel import FileStat, Host
from colotui.host.claims import leaked
from colotui.host.survey import images, leftovers, nics, system
from colotui.model.facts import IfbDevice, Missing
from colotui.model.pair import Pair
from colotui.model.survey import HostSurvey, Leftover, Listener, Nic

DATA = "/var/lib/colotui"
_FILES = ("/etc/os-release", "/proc/cpuinfo", "/proc/net/dev", "/proc/modules")
_MARKS = ("/run/systemd/system", "/dev/kvm", "/dev/HA_compare")


class SurveyReader:
    """Surveys one host. Without `pair` nothing is known of guests: no images, and every colotui guest's copies."""

    def __init__(self, host: Host, pair: Pair | None = None) -> None:
        self._host = host
        self._pair = pair

    async def read(self, *, digests: bool = False) -> HostSurvey:
        """One survey, some tenths of a second; with `digests` every image is read through, however long that takes.

        Raises HostLost when the channel is gone, HostCallFailed when the host refuses what everything rests on.
        """
        host = self._host
        files, marks, programs, folders = await asyncio.gather(
            host.read(_FILES, limit=1 << 20),
            host.stat(_MARKS),
            system.programs(host),
            leftovers.run_folders(host),
        )
        guests = self._pair.guests if self._pair else ()
        names = [guest.name for guest in guests] or [folder.guest for folder in folders[0]]
        disks = [disk for guest in guests for disk in guest.disks]
        spaces = [*(disk.path.rpartition("/")[0] for disk in disks), DATA]
        # An image that a copy writes at the same time has no digest: what was read first may be old already.
        running = leftovers.copies(folders[0], names)
        first = asyncio.gather(
            nics.read_network(host),
            system.sysctls(host),
            system.settings(host),
            system.services(host),
            images.read_images(host, disks, digests=digests and not running),
            self._listeners(),
        )
        second = asyncio.gather(
            leftovers.overlays(host, guests),
            leftovers.incoming(host, programs["xl"]),
            system.firewall(host, programs),
            system.free_bytes(host, spaces),
            system.machine_types(host, programs["qemu-system-x86_64"]),
            system.xen(host, programs),
        )
        network, sysctls, settings, (time_service, irqbalance), found_images, listening = await first
        found_overlays, domains, firewall, free, machines, (xen_tools, xen_version) = await second
        data = {path: found if isinstance(found, bytes) else b"" for path, found in files.items()}
        model, flags, cpus = system.cpu_info(data["/proc/cpuinfo"])
        release = system.os_release(data["/etc/os-release"])
        there = {path: isinstance(found, FileStat) for path, found in marks.items()}
        found_nics: tuple[Nic, ...] | Missing
        ifbs: tuple[IfbDevice, ...] | Missing
        if isinstance(network, Missing):
            found_nics = ifbs = network
            left: tuple[Leftover, ...] = ()
        else:
            found_nics, wired = network
            ifbs = wiring.ifb_devices(wired, parsers.net_dev(data["/proc/net/dev"]))
            left = leaked(wired, self._pair) if self._pair else ()
        agent = system.agent_modules(data["/proc/modules"])
        return HostSurvey(
            host=host.name,
            taken_at=time.time(),
            kernel=host.info.kernel,
            system=release[0],
            release=release[1],
            systemd=there["/run/systemd/system"],
            cpu_model=model,
            cpu_flags=flags,
            cpus=cpus,
            kvm=there["/dev/kvm"],
            nics=found_nics,
            ifbs=ifbs,
            programs=programs,
            sysctls=sysctls,
            images=found_images,
            leftovers=(*leftovers.file_leftovers(folders[0], found_overlays, folders[1], domains), *left),
            listeners=listening,
            copies=running,
            time_service=time_service,
            irqbalance=irqbalance,
            firewall=firewall,
            free_bytes=free,
            settings=settings,
            machine_types=machines,
            xen_tools=xen_tools,
            xen_version=xen_version,
            colo_agent=("/dev/HA_compare", *agent) if there["/dev/HA_compare"] else agent,
        )

    async def _listeners(self) -> tuple[Listener, ...] | Missing:
        with contextlib.suppress(HostCallFailed):
            return await ports.listeners(self._host)
        return Missing("its TCP ports could not be listed")
