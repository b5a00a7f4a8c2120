"""Make the hosts' root file system: Debian with a QEMU that can do COLO, an SSH server and what the agent needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from colotui.errors import LabError
from colotui.lab import osrun

SUITE = "trixie"
BACKPORTS = f"{SUITE}-backports"
"""Where QEMU comes from: no release of Debian up to 13 has one whose COLO works."""

QEMU_WANTED = (11, 1)
PACKAGES = (
    "busybox-static",
    "e2fsprogs",
    "ethtool",
    "iproute2",
    "iputils-ping",
    "kmod",
    "openssh-server",
    "procps",
    "python3",
    "sudo",
)
QEMU_PACKAGES = ("qemu-system-x86", "qemu-utils")
KIT = "/var/tmp/kit"
"""Inside the root: what the guest is made of. Taken out when the root is done."""

Report = Callable[[str, float], None]
"""What is being done, and how much of this part is behind us (0 to 1)."""

_POLICY = "usr/sbin/policy-rc.d"
_DEBOOTSTRAP_LINES = 330
_APT_LINES = 560
_DPKG_CONFIG = """force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/lintian/*
"""
_APT_CONFIG = """APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
"""
_SSHD_CONFIG = """PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
HostKey /etc/ssh/ssh_host_ed25519_key
Subsystem sftp internal-sftp
"""
_INITTAB = """null::sysinit:/etc/init.d/rcS
null::respawn:/usr/sbin/sshd -D
"""
_BOOT = """#!/bin/sh
[ ! -x /etc/rc.local ] || /etc/rc.local
"""
# The kernel and the compiler are only unpacked: installing a kernel means building an initramfs for this machine.
_INSTALL = """set -eu
mount -t proc proc /proc
cd "$1"; backports=$2; qemu=$3; packages=$4
apt-get -q update
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \\(linux-image-[0-9][^ ]*\\)$/\\1/p' | head -n 1)
[ -n "$kernel" ] || { echo "E: the mirror has no guest kernel"; exit 1; }
(apt-get -q -o APT::Sandbox::User=root download "$kernel" tcc musl-dev >download.log 2>&1 &&
  dpkg-deb -x linux-image-*.deb kernel && dpkg-deb -x tcc_*.deb tools && dpkg-deb -x musl-dev_*.deb tools) &
apt-get -qy -o Dpkg::Use-Pty=0 install $packages $(for one in $qemu; do echo "$one/$backports"; done) -t "$backports"
wait $! || { sed 's/^/E: /' download.log; exit 1; }
rm -f ./*.deb
apt-get -q clean
rm -f /etc/ssh/ssh_host_* /var/lib/apt/lists/*_* /etc/machine-id
useradd --create-home --shell /bin/sh --password '*' --no-user-group operator
echo 'operator ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/operator
chmod 440 /etc/sudoers.d/operator
"""


def make(root: Path, log: Path, mirror: str | None, report: Report) -> str:
    """Fill the empty folder `root`; returns QEMU's version. Whatever fails leaves the folder to the caller."""
    _configure_packages(root)
    _bootstrap(root, log, mirror, report)
    _install(root, log, report)
    version = qemu_version(root)
    _configure_services(root)
    return version


def qemu_version(root: Path) -> str:
    """The version of the root's QEMU; LabError when its COLO is known not to work."""
    said = osrun.run(["chroot", str(root), "qemu-system-x86_64", "--version"], what="asking QEMU for its version")
    found = re.search(r"version (\d+)\.(\d+)(\.\d+)?", said)
    if found is None:
        raise LabError("The QEMU in the lab's root file system does not tell its version.")
    if (int(found[1]), int(found[2])) < QEMU_WANTED:
        raise LabError(
            f"The mirror's {BACKPORTS} has QEMU {found[0].split()[1]}, whose COLO does not work.",
            f"{QEMU_WANTED[0]}.{QEMU_WANTED[1]} or newer is needed: use another mirror with --mirror.",
        )
    return found[0].split()[1]


def backports_line(sources: str) -> str:
    """The backports line that belongs to the sources.list debootstrap wrote."""
    for line in sources.splitlines():
        words = line.split()
        if len(words) >= 4 and words[0] == "deb" and words[-2] == SUITE:
            return " ".join([*words[:-2], BACKPORTS, words[-1]])
    raise LabError("debootstrap left no usable sources.list in the root it made.")


def _isolated(*argv: str) -> list[str]:
    # Mounts and processes of their own: a build that is killed half-way leaves neither behind.
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *argv]


def _configure_packages(root: Path) -> None:
    _write(root / "etc/dpkg/dpkg.cfg.d/lab", _DPKG_CONFIG)
    _write(root / "etc/apt/apt.conf.d/90lab", _APT_CONFIG)


def _bootstrap(root: Path, log: Path, mirror: str | None, report: Report) -> None:
    argv = ["debootstrap", "--variant=minbase", "--arch=amd64", SUITE, str(root)]
    scripts = Path("/usr/share/debootstrap/scripts")
    if mirror or not (scripts / SUITE).exists():
        argv.append(mirror or "")
    if not (scripts / SUITE).exists():  # an older debootstrap: every Debian suite is made by the same script
        argv.append(str(scripts / "sid"))
    count = 0

    def line(text: str) -> None:
        nonlocal count
        count += text.startswith("I: ")
        words = text.removeprefix("I: ").split()
        what = " ".join(words[:2]).rstrip(".").lower() if text.startswith("I: ") else "base system"
        report(f"Debian {SUITE}: {what}", min(count / _DEBOOTSTRAP_LINES, 1.0))

    osrun.follow(_isolated(*argv), what="making the hosts' root file system", log=log, line=line)


def _install(root: Path, log: Path, report: Report) -> None:
    sources = root / "etc/apt/sources.list"
    text = sources.read_text()
    sources.write_text(f"{text.rstrip()}\n{backports_line(text)}\n")
    _write(root / _POLICY, "#!/bin/sh\nexit 101\n", 0o755)  # packages start no services in here
    (root / KIT.lstrip("/")).mkdir(parents=True)
    argv = ["chroot", str(root), "/bin/sh", "-c", _INSTALL, "install", KIT, BACKPORTS]
    count = 0

    def line(text: str) -> None:
        nonlocal count
        count += 1
        match text.split():
            case ["Unpacking", package, *_]:
                shown = f"QEMU and tools: unpacking {package}"
            case ["Setting", "up", package, *_]:
                shown = f"QEMU and tools: setting up {package}"
            case _:
                shown = "QEMU, tools and a guest kernel: fetching"
        report(shown, min(count / _APT_LINES, 1.0))

    osrun.follow(
        _isolated(*argv, " ".join(QEMU_PACKAGES), " ".join(PACKAGES)),
        what="installing QEMU in the hosts' root file system",
        log=log,
        line=line,
    )


def _configure_services(root: Path) -> None:
    (root / _POLICY).unlink()
    _write(root / "etc/ssh/sshd_config", _SSHD_CONFIG)
    _write(root / "etc/inittab", _INITTAB)
    _write(root / "etc/init.d/rcS", _BOOT, 0o755)
    # An empty interactive profile: the agent's start must not pay for a distribution's shell greetings.
    _write(root / "etc/motd", "")
    for user, group in (("root", "root"), ("home/operator", "operator")):
        folder = root / user / ".ssh"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if group == "operator":
            osrun.run(["chroot", str(root), "chown", "-R", "operator", f"/{user}/.ssh"], what="the operator's home")


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
