"""Checks of a guest's configuration, its generation, and conversions from the classic form."""

from dataclasses import replace
from pathlib import Path

import pytest

from colotui.engine.xen.cfgcheck import Form, check, form_of, problems
from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.convert import to_classic, to_merged
from colotui.engine.xen.generate import generate
from colotui.errors import ConfigError, EngineUnfit
from colotui.model.pair import DiskSpec, EngineKind, ForwardSpec, GuestSpec, HostSpec, NicModel, NicSpec

FIXTURES = Path(__file__).parents[3] / "fixtures" / "xen"
ALPHA = HostSpec("alpha", "192.168.3.2", ForwardSpec("eth0", "10.0.0.1"))
BETA = HostSpec("beta", "192.168.3.1", ForwardSpec("eth0", "10.0.0.2"))
GUEST = GuestSpec(
    "web",
    512 << 20,
    (DiskSpec("/srv/web.raw", "raw"),),
    (NicSpec("00:16:3e:00:00:01"),),
    EngineKind.XEN,
    kernel="/boot/vmlinuz",
    append="console=ttyS0",
)
# the words of the seed document
SEED = """\
# the shop's guest
name = 'hvm'
builder='hvm'    # old, but fine
memory = 1024
xen_platform_pci=0
kernel="/k"
extra="xen_nopv"
disk = [ 'format=raw,access=w,vdev=hda,backendtype=tap,filter=colo,filter-params=192.168.3.1:9000,target=/i.img' ]
vif = [ 'mac=00:16:4f:00:00:11, bridge=br0, model=e1000, forwarddev=eth0' ]
"""


def found(text: str, form: Form = Form.CLASSIC) -> list[tuple[int, str, bool]]:
    return [(one.line, one.what, one.blocking) for one in problems(Document(text), form, ALPHA, BETA)]


def test_the_seed_s_own_example_is_fit() -> None:
    verdict = check(Document(SEED), ALPHA, BETA)
    assert (verdict.form, verdict.fit, verdict.problems) == (Form.CLASSIC, True, ())


def test_what_ran_is_fit() -> None:
    hosts = [
        replace(host, bridge="xenbr0", address=address, forward=ForwardSpec("eth1", far))
        for host, address, far in ((ALPHA, "192.168.77.1", "10.9.0.1"), (BETA, "192.168.77.2", "10.9.0.2"))
    ]
    for name in ("colo-user.cfg", "colo-trace.cfg"):
        document = Document((FIXTURES / name).read_text())
        verdict = check(document, hosts[0], hosts[1])
        assert verdict.form is Form.MERGED
        assert [one.what for one in verdict.problems if one.blocking] == (
            [] if "xen_nopv" in document.text else ["`cmdline` does not hold xen_nopv."]
        )
    kernel_proxy = Document((FIXTURES / "colo-kern.cfg").read_text())
    assert any("lacks colo_checkpoint_host" in one.what for one in check(kernel_proxy, *hosts).problems)
    assert form_of(Document((FIXTURES / "base.cfg").read_text())) is None


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("builder='hvm'", "builder='generic'", 3, "`builder` is 'generic'"),
        ("xen_platform_pci=0", "xen_platform_pci=1", 5, "gets PV drivers"),
        ("xen_platform_pci=0", "x=1", 0, "not given: it is 1"),
        ("xen_platform_pci=0", "xen_platform_pci='no'", 5, "is no number"),
        ('extra="xen_nopv"', 'extra="quiet"', 7, "does not hold xen_nopv"),
        ("model=e1000", "model=rtl8139", 9, "model is rtl8139"),
        (" model=e1000,", "", 9, "not given: rtl8139"),
        ("192.168.3.1:9000", "10.0.0.2:9000", 8, "forward NIC's address 10.0.0.2"),
        ("192.168.3.1:9000", "192.168.3.2:9000", 8, "address of alpha"),
        ("192.168.3.1:9000", "192.168.3.1", 8, "not address:port"),
        ("filter=colo,", "", 8, "no filter=colo"),
        ("backendtype=tap,", "", 8, "not of backendtype=tap"),
        ("format=raw", "format=qcow2", 8, "is not raw"),
        (", forwarddev=eth0", "", 9, "no forwarddev"),
        ("forwarddev=eth0", "forwarddev=eth7", 9, "forwarddev eth7 is not"),
        ("forwarddev=eth0", "forwardbr=br1", 9, "does not know `forwardbr=br1`"),
        ("bridge=br0", "bridge=br7", 9, "bridge of alpha is br0"),
        ("vif = [", "vif = [ ['x'],", 9, "leaves out that item"),
        ("disk = [", "disk = 'x' # [", 8, "should be a list"),
        ("vdev=hda", "wdev=hda", 8, "unknown parameter"),
        ("name = 'hvm'", "name = 'a'\nname='b'", 3, "set again; line 2"),
        ("name = 'hvm'", "name = 'a\\0123'", 2, "xl keeps nothing"),
        ("mac=00:16:4f:00:00:11,", "", 9, "no mac"),
        ("mac=00:16:4f:00:00:11", "mac=zz", 9, "no hardware address"),
        ("name = 'hvm'", "", 0, "has no name"),
    ],
)
def test_each_fault_is_told_with_its_line(old: str, new: str, line: int, words: str) -> None:
    assert SEED.count(old) == 1
    assert any(at == line and words in what for at, what, _ in found(SEED.replace(old, new)))


def test_two_disks_need_their_own_ports_and_two_vifs_their_own_nics() -> None:
    disk = SEED.splitlines()[7].split("'")[1]
    vif = SEED.splitlines()[8].split("'")[1]
    text = SEED + f"disk += ['{disk.replace('hda', 'hdb')}']\nvif += ['{vif}']\n"
    assert (10, "filter-params of disk hdb is that of line 8.", True) in found(text)
    assert (11, "forwarddev eth0 is that of the vif in line 9 too.", True) in found(text)


def test_generated_configurations_are_fit_and_small_to_change() -> None:
    document = generate(GUEST, ALPHA, "192.168.3.2", "192.168.3.1", {"tsc_mode": "native"})
    assert check(document, ALPHA, BETA).problems == ()
    assert (document.number("memory"), document.string("tsc_mode")) == (512, "native")
    assert document.string("cmdline") == "console=ttyS0 xen_nopv"
    back = generate(GUEST, ALPHA, "192.168.3.1", "192.168.3.2")
    assert any("an address of beta" in one.what for one in problems(back, Form.MERGED, ALPHA, BETA))
    many = replace(GUEST, disks=tuple(DiskSpec(f"/srv/{n}.raw", "raw") for n in range(4)))
    assert check(generate(many, ALPHA, "192.168.3.2", "192.168.3.1"), ALPHA, BETA).fit


def test_broken_merged_configurations() -> None:
    good = generate(GUEST, ALPHA, "192.168.3.2", "192.168.3.1").text
    for old, new, words in (
        (",colo_checkpoint_host=192.168.3.2", "", "lacks colo_checkpoint_host"),
        ("colo_sock_mirror_ip=192.168.3.2", "colo_sock_mirror_ip=192.168.3.1", "a socket of the filters is at"),
        (",colo_sock_mirror_id=mirror0", "", "lacks 1 colo_ keys: colo_sock_mirror_id"),
        ("colo_sock_mirror_port=9003", "colo_sock_mirror_port=9999", "the mirror has port 9999 at one end"),
        ("colo-host=192.168.3.1", "colo-host=192.168.3.2", "colo-host 192.168.3.2 is an address of alpha"),
        ("backendtype=qdisk", "backendtype=phy", "not of backendtype=qdisk"),
        ("colo-export=qdisk1,", "", "lacks colo-export"),
        ("hidden-disk=/srv/web.raw.hidden", "hidden-disk=/srv/web.raw.active", "is used twice"),
        ("active-disk=/srv/web.raw.active", "active-disk=/srv/web.raw", "own image as an overlay"),
        (",colo,", ",", "has no `colo`"),
        ("colo-port=9000", "filter=colo", "xl refuses this disk"),
        ("format=raw,devtype=disk,access=rw,vdev=hda", "tap:colo:x,hda,w", "prefix of this disk is no COLO"),
    ):
        assert good.count(old) == 1, old
        assert any(words in what and blocks for _, what, blocks in found(good.replace(old, new), Form.MERGED)), words


def test_a_stray_last_character_is_told() -> None:
    assert not [what for _, what, _ in found(SEED.rstrip("\n")) if "belongs to nothing" in what]
    assert (10, "the last character, '#', belongs to nothing.", False) in found(SEED + "#")


def test_two_vifs_and_two_servers_are_too_many() -> None:
    guest = replace(GUEST, disks=(DiskSpec("/srv/a.raw", "raw"), DiskSpec("/srv/b.raw", "raw")))
    good = generate(guest, ALPHA, "192.168.3.2", "192.168.3.1").text
    assert not [what for _, what, blocks in found(good, Form.MERGED) if blocks]
    line = good.count("\n") + 1
    assert (line, "this is a second vif.", True) in found(
        good + "vif+=['mac=00:16:3e:1:2:4,bridge=br0']\n", Form.MERGED
    )
    other = good.replace("colo-port=9000,colo-export=qdisk2", "colo-port=9001,colo-export=qdisk2")
    assert any(what.startswith("the disks name different") for _, what, _ in found(other, Form.MERGED))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nics": ()}, "exactly one"),
        ({"nics": (NicSpec("00:16:3e:00:00:01", NicModel.VIRTIO),)}, "e1000 only"),
        ({"disks": ()}, "0 disks"),
        ({"disks": (DiskSpec("/a,b", "raw"),)}, "cannot hold '/a,b'"),
        ({"memory": 5}, "less than 1 MiB"),
    ],
)
def test_a_guest_that_cannot_be_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(EngineUnfit, match=words):
        generate(replace(GUEST, **change), ALPHA, "192.168.3.2", "192.168.3.1")  # type: ignore[arg-type]


def test_classic_to_merged_keeps_the_rest_and_names_what_is_lost() -> None:
    document = Document(SEED, "hvm.cfg")
    made = to_merged(document, ALPHA, "192.168.3.2", "192.168.3.1")
    verdict = check(made.document, ALPHA, BETA)
    assert (verdict.form, verdict.fit) == (Form.MERGED, True)
    lines = made.document.diff(document)
    assert [line for line in lines if line[0] == "+"][1:] == [f"+{line}" for line in SEED.splitlines()[7:9]]
    assert made.document.text.startswith("\n".join(SEED.splitlines()[:7]))
    assert [(lost.line, lost.what) for lost in made.lost] == [
        (8, "filter-params=192.168.3.1:9000 of hda"),
        (8, "backendtype=tap and its filter of hda"),
        (9, "the work of forwarddev=eth0"),
    ]
    assert made.left == (
        "Make the overlays of hda on the secondary, as large as the disk: /i.img.active and /i.img.hidden.",
    )
    again = to_merged(made.document, ALPHA, "192.168.3.2", "192.168.3.1")
    assert again.document == made.document


def test_plain_to_classic() -> None:
    plain = Document(
        'name="x"\ntype="hvm"\nxen_platform_pci=0\n'
        'disk=["/a.img,raw,hda,w",  # root\n "phy:/dev/vg/b,hdb,w", "cdrom,vdev=hdc,target="]\n'
        "vif=['bridge=br0,mac=00:16:3e:1:2:3']\n"
    )
    made = to_classic(plain, ALPHA, BETA)
    assert check(made.document, ALPHA, BETA).fit
    assert "# root" in made.document.text
    assert [disk.text[-40:] for disk in made.document.texts("disk")] == [
        "ter-params=192.168.3.1:9000,target=/a.img"[-40:],
        "-params=192.168.3.1:9001,target=/dev/vg/b"[-40:],
        "cdrom,vdev=hdc,target=",
    ]


def test_what_cannot_be_read_is_not_converted() -> None:
    for text in (
        "disk=['vdev=hda']\n",
        "disk=['vdev=hda,target=/x']\nvif=['rate=1']\n",
        "disk=['tap:colo:1:2|aio:/x,hda,w']\n",
    ):
        with pytest.raises(ConfigError) as caught:
            to_merged(Document(text, "g.cfg"), ALPHA, "192.168.3.2", "192.168.3.1")
        assert caught.value.line > 0
