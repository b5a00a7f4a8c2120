"""The lab itself: it comes, it goes, it leaves nothing, and its hosts and links behave like real ones."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from colotui.errors import LabError
from colotui.lab import build
from colotui.lab.build import Image
from colotui.lab.lab import Lab, LabState
from colotui.lab.layout import GUEST_FOLDER, GUEST_MAC, HOSTS, IMAGES_FOLDER, LINKS, RUN
from tests.lab.world import Traces, command, nothing_within, processes

NAME = "life"


@pytest.fixture(scope="module")
def image() -> Image:
    return build.build(lambda *_: None)


@pytest.fixture
def life(image: Image) -> Iterator[Lab]:
    """A lab of this module's own, not up yet, down again at the end."""
    lab = Lab(NAME)
    lab.down()
    yield lab
    lab.down()


@pytest.fixture
def state(life: Lab, image: Image) -> LabState:
    """The lab, up."""
    return life.up(image, tie=os.getpid())


def on(lab: Lab, host: str, *argv: str) -> str:
    """A command on a host."""
    return subprocess.run(lab.host_argv(host, argv), capture_output=True, text=True, check=True).stdout


def ssh(state: LabState, host: str, *argv: str, user: str = "root") -> str:
    """A command on a host the way an operator would give it."""
    folder = Path(state.pair).parent
    options = [
        "-o",
        f"UserKnownHostsFile={folder}/known_hosts",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "BatchMode=yes",
    ]
    line = ["ssh", "-F", "none", "-i", f"{folder}/id_ed25519", *options, f"{user}@{state.hosts[host].address}", *argv]
    return subprocess.run(line, capture_output=True, text=True, check=True, timeout=10).stdout


def carrier(lab: Lab, host: str, nic: str) -> bool:
    """Has a host's NIC a link?"""
    return on(lab, host, "cat", f"/sys/class/net/{nic}/carrier").strip() == "1"


def reaches(lab: Lab, host: str, address: str) -> bool:
    """Does a ping from a host come back?"""
    argv = lab.host_argv(host, ["ping", "-c", "1", "-W", "1", address])
    return subprocess.run(argv, capture_output=True).returncode == 0


def test_up_and_down_leave_nothing(life: Lab, state: LabState) -> None:
    traces = Traces.of(state)
    for host in HOSTS:  # something that would rather stay
        argv = life.host_argv(host, ["setsid", "sh", "-c", "trap '' TERM HUP INT; while :; do sleep 100; done"])
        subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert life.down()
    assert traces.left() == []
    assert life.state() is None
    assert not life.down()


def test_a_killed_keeper_takes_all_with_it(life: Lab, state: LabState, image: Image) -> None:
    traces = Traces.of(state)
    os.kill(state.keeper, signal.SIGKILL)
    nothing_within(lambda: traces.left(files=False))
    assert life.state() is None
    again = life.up(image, tie=os.getpid())
    assert again.keeper != state.keeper
    assert ssh(again, "alpha", "hostname") == "alpha\n"


def test_the_lab_ends_with_the_process_it_is_tied_to(life: Lab, image: Image) -> None:
    other = subprocess.Popen(["sleep", "100"])
    traces = Traces.of(life.up(image, tie=other.pid))
    other.kill()
    other.wait()
    nothing_within(traces.left)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_up_killed_half_way(life: Lab, image: Image, name: str) -> None:
    """Whenever `lab up` is killed: the lab is up or it is not, and the next one works."""
    argv = [sys.executable, "-m", "colotui", "lab", "--name", NAME, "up"]
    for seconds in (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, random.uniform(0.15, 0.5)):
        up = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        up.send_signal(getattr(signal, name))
        up.wait()
        deadline = time.monotonic() + 10
        while True:
            try:
                state = life.state()
                break
            except LabError:  # just coming up or going down
                assert time.monotonic() < deadline
                time.sleep(0.05)
        if state is not None:
            traces = Traces.of(state)
            assert life.down()
            assert traces.left() == []
        nothing_within(lambda: [command(pid) for pid in processes() if f'"name": "{NAME}"' in command(pid)])
    assert life.up(image, tie=os.getpid()).hosts["beta"].on


def test_a_second_lab_is_told_of_the_first(life: Lab, state: LabState, image: Image) -> None:
    with pytest.raises(LabError, match=rf"'{NAME}' is up already \(keeper {state.keeper}\)"):
        Lab(NAME).up(image)
    other = Lab(NAME + "2")
    try:
        beside = other.up(image, tie=os.getpid())
        assert beside.net != state.net
        assert ssh(beside, "beta", "hostname") == ssh(state, "beta", "hostname") == "beta\n"
        assert not reaches(life, "alpha", beside.net.host_management("beta"))
    finally:
        other.down()
    assert ssh(state, "alpha", "hostname") == "alpha\n"


def test_a_lab_that_is_not_up_says_how_to_bring_it_up(life: Lab) -> None:
    for call in (lambda: life.cut("forward"), lambda: life.client_argv(["true"]), lambda: life.host_off("alpha")):
        with pytest.raises(LabError, match=rf"not up\. Bring it up: sudo colotui lab --name {NAME} up"):
            call()


def test_hosts_are_hosts(life: Lab, state: LabState) -> None:
    for host in HOSTS:
        assert ssh(state, host, "hostname") == f"{host}\n"
        assert ssh(state, host, "sudo", "-n", "id", "-u", user="operator") == "0\n"
        links = json.loads(ssh(state, host, "ip", "-j", "addr"))
        assert {link["ifname"] for link in links} == {"lo", "br0", "eth0", "eth1", "eth2"}
        assert not [a for link in links for a in link["addr_info"] if a["family"] == "inet6"]
        assert set(ssh(state, host, "ls", "/sys/class/net").split()) == {"lo", "br0", "eth0", "eth1", "eth2"}
        assert "quickack 1" in ssh(state, host, "ip", "route", "show", "dev", "eth1")
        processes_there = ssh(state, host, "ps", "-eo", "comm=").split()
        assert len(processes_there) < 10, "a host sees its own processes only"
        assert "version 1" in ssh(state, host, "qemu-system-x86_64", "--version")
        assert int(ssh(state, host, "stat", "-c", "%s", f"{IMAGES_FOLDER}/vmlinuz")) > 1 << 20
    sums = {ssh(state, host, "sha256sum", f"{GUEST_FOLDER}/disk0.qcow2") for host in HOSTS}
    assert len(sums) == 1, "both hosts start from equal images"
    assert Path(state.pair).parent.stat().st_mode & 0o777 == 0o700


def test_a_bare_host_is_bare(life: Lab, image: Image) -> None:
    state = life.up(image, bare=True, tie=os.getpid())
    for host in HOSTS:
        links = {link["ifname"]: link for link in json.loads(ssh(state, host, "ip", "-j", "addr"))}
        assert set(links) == {"lo", "eth0", "eth1", "eth2"}
        assert links["eth0"]["addr_info"] == links["eth1"]["addr_info"] == []
    assert ssh(state, "alpha", "ls", GUEST_FOLDER) == "disk0.qcow2\n"
    assert "web01" not in ssh(state, "beta", "ls", "/var/lib/colotui")


def test_power(life: Lab, state: LabState) -> None:
    on(life, "alpha", "sh", "-c", "echo kept >/var/lib/kept; echo lost >/run/lost; echo lost >/tmp/lost; sync")
    # A connection from the other host: it must hear nothing of the power cut.
    listen = "import socket; s = socket.create_server(('', 7777)); c, _ = s.accept(); c.recv(1)"
    server = subprocess.Popen(life.host_argv("alpha", ["python3", "-c", listen]))
    address = state.net.host_forward("alpha")
    connect = f"""
import socket, time
for _ in range(100):
    try:
        s = socket.create_connection(("{address}", 7777)); break
    except OSError:
        time.sleep(0.05)
print("connected", flush=True)
s.settimeout(3)
try:
    print("ended", s.recv(1))
except TimeoutError:
    print("silence")
"""
    peer = subprocess.Popen(life.host_argv("beta", ["python3", "-c", connect]), stdout=subprocess.PIPE, text=True)
    assert peer.stdout is not None
    assert peer.stdout.readline() == "connected\n"

    life.host_off("alpha")
    assert server.wait(timeout=5) != 0
    now = life.state()
    assert now is not None
    assert (now.hosts["alpha"].on, now.hosts["beta"].on) == (False, True)
    assert not carrier(life, "beta", "eth1"), "a direct cable to a dead machine has no carrier"
    with pytest.raises(LabError, match="alpha is off"):
        life.host_argv("alpha", ["true"])
    with pytest.raises(OSError):  # noqa: PT011 - refused, unreachable or timed out: all the same here
        socket.create_connection((now.hosts["alpha"].address, 22), timeout=0.5)
    assert peer.stdout.read() == "silence\n"
    life.host_off("alpha")  # again is no error

    life.host_on("alpha")
    again = life.state()
    assert again is not None
    assert on(life, "alpha", "cat", "/var/lib/kept") == "kept\n"
    assert on(life, "alpha", "ls", "/run", "/tmp").count("lost") == 0
    assert ssh(again, "alpha", "hostname") == "alpha\n"
    assert carrier(life, "beta", "eth1")
    assert reaches(life, "beta", address)


def test_a_host_that_falls_by_itself_is_off(life: Lab, state: LabState) -> None:
    os.kill(state.hosts["beta"].pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while (now := life.state()) is None or now.hosts["beta"].on:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not carrier(life, "alpha", "eth1")
    life.host_on("beta")
    assert reaches(life, "alpha", state.net.host_forward("beta"))


def test_links(life: Lab, state: LabState) -> None:
    nics = {"forward": ("eth1", HOSTS)} | {
        f"{kind}-{host}": (nic, (host,))
        for kind, nic in (("service", "eth0"), ("management", "eth2"))
        for host in HOSTS
    }
    assert set(nics) == set(LINKS)
    for link, (nic, ends) in nics.items():
        life.cut(link)
        life.cut(link)
        for host in HOSTS:
            for other in ("eth0", "eth1", "eth2"):
                assert carrier(life, host, other) is not (other == nic and host in ends), (link, host, other)
        now = life.state()
        assert now is not None
        assert now.cut == (link,)
        life.mend(link)
    assert all(carrier(life, host, nic) for host in HOSTS for nic in ("eth0", "eth1", "eth2"))
    life.cut("forward")
    assert not reaches(life, "alpha", state.net.host_forward("beta"))
    life.host_off("beta")
    life.host_on("beta")
    assert not carrier(life, "beta", "eth1"), "a cut outlasts a power cut"
    life.mend("forward")
    assert reaches(life, "alpha", state.net.host_forward("beta"))
    with pytest.raises(LabError, match="'backward' is no link"):
        life.cut("backward")


def fetch(state: LabState, path: str, method: str = "GET") -> bytes:
    """Ask the guest's service."""
    request = urllib.request.Request(f"http://{state.net.guest}{path}", method=method)
    with urllib.request.urlopen(request, timeout=2) as reply:
        body: bytes = reply.read()
        return body


def wait_for(state: LabState, path: str, limit: float = 60.0) -> float:
    """Seconds until the guest answers `path`."""
    begun = time.monotonic()
    while True:
        try:
            fetch(state, path)
        except OSError:
            assert time.monotonic() - begun < limit, f"the guest does not answer {path}"
            time.sleep(0.02)
        else:
            return time.monotonic() - begun


def qemu(state: LabState, nic: str, disk: str) -> Sequence[str]:
    """A plain guest, by hand: the line a person would type."""
    append = next(line for line in Path(state.pair).read_text().splitlines() if "append:" in line).split('"')[1]
    return [
        *("qemu-system-x86_64", "-accel", "tcg", "-m", "128", "-nodefaults", "-display", "none", "-daemonize"),
        *("-serial", "file:/tmp/serial", "-pidfile", "/tmp/pid", "-append", append),
        *("-kernel", f"{IMAGES_FOLDER}/vmlinuz", "-initrd", f"{IMAGES_FOLDER}/initrd"),
        *("-netdev", "tap,id=n,ifname=tap0,script=no,downscript=no", "-device", f"{nic},netdev=n,mac={GUEST_MAC}"),
        *("-drive", f"if={disk},driver=qcow2,file={GUEST_FOLDER}/disk0.qcow2"),
    ]


@pytest.mark.parametrize(("nic", "disk"), [("e1000", "ide"), ("virtio-net-pci", "virtio")])
def test_the_guest_serves(life: Lab, state: LabState, nic: str, disk: str) -> None:
    for argv in (["ip", "tuntap", "add", "tap0", "mode", "tap"], ["ip", "link", "set", "tap0", "master", "br0", "up"]):
        on(life, "alpha", *argv)
    on(life, "alpha", *qemu(state, nic, disk))
    seconds = wait_for(state, "/")
    wait_for(state, "/counter")
    print(f"{nic}: HTTP after {seconds:.1f} s")

    assert fetch(state, "/") == fetch(state, "/")
    assert fetch(state, "/uptime").split()[0] > b"0"
    assert fetch(state, "/random") != fetch(state, "/random")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(state, "/nothing")

    # Every number once, whoever asks at the same time; and on the disk, not in a cache.
    first = int(fetch(state, "/counter"))
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(int(body) for body in pool.map(lambda _: fetch(state, "/counter"), range(40)))
    assert numbers == list(range(first + 1, first + 41))

    big = fetch(state, "/big")
    assert len(big) == 4 << 20
    lines = big.splitlines()
    assert all(int(line[:8], 16) == number for number, line in enumerate(lines))
    assert fetch(state, "/file/3") == big[: 3 << 10]

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(2)
        udp.sendto(b"\0echo\xff", (state.net.guest, 7))
        assert udp.recv(100) == b"\0echo\xff"

    # What an unplugged guest had acknowledged is on its disk.
    life.host_off("alpha")
    life.host_on("alpha")
    for argv in (["ip", "tuntap", "add", "tap0", "mode", "tap"], ["ip", "link", "set", "tap0", "master", "br0", "up"]):
        on(life, "alpha", *argv)
    on(life, "alpha", *qemu(state, nic, disk))
    wait_for(state, "/")
    wait_for(state, "/counter")
    assert int(fetch(state, "/counter")) > numbers[-1]

    with pytest.raises(OSError):  # noqa: PT011 - it answers no more
        fetch(state, "/crash/panic", method="POST")
    deadline = time.monotonic() + 10
    while "Kernel panic" not in on(life, "alpha", "cat", "/tmp/serial"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_cold_build_killed_once(tmp_path: Path) -> None:
    """From nothing, killed on the way, then made again: no mounts, no processes, and the result works."""
    argv = [sys.executable, "-m", "colotui", "lab", "--cache", str(tmp_path / "c"), "build"]
    first = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(14)
    first.kill()
    first.wait()

    def left() -> list[str]:
        mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(tmp_path) in line]
        return mounts + [command(pid) for pid in processes() if str(tmp_path) in command(pid)]

    nothing_within(left)
    begun = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    print(f"cold build: {time.monotonic() - begun:.0f} s")
    assert str(tmp_path / "c") in done.stdout
    assert "100%" in done.stderr
    assert left() == []
    assert not [path for path in (tmp_path / "c").iterdir() if path.name.startswith("tmp-")]

    other = Lab(NAME)
    state = other.up(build.build(lambda *_: None, cache=tmp_path / "c"), tie=os.getpid())
    try:
        assert ssh(state, "alpha", "hostname") == "alpha\n"
        with pytest.raises(LabError, match="still uses"):
            build.clean(tmp_path / "c")
    finally:
        other.down()
    build.clean(tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_the_command_line(life: Lab) -> None:
    def lab(*words: str, code: int = 0) -> str:
        argv = [sys.executable, "-m", "colotui", "lab", "--name", NAME, *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    assert "not up" in lab("status", code=1)
    assert "is up" in lab("up", "--tie", str(os.getpid()))
    assert "up already" in lab("up", code=71)
    told = json.loads(lab("status", "--json"))
    assert told["up"] is True
    assert told["lab"]["pair"] == f"{RUN}-{NAME}/pair.yaml"
    lab("cut", "forward")
    assert "forward" in lab("status")
    lab("mend", "forward")
    assert "invalid choice" in lab("cut", "rope", code=64)
    lab("host", "beta", "off")
    assert "off" in lab("status")
    lab("host", "beta", "on")
    assert "No host of the lab has a guest" in lab("console", code=71)
    assert "service" in lab("client", "--", "ip", "-br", "link")
    assert lab("client", "--", "sh", "-c", "exit 7", code=7) == ""
    assert "is down" in lab("down")
    assert "was not up" in lab("down")
