"""What a survey makes of a host's own texts, and a survey of this machine."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from colotui.host import ports
from colotui.host.agent.ports import listening
from colotui.host.channel import Host
from colotui.host.survey import SurveyReader, digest, leftovers, system
from colotui.host.survey.images import described
from colotui.host.tcpoptions import judge, negotiated
from colotui.model.facts import Missing
from colotui.model.pair import DiskSpec, ForwardSpec, GuestSpec, HostSpec, NicSpec, Pair
from colotui.model.survey import LeftoverKind, TcpOptions

HERE = HostSpec("here", "local", ForwardSpec("eth1", "127.0.0.1", 8))


def test_os_release() -> None:
    assert system.os_release(b'NAME="x"\nID=debian\nVERSION_CODENAME=trixie\n') == ("debian", "trixie")
    assert system.os_release(b"ID='sles'\nVERSION_ID=\"15.6\"\n") == ("sles", "15.6")
    assert system.os_release(b"\xff\x00nonsense") == ("", "")


def test_cpu_info() -> None:
    text = b"processor\t: 0\nmodel name\t: EPYC\nflags\t\t: sse2 avx2\n\nprocessor\t: 1\nflags\t\t: sse2\n"
    assert system.cpu_info(text) == ("EPYC", frozenset({"sse2", "avx2"}), 2)
    assert system.cpu_info(b"\xff:::\n") == ("", frozenset(), 0)


def test_the_least_free_file_system_counts() -> None:
    assert system.least_free("100 4096\n5 512\nnonsense\n") == 2560
    assert system.least_free("") is None


@pytest.mark.parametrize(
    ("chains", "rules", "told"),
    [
        ([{"hook": "input", "policy": "drop"}], [], "nft inet filter input: policy drop"),
        ([{"hook": "input", "policy": "accept"}], [[{"match": {}}, {"reject": None}]], "a rule says reject"),
        ([{"hook": "input"}], [[{"accept": None}]], ""),
        ([{"hook": "forward", "policy": "drop"}], [], ""),
    ],
)
def test_what_nft_refuses(chains: list[dict[str, str]], rules: list[object], told: str) -> None:
    place = {"family": "inet", "table": "filter"}
    entries: list[object] = [{"metainfo": {}}, 7]
    entries += [{"chain": {**place, "name": "input", **chain}} for chain in chains]
    entries += [{"rule": {**place, "chain": "input", "expr": expr}} for expr in rules]
    found = system.nft_refusals(json.dumps({"nftables": entries}))
    assert isinstance(found, str)
    assert told in found if told else found == ""


def test_a_firewall_that_makes_no_sense_is_missing() -> None:
    for text in ("", "[]", '{"nftables": 3}', "{"):
        assert isinstance(system.nft_refusals(text), Missing)
    assert (
        system.iptables_refusals("-P INPUT ACCEPT\n-A INPUT -p tcp -j REJECT\n") == "iptables INPUT: a rule says REJECT"
    )
    assert system.iptables_refusals("-P INPUT DROP\n") == "iptables INPUT: policy DROP"
    assert system.iptables_refusals("-P INPUT ACCEPT\n-P FORWARD DROP\n") == ""


def test_xen_and_its_package() -> None:
    assert (
        system.first_package("diversion by x from: /usr/sbin/xl\nxen-utils-common: /usr/sbin/xl\n")
        == "xen-utils-common"
    )
    assert system.first_package("xen-tools-4.17.2-1.x86_64\n") == "xen-tools-4.17.2-1.x86_64"
    assert system.first_package("file /usr/sbin/xl is not owned by any package\n") == ""
    assert system.xen_version(["host : a", "xen_version            : 4.20.0"]) == "4.20.0"
    assert leftovers.incoming_domains("Name ID\nDomain-0 0\nweb01--incoming 3\n\n") == ("web01--incoming",)
    assert system.agent_modules(b"sch_colo_tcp 1 0\nsch_colo_ipv4 1 0\nifb 1 0\n") == ("sch_colo_ipv4", "sch_colo_tcp")


def test_listening_sockets() -> None:
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    row = "   0: 0100007F:270E 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
    assert listening(head + row + row.replace(" 0A ", " 01 ") + "nonsense\n", wide=False) == [
        ("127.0.0.1", 9998, "4711")
    ]
    wide = row.replace("0100007F", "00000000000000000000000001000000")
    assert listening(head + wide, wide=True) == [("::1", 9998, "4711")]


def test_an_image_as_qemu_img_tells_it() -> None:
    told = json.dumps({"format": "qcow2", "virtual-size": 268435456, "actual-size": 200704})
    image = described("/a", told)
    assert (image.format, image.length, image.allocated, image.problem) == ("qcow2", 268435456, 200704, "")
    assert described("/a", "[]").problem
    assert described("/a", "{").problem


def test_tcp_options() -> None:
    assert judge(0b11, offered_sack=True, offered_timestamps=True) == TcpOptions(sack=True, timestamps=True)
    assert judge(0b100, offered_sack=True, offered_timestamps=True) == TcpOptions(sack=False, timestamps=False)
    assert judge(0b11, offered_sack=False, offered_timestamps=False) == TcpOptions(sack=None, timestamps=None)


async def test_tcp_options_of_a_real_connection() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        found = await negotiated("127.0.0.1", server.sockets[0].getsockname()[1])
        ours = {
            name: Path(f"/proc/sys/net/ipv4/tcp_{name}").read_text().strip() != "0" for name in ("sack", "timestamps")
        }
        assert found == TcpOptions(sack=ours["sack"] or None, timestamps=ours["timestamps"] or None)
    assert await negotiated("127.0.0.1", 1) is None


def test_the_digest_is_that_of_what_the_guest_sees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "image"
    body = os.urandom(3 << 20)
    file.write_bytes(b"header" + body)
    pieces = [
        {"start": 0, "length": 1 << 20, "zero": True, "data": False},
        {"start": 1 << 20, "length": 3 << 20, "zero": False, "data": True, "offset": 6, "filename": str(file)},
        {"start": 4 << 20, "length": 5, "zero": True, "data": True, "offset": 0},
    ]
    guest = bytes(1 << 20) + body + bytes(5)
    assert digest.digest(pieces, str(file)) == hashlib.sha256(guest).hexdigest()
    for wrong in ({"start": 7}, {"compressed": True}, {"offset": None}):
        piece = {**pieces[1], "start": 0, **wrong}
        if piece["offset"] is None:
            del piece["offset"]
        with pytest.raises(SystemExit):
            digest.digest([piece], str(file))


def pair(tmp_path: Path) -> Pair:
    guest = GuestSpec("web01", 1 << 20, (DiskSpec(str(tmp_path / "disk"), "raw"),), (NicSpec("00:16:4f:00:00:11"),))
    return Pair("lab", (HERE, replace(HERE, name="there")), (guest,))


async def test_a_survey_of_this_machine(host: Host, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(4096))
    (tmp_path / "disk.active").write_bytes(b"")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = await SurveyReader(host, pair(tmp_path)).read()
    assert found.kernel == os.uname().release
    assert found.cpus == os.cpu_count()
    assert found.cpu_flags
    assert found.programs["nl-qdisc-list"] == "" or found.programs["nl-qdisc-list"].startswith("/")
    assert found.sysctls["net.core.rmem_max"].isdecimal()
    lo = found.nic("lo")
    assert lo is not None
    assert "127.0.0.1/8" in lo.addresses
    assert isinstance(lo.offloads, tuple)
    assert isinstance(found.listeners, tuple)
    name = Path(f"/proc/{os.getpid()}/comm").read_text().strip()
    assert [(one.address, one.program) for one in found.listeners if one.port == port] == [("127.0.0.1", name)]
    assert found.images[0].exists
    assert [one.what for one in found.leftovers if one.kind is LeftoverKind.OVERLAY] == [str(tmp_path / "disk.active")]
    assert found.free_bytes
    assert found.copies == ()


async def test_a_port_is_reached_only_where_it_can_be(host: Host) -> None:
    other = Host(replace(HERE, name="there"))
    await other.connect()
    try:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert "listens on port" in await ports.free(host, "127.0.0.1", port)
            assert "listens on port" in await ports.reachable(host, "127.0.0.1", port, other)
        assert await ports.free(host, "127.0.0.1", port) == ""
        assert await ports.reachable(host, "127.0.0.1", port, other) == ""
        assert await ports.reachable(host, "127.0.0.1", port, other) == "", "it is given back at once"
        assert "does not have the address" in await ports.reachable(host, "192.0.2.7", port, other)
        assert "cannot listen" in await ports.free(host, "not an address", port)
    finally:
        await other.close()


async def test_dead_copies_are_told_from_living_ones(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(leftovers, "RUN", str(tmp_path))
    patterns = (f"{tmp_path}/*/pid", f"{tmp_path}/*/plan.json")
    monkeypatch.setattr(leftovers, "_PATTERNS", patterns)
    for name in ("dead", "alive", "other", "halfway", ".hidden"):
        (tmp_path / name).mkdir()
    sleeper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(60)", f"{tmp_path}/alive/pid"
    )
    try:
        (tmp_path / "dead" / "pid").write_text("4194303\n")
        (tmp_path / "alive" / "pid").write_text(f"{sleeper.pid}\n")
        (tmp_path / "other" / "pid").write_text(f"{os.getpid()}\n")
        (tmp_path / "halfway" / "plan.json").write_text("{}")
        (tmp_path / ".hidden" / "pid").write_text("x")
        folders, _ = await leftovers.run_folders(host)
        assert [copy.guest for copy in leftovers.copies(folders, ("alive", "dead", "other"))] == ["alive"]
        found = leftovers.file_leftovers(folders, {"/d.active": "alive", "/e.active": "dead"}, ["/s"], ["a--incoming"])
        assert {(one.kind, one.what) for one in found} == {
            (LeftoverKind.RUN_FOLDER, f"{tmp_path}/dead"),
            (LeftoverKind.RUN_FOLDER, f"{tmp_path}/other"),
            (LeftoverKind.PLAN, f"{tmp_path}/halfway/plan.json"),
            (LeftoverKind.OVERLAY, "/e.active"),
            (LeftoverKind.SUSPEND_FILE, "/s"),
            (LeftoverKind.INCOMING, "a--incoming"),
        }
    finally:
        sleeper.kill()
        await sleeper.wait()
