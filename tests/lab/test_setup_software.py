"""Software and data of a set-up on bare hosts: disk image, folders, leftovers, modules; QEMU from a mirror."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from colotui.errors import ActionRefused, HostError
from colotui.host import bootstrap
from colotui.host.channel import Host
from colotui.host.survey.reader import SurveyReader
from colotui.lab import build
from colotui.lab.lab import Lab
from colotui.lab.layout import GUEST, GUEST_FOLDER
from colotui.model.pair import ForwardSpec, GuestSpec, HostSpec, Pair
from colotui.model.plan import Step
from colotui.model.setup import Wanted
from colotui.model.survey import LeftoverKind
from colotui.model.versions import colo_problem
from colotui.setup import apt, clock, folders, guestsysctls, images, leftovers, modules, packages
from colotui.setup.ledger import Ledger
from colotui.setup.site import Site
from tests.lab.hostdump import differences, dump
from tests.lab.preparing import applied, checked, site_on, survey, undone

NAME = "hsoft"
DISK = f"{GUEST_FOLDER}/disk0.qcow2"


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    lab = Lab(NAME)
    lab.down()
    state = lab.up(build.build(lambda *_: None), bare=True, tie=os.getpid())
    try:
        for host in state.hosts:
            sh(lab, host, f"ip addr add {state.net.host_forward(host)}/24 dev eth1; ip link set eth1 up")
        yield lab
    finally:
        lab.down()


def sh(lab: Lab, host: str, script: str) -> str:
    argv = lab.host_argv(host, ["sh", "-eu", "-c", script])
    ended = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def unchanged(lab: Lab, host: str, before: dict[str, object]) -> None:
    assert differences(before, dump(lab, host)) == []


@asynccontextmanager
async def both(lab: Lab) -> AsyncIterator[tuple[Site, Site]]:
    """Both hosts as they are now."""
    state = lab.state()
    assert state is not None
    async with site_on(state.pair, "alpha") as alpha, site_on(state.pair, "beta") as beta:
        for site in (alpha, beta):
            site.survey = await SurveyReader(site.host, site.pair).read()
        yield alpha, beta


async def the_image(alpha: Site, beta: Site) -> Step:
    (step,) = await images.image_steps(alpha, beta, Wanted(image_from="alpha"))
    assert (step.host, step.key) == ("beta", "image")
    return step


async def test_the_image_is_copied_compared_and_taken_back(bare: Lab) -> None:
    before = dump(bare, "beta")
    async with both(bare) as (alpha, beta):
        step = await the_image(alpha, beta)
        assert step.check is not None
        assert step.undo is not None
        notes: list[str] = []
        beta.note = notes.append
        assert not await step.check()
        said = await step.apply()
        assert "SHA-256" in said
        assert notes[-1].startswith("100 %")
        assert len({shlex.split(sh(bare, host, f"sha256sum {DISK}"))[0] for host in ("alpha", "beta")}) == 1
        assert sh(bare, "beta", f"stat -c %a {DISK} {GUEST_FOLDER}").split() == ["600", "700"]
        assert await step.check()

        # The second run, also of one that died before it could note what it did: nothing is written.
        stamp = sh(bare, "beta", f"stat -c '%i %Y %Z' {DISK}")
        async with both(bare) as (again, target):
            (second,) = await images.image_steps(again, target, Wanted(image_from="alpha"))
            assert await checked([second]) == {"image": True}
            sh(bare, "beta", "rm /var/lib/colotui/setup/*.copied")
            assert await checked([second]) == {"image": True}
        assert sh(bare, "beta", f"stat -c '%i %Y %Z' {DISK}") == stamp

        # Without a wish to copy, and asked the other way round, what was made can still be taken back.
        for way in ((alpha, beta), (beta, alpha)):
            (earlier,) = await images.image_steps(*way, Wanted())
            assert (earlier.host, earlier.kept) == ("beta", step.kept)
            assert await checked([earlier]) == {"image": True}
        assert "removed" in await step.undo()
        assert await step.undo() == "nothing was changed here"
    unchanged(bare, "beta", before)


@pytest.mark.parametrize("how", ["cancelled", "source lost", "target lost", "agent killed", "link cut"])
async def test_a_copy_cut_off_leaves_no_image_and_is_made_again(bare: Lab, how: str) -> None:
    before = dump(bare, "beta")
    # the lab's disk is small: beside it, enough that the copy is met half-way
    sh(bare, "alpha", f"cp {DISK} /root/disk && dd if=/dev/urandom bs=1M count=200 >>{DISK} 2>/dev/null")
    try:
        async with both(bare) as (alpha, beta):
            step = await the_image(alpha, beta)
            moving = asyncio.Event()
            beta.note = lambda _text: moving.set()
            task = asyncio.create_task(step.apply())
            waiting = asyncio.create_task(moving.wait())
            await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
            assert not task.done()
            match how:
                case "cancelled":
                    task.cancel()
                case "source lost":
                    await alpha.host.close()
                case "target lost":
                    await beta.host.close()
                case "agent killed":
                    sh(bare, "beta", f"kill -9 {beta.host.info.pid}")
                case "link cut":
                    sh(bare, "beta", "ip link set eth1 down")
            with pytest.raises((asyncio.CancelledError, HostError)):
                await task
        assert sh(bare, "beta", f"[ ! -e {DISK} ] || echo there") == ""
        if how == "link cut":
            state = bare.state()
            assert state is not None
            sh(bare, "beta", f"ip link set eth1 up; ip addr replace {state.net.host_forward('beta')}/24 dev eth1")
        async with both(bare) as (alpha, beta):
            step = await the_image(alpha, beta)
            assert step.undo is not None
            assert await checked([step]) == {"image": False}
            await step.apply()
            assert await checked([step]) == {"image": True}
            assert sh(bare, "beta", f"ls {GUEST_FOLDER}").split() == ["disk0.qcow2"]
            await step.undo()
    finally:
        sh(bare, "alpha", f"mv /root/disk {DISK}")
    unchanged(bare, "beta", before)


async def test_an_image_that_may_be_the_newest_is_never_written_over(bare: Lab) -> None:
    before = dump(bare, "beta")
    state_file = f"{GUEST_FOLDER}/state"

    def record(host: str, generation: int, role: str) -> None:
        text = json.dumps({"generation": generation, "role": role, "since": 0, "why": ""})
        sh(bare, host, f"printf %s {shlex.quote(text)} >{state_file}")

    sh(bare, "beta", f"mkdir -p -m 700 {GUEST_FOLDER}; echo another >{DISK}")
    try:
        async with both(bare) as (alpha, beta):
            step = await the_image(alpha, beta)
            assert step.weighty
            assert step.undo is not None
            with pytest.raises(ActionRefused, match="nothing says that it is older"):
                await step.apply()
            assert await beta.ledger.keys() == (), "a refusal keeps nothing"
            record("alpha", 1, "primary")
            record("beta", 2, "primary")
            with pytest.raises(ActionRefused, match="nothing says that it is older"):
                await step.apply()
            record("alpha", -1, "copying")
            with pytest.raises(ActionRefused, match="half-copied"):
                await step.apply()
            assert sh(bare, "beta", f"cat {DISK}") == "another\n"
            record("alpha", 2, "primary")
            record("beta", 2, "secondary")
            await step.apply()
            assert await checked([step]) == {"image": True}
            assert "cannot be put back" in await step.undo()
            sh(bare, "beta", f"rm {DISK} {state_file}")

            await step.apply()
            record("beta", 3, "primary")
            with pytest.raises(ActionRefused, match="ran here last"):
                await step.undo()
            record("beta", 3, "secondary")
            await step.undo()
    finally:
        sh(bare, "alpha", f"rm -f {state_file}")
        sh(bare, "beta", f"rm -rf {GUEST_FOLDER}")
    unchanged(bare, "beta", before)


def start_copy(lab: Lab, host: str) -> str:
    """A process that looks like the guest's QEMU as far as anybody can see; its pid."""
    run = f"/run/colotui/{GUEST}"
    sh(
        lab,
        host,
        f"mkdir -p {run}; nohup sh -c 'sleep 300; :' {run}/pid >/dev/null 2>&1 & echo $! >{run}/pid",
    )
    return sh(lab, host, f"cat {run}/pid").strip()


async def test_nothing_is_done_under_a_running_guest(bare: Lab) -> None:
    before = dump(bare, "beta")
    pid = start_copy(bare, "beta")
    try:
        async with both(bare) as (alpha, beta):
            assert [copy.guest for copy in beta.survey.copies] == [GUEST]
            assert await images.image_steps(alpha, beta, Wanted(image_from="alpha")) == []
            assert await leftovers.steps(beta, Wanted()) == []
            late = replace(beta.survey, copies=())
            beta.survey = late
            step = await the_image(alpha, beta)
            with pytest.raises(ActionRefused, match="web01"):
                await step.apply()
            (folder,) = await folders.steps(beta, Wanted())
            assert folder.undo is not None
            await folder.apply()
            with pytest.raises(ActionRefused, match="web01"):
                await folder.undo()
            (qemu,) = await packages.qemu_steps(beta, Wanted())
            with pytest.raises(ActionRefused, match="not changed"):
                await qemu.apply()
            assert await beta.ledger.keys() == ("folder-web01",)
            sh(bare, "beta", f"kill {pid}")
            await folder.undo()
            sh(bare, "beta", "rmdir /run/colotui")  # it was there before the step, by this test
    finally:
        sh(bare, "beta", f"kill {pid} 2>/dev/null || true")
    unchanged(bare, "beta", before)


async def test_the_folder_takes_away_what_colotui_put_there_and_nothing_else(bare: Lab) -> None:
    run = f"/run/colotui/{GUEST}"
    for host in ("alpha", "beta"):
        before = dump(bare, host)
        async with both(bare) as sites:
            site = next(one for one in sites if one.name == host)
            (step,) = await folders.steps(site, Wanted())
            assert step.undo is not None
            await applied([step])
            assert await checked([step]) == {"folder": True}
            assert sh(bare, host, f"stat -c %a {GUEST_FOLDER}") == "700\n"
            # what a protected guest leaves, here as the secondary
            record = json.dumps({"generation": 3, "role": "secondary", "since": 1.0, "why": ""})
            sh(
                bare,
                host,
                f"printf %s {shlex.quote(record)} >{GUEST_FOLDER}/state; mkdir -p {run}; echo y >{run}/../kvm",
            )
            sh(
                bare,
                host,
                f"cd {GUEST_FOLDER}; touch disk0.qcow2.active disk0.qcow2.hidden {run}/pid {run}/lock {run}/qmp0",
            )
            if host == "beta":
                sh(bare, host, f"truncate -s 1M {DISK}; echo mine >{GUEST_FOLDER}/notes.txt")
                newest = record.replace("secondary", "primary")
                sh(bare, host, f"printf %s {shlex.quote(newest)} >{GUEST_FOLDER}/state")
                with pytest.raises(ActionRefused, match="newest disk"):
                    await step.undo()
                assert sh(bare, host, f"ls {DISK} {GUEST_FOLDER}/state").count("\n") == 2
                sh(bare, host, f"printf %s {shlex.quote(record)} >{GUEST_FOLDER}/state")
            await step.undo()
            if host == "beta":
                assert sh(bare, host, f"ls {GUEST_FOLDER}") == "notes.txt\n"
                sh(bare, host, f"rm -r {GUEST_FOLDER}")
        unchanged(bare, host, before)


async def test_leftovers_are_removed_and_only_they(bare: Lab) -> None:
    before = dump(bare, "beta")
    run = f"/run/colotui/{GUEST}"
    sh(bare, "beta", f"mkdir -p {run} /run/colotui/other {GUEST_FOLDER} /var/lib/xen")
    sh(bare, "beta", f"echo 999999 >{run}/pid; echo 999999 >/run/colotui/other/pid; echo '{{}}' >{run}/plan.json")
    sh(bare, "beta", f"touch {DISK}.active {DISK}.hidden {DISK} /var/lib/xen/suspend_1 /var/lib/xen/kept")
    async with both(bare) as (_alpha, beta):
        kinds = {one.kind for one in beta.survey.leftovers}
        assert kinds >= {LeftoverKind.RUN_FOLDER, LeftoverKind.PLAN, LeftoverKind.OVERLAY, LeftoverKind.SUSPEND_FILE}
        (step,) = await leftovers.steps(beta, Wanted())
        assert step.undo is None
        assert await checked([step]) == {"leftovers": False}
        await step.apply()
        assert await checked([step]) == {"leftovers": True}
    left = sh(bare, "beta", f"find {GUEST_FOLDER} /run/colotui /var/lib/xen -type f | sort").split()
    assert left == ["/run/colotui/other/pid", DISK, "/var/lib/xen/kept"]
    async with both(bare) as (_alpha, beta):
        assert await leftovers.steps(beta, Wanted()) == [], "what is no guest's of this pair is not touched"

    # A survivor's overlays may hold the newest writes; and the same by hand.
    record = json.dumps({"generation": 3, "role": "primary", "since": 1.0, "why": ""})
    sh(
        bare,
        "beta",
        f"touch {DISK}.active /var/lib/xen/suspend_2; printf %s {shlex.quote(record)} >{GUEST_FOLDER}/state",
    )
    async with both(bare) as (_alpha, beta):
        (step,) = await leftovers.steps(beta, Wanted())
        assert "kept" in await step.apply()
        sh(bare, "beta", f"ls {DISK}.active; [ ! -e /var/lib/xen/suspend_2 ]; touch /var/lib/xen/suspend_2")
        sh(bare, "beta", f"rm {GUEST_FOLDER}/state")
        sh(bare, "beta", "\n".join(step.script))
        assert await checked([step]) == {"leftovers": True}
    sh(bare, "beta", f"rm -r /run/colotui {GUEST_FOLDER} /var/lib/xen")
    unchanged(bare, "beta", before)


async def test_the_guests_tcp_settings_lie_ready_where_it_starts(bare: Lab) -> None:
    before = {host: dump(bare, host) for host in ("alpha", "beta")}
    async with both(bare) as (alpha, beta):
        assert await guestsysctls.steps(beta, Wanted()) == []
        (step,) = await guestsysctls.steps(alpha, Wanted())
        assert step.undo is not None
        await step.apply()
        path = f"{GUEST_FOLDER}/60-colo-guest.conf"
        lines = [line for line in sh(bare, "alpha", f"cat {path}").splitlines() if not line.startswith("#")]
        assert lines == ["net.ipv4.tcp_sack=0", "net.ipv4.tcp_dsack=0", "net.ipv4.tcp_timestamps=0"]
        assert await checked([step]) == {"guest-sysctls": True}
        sh(bare, "alpha", f"rm {path}\n" + "\n".join(step.script))
        assert await checked([step]) == {"guest-sysctls": True}
        await step.undo()
        (there,) = await guestsysctls.steps(beta, Wanted(image_from="beta"))
        await there.apply()
        assert len(await guestsysctls.steps(beta, Wanted())) == 1, "its undo is found without that choice"
        assert there.undo is not None
        await there.undo()
    for host, was in before.items():
        unchanged(bare, host, was)


async def test_the_clock_of_a_host_that_is_right_is_left_alone(bare: Lab) -> None:
    """Lab hosts share this machine's clock: setting it is tried on a host that only records (tests/unit)."""
    async with both(bare) as (alpha, _beta):
        (step,) = await clock.steps(alpha, Wanted())
        assert await checked([step]) == {"clock": True}


@pytest.fixture
def fake_modules(bare: Lab) -> Iterator[Lab]:
    """Beta gets modules to load: this machine's kernel knows none, so a stand-in for modprobe notes what it was told.

    What it "loads" it names built in, since /proc/modules cannot be had here. Real are the reading of modules.dep, the
    calls and their order, the files. Unloading is in tests/unit; the rest needs a kernel with modules.
    """
    sh(
        bare,
        "beta",
        r"""
        base=/lib/modules/$(uname -r); mkdir -p $base
        for name in ifb cls_basic; do echo "kernel/net/$name.ko.xz:"; done >$base/modules.dep
        : >$base/modules.builtin
        cat >/usr/local/sbin/modprobe <<'END'
#!/bin/sh
echo "$*" >>/tmp/modprobe.log
echo "kernel/net/$1.ko" >>/lib/modules/$(uname -r)/modules.builtin
END
        chmod 755 /usr/local/sbin/modprobe
        """,
    )
    yield bare
    sh(bare, "beta", "rm -rf /lib/modules/$(uname -r) /usr/local/sbin/modprobe /tmp/modprobe.log")


async def test_modules_are_loaded_now_and_at_boot(fake_modules: Lab) -> None:
    bare = fake_modules
    before = dump(bare, "beta")
    wanted = Wanted(ifb=True, wiring=True)
    async with both(bare) as (_alpha, beta):
        (step,) = await modules.steps(beta, wanted)
        assert step.undo is not None
        assert "u32 serves" in step.why
        assert "never upstream" in step.why
        assert await checked([step]) == {"modules": False}
        assert await step.apply() == "loaded cls_basic ifb"
        assert await checked([step]) == {"modules": True}
        assert sh(bare, "beta", "cat /tmp/modprobe.log") == "cls_basic\nifb numifbs=2\n"
        files = ("/etc/modules-load.d/colotui.conf", "/etc/modprobe.d/colotui.conf")
        told = [sh(bare, "beta", f"grep -v '^#' {path}") for path in files]
        assert told == ["cls_basic\nifb\n", "options ifb numifbs=2\n"]
        stamp = sh(bare, "beta", f"stat -c '%i %Z %a' {' '.join(files)}")
        assert stamp.count("644") == 2
        assert await applied([step]) == {}
        assert sh(bare, "beta", f"stat -c '%i %Z %a' {' '.join(files)}") == stamp
        sh(bare, "beta", f"rm {' '.join(files)}\n" + "\n".join(step.script))
        assert await checked([step]) == {"modules": True}, "by hand"
        await step.undo()
        assert await step.undo() == "nothing was changed here"
        unchanged(bare, "beta", before)
        sh(bare, "beta", "mkdir -p /etc/modprobe.d; echo options ifb numifbs=8 >/etc/modprobe.d/colotui.conf")
        mine = dump(bare, "beta")
        sh(bare, "beta", ": >/lib/modules/$(uname -r)/modules.builtin")
        (step,) = await modules.steps(beta, wanted)
        await applied([step])
        await undone([step])
        unchanged(bare, "beta", mine)
        sh(bare, "beta", "rm /etc/modprobe.d/colotui.conf")


async def test_a_host_whose_kernel_has_all_of_it_has_no_module_step(bare: Lab) -> None:
    async with both(bare) as (alpha, _beta):
        assert await modules.steps(alpha, Wanted()) == []
        assert await modules.steps(alpha, Wanted(ifb=True, wiring=True)) == [], "only the old scripts want cls_basic"


# A place of its own for apt: the lab hosts' root with this machine's network, on a disk that goes with the agent.
_PLACE = """set -eu
store=$1 root=$2; shift 2
mount -t tmpfs -o size=2g place "$store"; mkdir "$store/upper" "$store/work" "$store/root"
mount -t overlay place -o "lowerdir=$root,upperdir=$store/upper,workdir=$store/work" "$store/root"
cd "$store/root"
mount -t proc proc proc; mount -t tmpfs run run; mount -t tmpfs tmp tmp; mount -t tmpfs dev dev
for node in null zero full random urandom; do : >dev/$node; mount --bind /dev/$node dev/$node; done
rm -f etc/resolv.conf; cat /etc/resolv.conf >etc/resolv.conf
for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf.d/99*; do
    [ ! -e "$file" ] || cp "$file" etc/apt/apt.conf.d/
done
[ ! -e /etc/apt/apt.conf ] || cp /etc/apt/apt.conf etc/apt/
exec chroot . "$@"
"""


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A Debian trixie without QEMU and without backports, that reaches its mirror; nothing of it stays."""
    image = build.build(lambda *_: None)
    store = tmp_path / "place"
    store.mkdir()
    plain = bootstrap.argv
    spaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--"]
    inside = ["sh", "-c", _PLACE, "place", str(store), str(image.root)]
    monkeypatch.setattr(bootstrap, "argv", lambda *_: [*spaces, *inside, *plain("/usr/bin/python3")])
    bare = HostSpec("place", "local", ForwardSpec("lo", "127.0.0.1"))
    host = Host(bare)
    await host.connect()
    try:
        await host.run(["apt-get", "-y", "purge", "--auto-remove", *packages.QEMU_PACKAGES], timeout=60)
        await host.run(["sed", "-i", "/backports/d", "/etc/apt/sources.list"])
        other = HostSpec("other", "203.0.113.1", ForwardSpec("lo", "127.0.0.2"))
        pair = Pair("place", (bare, other), (GuestSpec("web01", 128 << 20, (), ()),))
        site = Site(pair, bare, host, survey("place"), Ledger(host))
        site.survey = await SurveyReader(host, pair).read()
        yield site
    finally:
        await host.close()
        assert not any(str(store) in line for line in Path("/proc/self/mountinfo").read_text().splitlines())
        assert list(store.iterdir()) == []


async def everything(host: Host) -> tuple[str, str]:
    listed = await host.run(["dpkg-query", "-W", "-f=${Package} ${Version} ${db:Status-Abbrev}\n"])
    etc = await host.run(
        ["sh", "-c", "find /etc /var/lib/colotui -type f -exec sha256sum {} + | sort -k 2"], check=False
    )
    return listed.stdout, etc.stdout


async def test_qemu_comes_from_the_hosts_own_mirror_and_goes_again(place: Site) -> None:
    host = place.host
    before = await everything(host)
    assert "qemu" not in before[0]
    notes: list[str] = []
    place.note = notes.append
    (step,) = await packages.qemu_steps(place, Wanted())
    assert step.undo is not None
    assert await checked([step]) == {"qemu": False}
    said = await step.apply()
    print(said)
    assert await checked([step]) == {"qemu": True}
    version = (await host.run(["qemu-system-x86_64", "--version"])).stdout
    assert colo_problem(version) == ""
    assert any("Unpacking" in note or "Setting up" in note for note in notes)
    line = (await host.run(["grep", "-v", "^#", "/etc/apt/sources.list.d/colotui-backports.list"])).stdout.split()
    origin = (await host.run(["cat", "/etc/apt/sources.list"])).stdout.split()
    assert line == [*origin[:2], "trixie-backports", "main"]

    after = await everything(host)
    (again,) = await packages.qemu_steps(place, Wanted())
    assert await applied([again]) == {}
    assert await everything(host) == after

    # Another program needs a library that came with it: nobody takes that away unasked.
    others = ("libnl-utils", "net-tools")
    await host.run(["apt-get", "-y", "install", "--no-install-recommends", *others], timeout=60)
    with pytest.raises(ActionRefused, match="libnl-utils needs"):
        await step.undo()
    assert await checked([step]) == {"qemu": True}
    await host.run(["apt-get", "-y", "purge", "--auto-remove", "libnl-utils"], timeout=60)
    assert "packages removed" in await step.undo()
    assert "net-tools" in (await everything(host))[0], "what others installed since stays"
    await host.run(["apt-get", "-y", "purge", "net-tools"], timeout=60)
    assert await everything(host) == before
    assert await host.glob(["/run/colotui*"]) == []
    assert await step.undo() == "nothing was changed here"


async def test_the_programs_of_classic_colo_come_and_go(place: Site) -> None:
    host = place.host
    assert await packages.program_steps(place, Wanted()) == []
    before = await everything(host)
    wanted = Wanted(wiring=True)
    (step,) = await packages.program_steps(place, wanted)
    assert step.undo is not None
    assert "libnl-utils net-tools" in step.command
    await applied([step])
    assert await checked([step]) == {"programs": True}
    assert (await host.run(["nl-qdisc-list", "--version"])).status == 0
    assert (await host.run(["sh", "-c", "\n".join(step.script)], timeout=60)).status == 0, "by hand, a second time"
    await undone(await packages.program_steps(place, wanted))
    assert await everything(host) == before


async def test_apt_goes_on_without_the_cockpit_and_the_next_run_waits_for_it(place: Site) -> None:
    host = place.host
    slow = ["sh", "-c", "echo begun; sleep 2; echo done >/tmp/done"]
    begun = asyncio.Event()
    place.note = lambda _text: begun.set()
    task = asyncio.create_task(apt.follow(place, slow))
    await begun.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await host.glob(["/tmp/done"]) == []
    await apt.follow(place, ["test", "-e", "/tmp/done"])
    assert await host.glob(["/run/colotui*"]) == []
    with pytest.raises(HostError, match="status 100"):
        await apt.get(place, ["install", "no-such-package-at-all"])
