"""The QEMU command lines of the primary (plain, armed later) and of the secondary."""

from __future__ import annotations

from colotui.engine.qemu.wiring import PRIMARY_TRACE, DiskWiring, NicWiring, Wiring, monitor_sockets
from colotui.model.pair import NicModel


def primary_argv(wiring: Wiring, binary: str, accel: str) -> list[str]:
    """A primary without any COLO filter: with colo-compare armed and no secondary every reply would be held."""
    argv = common_argv(wiring, binary, accel)
    # It tells a triple fault from a reboot, under TCG. A secondary is reset at every checkpoint: there it would be 2 KB
    # of registers each time, so only the primary has it.
    argv += ["-d", "cpu_reset"]
    for disk in wiring.disks:
        argv += [
            "-drive",
            f"if={disk_interface(disk)},id={disk.device},driver=quorum,read-pattern=fifo,vote-threshold=1,"
            f"children.0.file.filename={escape(disk.spec.path)},children.0.driver={disk.spec.format}",
        ]
    return argv + list(wiring.spec.extra)


def secondary_argv(wiring: Wiring, binary: str, accel: str, peer: str) -> list[str]:
    """A secondary waiting for its primary at `peer` (forward address)."""
    argv = common_argv(wiring, binary, accel)
    for nic in wiring.nics:
        argv += secondary_net_argv(nic, peer)
    for disk in wiring.disks:
        argv += secondary_disk_argv(disk)
    # Its memory is taken now: found missing before the guest is touched, and not page by page in the guest's pause
    # (measured in one run, 12 each: worst pause 220 ms with it, 276 ms without).
    return [*argv, *wiring.spec.extra, "-mem-prealloc", "-incoming", "defer"]


def common_argv(wiring: Wiring, binary: str, accel: str) -> list[str]:
    """What both sides must have alike: machine, memory, CPUs, NICs, kernel; and each its own monitors and logs."""
    spec, run = wiring.spec, wiring.run_dir
    argv = [binary, "-name", f"guest={spec.name},process=colotui-{spec.name}", "-accel", accel, "-machine", "pc"]
    argv += ["-m", f"{spec.memory // 1048576}M", "-smp", str(spec.cpus)]
    argv += ["-display", "none", "-nodefaults", "-no-user-config"]
    argv += ["-pidfile", f"{run}/pid", "-D", f"{run}/trace.log", "-msg", "timestamp=on"]
    for event in PRIMARY_TRACE:
        argv += ["-trace", event]
    argv += ["-chardev", f"socket,id=serial0,path={run}/console,server=on,wait=off,logfile={run}/serial.log"]
    argv += ["-serial", "chardev:serial0"]
    for path in (*monitor_sockets(spec.name), f"{run}/people"):
        argv += ["-qmp", f"unix:{path},server=on,wait=off"]
    if spec.kernel:
        argv += ["-kernel", spec.kernel]
        if spec.initrd:
            argv += ["-initrd", spec.initrd]
        if spec.append:
            argv += ["-append", spec.append]
    for nic in wiring.nics:
        device = "virtio-net-pci" if nic.spec.model is NicModel.VIRTIO else "e1000"
        argv += ["-netdev", f"tap,id={nic.netdev},ifname={nic.tap},script=no,downscript=no,vhost=off"]
        argv += ["-device", f"{device},id=nic{nic.index},netdev={nic.netdev},mac={nic.spec.mac},romfile="]
    return argv


def secondary_net_argv(nic: NicWiring, peer: str) -> list[str]:
    """Redirectors that feed the copy of the client's packets in and hold the replies, and the rewriter."""
    red0, red1, header = nic.name("red0"), nic.name("red1"), ",vnet_hdr_support=on" if nic.vnet_hdr else ""
    return [
        *("-chardev", f"socket,id={red0},host={peer},port={nic.mirror_port},reconnect-ms=1000"),
        *("-chardev", f"socket,id={red1},host={peer},port={nic.compare_port},reconnect-ms=1000"),
        *("-object", f"filter-redirector,id={nic.name('f1')},netdev={nic.netdev},queue=tx,indev={red0}{header}"),
        *("-object", f"filter-redirector,id={nic.name('f2')},netdev={nic.netdev},queue=rx,outdev={red1}{header}"),
        *("-object", f"filter-rewriter,id={nic.name('rew0')},netdev={nic.netdev},queue=all{header}"),
    ]


def secondary_disk_argv(disk: DiskWiring) -> list[str]:
    """The image exported to the primary under two overlays that a checkpoint empties."""
    return [
        "-drive",
        f"if=none,id={disk.export},file.filename={escape(disk.spec.path)},driver={disk.spec.format}",
        "-drive",
        f"if=none,id={disk.replica},driver=replication,mode=secondary,file.driver=qcow2,top-id={disk.device},"
        f"file.file.filename={escape(disk.active)},file.backing.driver=qcow2,"
        f"file.backing.file.filename={escape(disk.hidden)},file.backing.backing={disk.export}",
        "-drive",
        f"if={disk_interface(disk)},id={disk.device},driver=quorum,read-pattern=fifo,vote-threshold=1,"
        f"children.0={disk.replica}",
    ]


def disk_interface(disk: DiskWiring) -> str:
    """The bus of the disk: virtio beside virtio NICs, else ide (both measured)."""
    return "virtio" if disk.virtio else "ide"


def escape(path: str) -> str:
    """A path inside a QEMU option: a comma is doubled."""
    return path.replace(",", ",,")
