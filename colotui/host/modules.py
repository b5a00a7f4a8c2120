"""The kernel features COLO needs: where each stands on a host, by its files and, in doubt, by asking the kernel."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from colotui.errors import HostError
from colotui.host import parsers
from colotui.host.channel import FileStat, Host, ReadError
from colotui.model.facts import Module, ModuleState

PURPOSES: Mapping[str, str] = {
    "sch_ingress": "hands the packets a NIC receives to tc",
    "cls_basic": "tc filter of the Xen scripts: takes all packets of a NIC",
    "cls_tcindex": "tc filter of the Xen scripts: sorts packets by their mark",
    "cls_u32": "tc filter: picks packets and sends them to an ifb",
    "act_mirred": "copies or redirects packets to another NIC",
    "ifb": "two devices for each guest NIC: queues for both copies' packets",
    "blktap2": "disk replication of Xen in 2014",
}
PLAIN: Mapping[str, str] = {
    "tun": "a tap for each guest NIC",
    "bridge": "joins the guest's taps and the NIC that faces the clients",
}
"""What any guest needs, beside COLO: asked when a host is set up, not shown among COLO's own."""

_ALL = {**PURPOSES, **PLAIN}
# tun refuses every request by netlink, known or not: its device tells
_TUN_DEVICE = "/sys/class/misc/tun"
_NOT_BUILT = "this kernel was built without it"
_TCINDEX_GONE = (6, 3)
_ADDRESS_FAMILY_ALL = 0x0300  # ETH_P_ALL in network order
_INGRESS = 0xFFFF0000
_LOOPBACK = 1


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """What a host's files say. None: the file is not there."""

    loaded: frozenset[str] | None
    in_sysfs: frozenset[str]
    built_in: frozenset[str] | None
    loadable: frozenset[str] | None


def judge(name: str, kernel: str, files: ModuleFiles, probed: Mapping[str, bool | str]) -> Module:
    """Where one module stands. `probed`: by name, whether the kernel has it, or why it could not be asked."""
    purpose = _ALL[name]
    state, note = ModuleState.MISSING, _NOT_BUILT
    answer = probed.get(name)
    if files.loaded is not None and name in files.loaded:
        state, note = ModuleState.LOADED, ""
    elif name in files.in_sysfs or (files.built_in is not None and name in files.built_in) or answer is True:
        state, note = ModuleState.BUILT_IN, ""
    elif files.loadable is not None and name in files.loadable:
        state, note = ModuleState.LOADABLE, f"modprobe {name}"
    elif name == "blktap2":
        state, note = ModuleState.GONE, "never upstream: qdisk + replication"
    elif name == "cls_tcindex" and parsers.release(kernel) >= _TCINDEX_GONE:
        state, note = ModuleState.GONE, "since 6.3, u32 serves"
    elif isinstance(answer, str):
        note = f"not found, and could not be tried: {answer}"
    elif name in ("cls_basic", "cls_tcindex"):
        note = f"{_NOT_BUILT}; only the Xen scripts want it"
    return Module(name, state, purpose, note)


def doubtful(kernel: str, files: ModuleFiles, names: Iterable[str] = PURPOSES) -> tuple[str, ...]:
    """The modules the files do not settle: a built-in without parameters leaves no trace in sysfs."""
    return tuple(
        name
        for name in names
        if name not in ("blktap2", "tun") and judge(name, kernel, files, {}).state is ModuleState.MISSING
    )


class ModuleReader:
    """Reads the files cheaply, big ones only when they changed, and asks the kernel once.

    `names`: the modules of `PURPOSES` and `PLAIN` that are asked for.
    """

    def __init__(self, host: Host, names: Iterable[str] = PURPOSES) -> None:
        self._host = host
        self._names = tuple(names)
        self._lists: dict[str, tuple[FileStat, frozenset[str]]] = {}
        self._probed: dict[str, bool | str] = {}

    async def read(self, kernel: str) -> tuple[Module, ...]:
        """Where each module stands."""
        base = f"/lib/modules/{kernel}"
        built_in, dependencies = f"{base}/modules.builtin", f"{base}/modules.dep"
        marks = {name: _TUN_DEVICE if name == "tun" else f"/sys/module/{name}" for name in self._names}
        stats = await self._host.stat([*marks.values(), built_in, dependencies])
        wanted = [
            path
            for path in (built_in, dependencies)
            if isinstance(found := stats[path], FileStat) and self._lists.get(path, (None,))[0] != found
        ]
        files = await self._host.read(["/proc/modules", *wanted], limit=3 << 20)
        for path in wanted:
            data, found = files[path], stats[path]
            if isinstance(data, bytes) and isinstance(found, FileStat):
                self._lists[path] = (found, parsers.file_modules(data))
        loaded = files["/proc/modules"]
        known = ModuleFiles(
            loaded=parsers.module_names(loaded) if isinstance(loaded, bytes) else None,
            in_sysfs=frozenset(name for name, path in marks.items() if not isinstance(stats[path], ReadError)),
            built_in=self._list(built_in, stats),
            loadable=self._list(dependencies, stats),
        )
        unsettled = [name for name in doubtful(kernel, known, self._names) if name not in self._probed]
        if unsettled:
            self._probed.update(await probe(self._host, unsettled))
        return tuple(judge(name, kernel, known, self._probed) for name in self._names)

    def _list(self, path: str, stats: Mapping[str, FileStat | ReadError]) -> frozenset[str] | None:
        if isinstance(stats[path], ReadError):
            return None
        return self._lists[path][1] if path in self._lists else None


async def probe(host: Host, names: list[str]) -> dict[str, bool | str]:
    """Ask the kernel of a host for each feature, in a network namespace that lives for this question alone."""
    found: dict[str, bool | str] = {}
    try:
        async with await host.netlink(scratch=True) as net:
            asking = _Asking(net)
            ingress = await asking.qdisc()
            for name in names:
                if name in ("ifb", "bridge"):
                    found[name] = await asking.link(name)
                elif name == "sch_ingress":
                    found[name] = ingress
                elif ingress is not True:
                    found[name] = "no sch_ingress"
                elif name == "act_mirred":
                    found[name] = await asking.mirred()
                elif name.startswith("cls_"):
                    found[name] = await asking.filter(name.removeprefix("cls_"))
    except HostError as error:
        why = error.what.removeprefix(f"{host.name}: ")
        return {name: found.get(name, why) for name in names}
    return found


class _Asking:
    """One question each. Only "unknown kind" means no: any other refusal comes from a kernel that knows the kind."""

    def __init__(self, net: Any) -> None:
        self._net = net

    async def link(self, kind: str) -> bool | str:
        return await self._ask(errno.EOPNOTSUPP, self._net.link("add", kind=kind, ifname=f"colotui-{kind}"))

    async def qdisc(self) -> bool | str:
        return await self._ask(errno.ENOENT, self._net.tc("add", "ingress", index=_LOOPBACK))

    async def filter(self, kind: str) -> bool | str:
        from pyroute2.netlink import NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST
        from pyroute2.netlink.rtnl import RTM_NEWTFILTER
        from pyroute2.netlink.rtnl.tcmsg import tcmsg

        message = tcmsg()
        message["index"] = _LOOPBACK
        message["parent"] = _INGRESS
        message["info"] = 7 << 16 | _ADDRESS_FAMILY_ALL
        message["attrs"] = [("TCA_KIND", kind)]
        flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL

        async def request() -> None:
            async for _ in await self._net.nlm_request(message, msg_type=RTM_NEWTFILTER, msg_flags=flags):
                pass

        return await self._ask(errno.ENOENT, request())

    async def mirred(self) -> bool | str:
        action = {"kind": "mirred", "direction": "egress", "action": "redirect", "ifindex": _LOOPBACK}
        filters = {"keys": ["0x0/0x0+0"], "target": 0x10002, "action": [action]}
        call = self._net.tc("add-filter", "u32", index=_LOOPBACK, parent=_INGRESS, protocol=3, prio=9, **filters)
        return await self._ask(errno.ENOENT, call)

    async def _ask(self, means_no: int, request: Awaitable[object]) -> bool | str:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            await request
        except NetlinkError as error:
            if error.code == means_no:
                return False
            if error.code in (errno.EPERM, errno.EACCES):
                return "not permitted"
        return True
