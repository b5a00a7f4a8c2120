"""The facts of a report as labelled words: of the pair, of each guest, and host beside host."""

from __future__ import annotations

from colotui import __version__
from colotui.model.facts import Missing
from colotui.model.pair import GuestSpec, HostSpec
from colotui.model.protection import Copy, GuestView, HostView, Snapshot
from colotui.model.quantity import listing, size
from colotui.report.content import Content, Part
from colotui.report.times import dated, span, zone
from colotui.ui.format import fine_duration, signed

UNKNOWN = "not known"


def general(content: Content) -> list[tuple[str, str]]:
    """Label and words: the pair, the time, the recording, the versions."""
    window = content.window
    rows = [
        ("pair", content.pair.name),
        ("time", f"{span(window.low, window.high)} ({fine_duration(window.high - window.low)}), {zone(window.low)}"),
    ]
    for part in content.parts:
        rows += guest(part.spec)
    rows.append(("recording", content.source))
    rows += [(name, words) for name, words in content.versions.items()]
    rows.append(("this report", f"colotui {__version__}, made {dated(content.made_at)[:-4]}"))
    return rows


def guest(spec: GuestSpec) -> list[tuple[str, str]]:
    """What a guest is."""
    cpus = f"{spec.cpus} cpu" + ("" if spec.cpus == 1 else "s")
    nics = listing(f"{nic.model.value} {nic.mac}" for nic in spec.nics)
    asked = "not asked: no probe in the pair file"
    if spec.probe is not None:
        port = f":{spec.probe.port}" if spec.probe.port else ""
        asked = spec.probe.url or f"{spec.probe.kind.value} {spec.probe.address}{port}"
    return [
        ("guest", f"{spec.name}, {size(spec.memory)}, {cpus}, {nics}"),
        ("engine", f"{spec.engine.value}, {spec.accel.value}"),
        ("checkpoints", f"one every {spec.checkpoint_delay / 1000:g} s at the latest"),
        ("service", asked),
    ]  # fmt: skip


def spine(content: Content, part: Part) -> list[tuple[str, str, str]]:
    """Label, and what it is on the first and on the second host, at the moment of the picture."""
    moment = part.moment
    view = None if moment is None else next((one for one in moment.guests if one.name == part.name), None)
    hosts = content.pair.hosts
    rows = [("address", *(host.address for host in hosts))]
    rows.append(("direct link", *(f"{host.forward.nic} {host.forward.address}" for host in hosts)))
    rows.append(("service", *(_service(host) for host in hosts)))
    for label, words in _SEEN:
        rows.append((label, *(words(*_seen(moment, view, host.name)) for host in hosts)))
    return [(row[0], row[1], row[2]) for row in rows]


def _service(host: HostSpec) -> str:
    return f"{host.service_nic} on {host.bridge}" if host.service_nic else host.bridge


def _seen(moment: Snapshot | None, view: GuestView | None, host: str) -> tuple[HostView | None, Copy | None]:
    return moment.host(host) if moment is not None else None, view.copies.get(host) if view is not None else None


def _qemu(host: HostView | None, copy: Copy | None) -> str:
    if copy is not None and copy.version:
        return copy.version
    found = host.facts.qemu if host is not None and host.facts is not None else Missing("not read")
    return f"{UNKNOWN}: {found.why}" if isinstance(found, Missing) else found.version


def _kernel(host: HostView | None, copy: Copy | None) -> str:
    return host.facts.kernel if host is not None and host.facts is not None else UNKNOWN


def _copy(host: HostView | None, copy: Copy | None) -> str:
    if copy is None:
        return UNKNOWN
    exit_ = f", {copy.exit}" if copy.exit is not None else ""
    return f"{copy.role.value}, {copy.life.value}{exit_}" if copy.role.value != "none" else copy.life.value


def _accel(host: HostView | None, copy: Copy | None) -> str:
    return copy.accel if copy is not None and copy.accel else UNKNOWN


def _clock(host: HostView | None, copy: Copy | None) -> str:
    if host is None or host.facts is None:
        return UNKNOWN
    offset = host.facts.clock_offset_ms
    return f"{UNKNOWN}: {offset.why}" if isinstance(offset, Missing) else f"{signed(offset)} ms"


def _modules(host: HostView | None, copy: Copy | None) -> str:
    if host is None or host.facts is None:
        return UNKNOWN
    modules = host.facts.modules
    return f"{sum(module.ready for module in modules)} of {len(modules)} ready"


def _channel(host: HostView | None, copy: Copy | None) -> str:
    if host is None:
        return UNKNOWN
    return host.link.value + (f": {host.why}" if host.why else "")


_SEEN = (
    ("copy", _copy),
    ("qemu", _qemu),
    ("accelerator", _accel),
    ("kernel", _kernel),
    ("modules", _modules),
    ("clock, to the cockpit's", _clock),
    ("channel", _channel),
)
