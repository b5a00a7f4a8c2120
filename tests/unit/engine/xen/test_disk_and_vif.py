"""Disks and vifs as xl splits them: libxl's recorded values, changes of single words, and hostile text."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.colokeys import KNOWN, base_port_of, colo_keys
from colotui.engine.xen.disk import DiskError, parse_disk
from colotui.engine.xen.disktext import changed, disk_words, is_named, named
from colotui.engine.xen.vif import VifError, mac_of, parse_rate, parse_rdm, parse_vif
from tests.xen.forms import disk_form

FIXTURES = Path(__file__).parents[3] / "fixtures" / "xen"
DISKS: list[dict[str, Any]] = json.loads((FIXTURES / "corpus.json").read_text())["disks"]
CLASSIC = (
    "format=raw,devtype=disk,access=w,vdev=hda,backendtype=tap,filter=colo,filter-params=192.168.3.1:9000,target=/i"
)


def test_corpus_is_large_and_mixed() -> None:
    assert (len(DISKS), sum(case["made"] is not None for case in DISKS)) == (519, 96)


@pytest.mark.parametrize("case", DISKS, ids=lambda case: repr(case["text"][:40]))
def test_verdict_and_values_are_libxl_s(case: dict[str, Any]) -> None:
    if case["made"] is None:
        with pytest.raises(DiskError):
            parse_disk(case["text"])
        return
    told = {key: value for key, value in case["made"].items() if value != "" or key in ("pdev_path", "vdev")}
    assert disk_form(parse_disk(case["text"])) == told


def test_what_real_xl_said_of_the_classic_words() -> None:
    told = (FIXTURES / "xl-parse-classic-vs-modern.txt").read_text()
    runs = [run for run in told.split("### $ xl create -n -d ")[1:] if "..." not in run.splitlines()[0]]
    checked = 0
    for run in runs:
        disk = run.split('disk=["')[1].split('"]')[0]
        if "rc=1" in run:
            with pytest.raises(DiskError, match="unknown parameter `filter=c`"):
                parse_disk(disk)
        else:
            assert f'"pdev_path": "{parse_disk(disk).target}"' in run
        checked += 1
    assert checked == 6


def test_classic_words_belong_to_classic_colo() -> None:
    disk = parse_disk(CLASSIC, classic=True)
    assert (disk.filter, disk.filter_params, disk.backendtype, disk.writable) == (
        "colo",
        "192.168.3.1:9000",
        "tap",
        True,
    )
    with pytest.raises(DiskError):
        parse_disk(CLASSIC)


def test_words_of_a_disk() -> None:
    assert disk_words("a, b=1,target=/x,y") == ["a", " b=1", "target=/x,y"]
    assert is_named("format=raw, vdev=hda,cdrom,target=/x,y")
    assert not is_named("/x,raw,hda,w")
    assert changed("vdev=hda, format=raw,target=/x,y", {"colo": "", "format": "qcow2", "script": None}) == (
        "vdev=hda, format=qcow2,colo,target=/x,y"
    )
    assert changed("/x,raw,hda,r", {"colo": ""}) == "format=raw,vdev=hda,access=ro,colo,target=/x"
    with pytest.raises(DiskError, match="comma"):
        changed("vdev=hda,target=/x", {"active-disk": "/a,b"})


@pytest.mark.parametrize("case", [case for case in DISKS if case["made"]], ids=lambda case: repr(case["text"][:40]))
def test_a_disk_written_with_names_is_the_same_disk(case: dict[str, Any]) -> None:
    disk = parse_disk(case["text"])
    if any("," in value for value in (disk.vdev or "", disk.script)) or (disk.vdev or "").strip() != disk.vdev:
        return
    assert disk_form(parse_disk(named(disk))) == disk_form(disk)


def test_forty_four_keys_follow_from_one_address() -> None:
    vif = parse_vif(Document((FIXTURES / "colo-user.cfg").read_text()).texts("vif")[0].text)
    proven = {key: value for key, value in vif.values.items() if key.startswith("colo_")}
    made = colo_keys("192.168.77.1", 9000)
    assert made == proven
    assert list(made) == list(proven)
    assert (len(made), len(KNOWN)) == (44, 48)
    assert base_port_of(made) == 9000
    assert base_port_of({}) is None


def test_a_vif_keeps_its_words_and_blanks() -> None:
    vif = parse_vif("mac=00:16:4f:00:00:11, bridge=br0,model=e1000, forwarddev=eth0,,forwardbr=br1,bridge=br9")
    assert vif.get("bridge") == "br9"
    assert vif.unknown == ("forwardbr=br1",)
    assert vif.with_values({"forwarddev": "eth1", "mtu": "1400"}).text == (
        "mac=00:16:4f:00:00:11, bridge=br0,model=e1000, forwarddev=eth1,forwardbr=br1,bridge=br9,mtu=1400"
    )
    assert vif.without("forwardbr", "bridge").text == "mac=00:16:4f:00:00:11,model=e1000, forwarddev=eth0"
    for bad in ("rate=1", "mtu=x", "devid=-1", "a" * 20_000):
        with pytest.raises(VifError):
            parse_vif(bad)


def test_small_words() -> None:
    assert parse_rate("1MB/s@20ms") == (20_000, 20_000)
    assert parse_rate("010MB/s") == (400_000, 50_000)
    assert mac_of("0:16:3E:77:0:10") == "00:16:3e:77:00:10"
    assert parse_rdm("strategy=host").strategy == "host"
    for bad in ("", "policy=strict", "strategy=none", "strategy=host,"):
        with pytest.raises(VifError):
            parse_rdm(bad)
    for bad in ("", "0B/s", "08MB/s", "1B/s@", "1B", "9" * 5000 + "B/s", "1B/s@4295s"):
        with pytest.raises(VifError):
            parse_rate(bad)


@given(st.text(max_size=80))
def test_any_text_ends_in_a_value_or_in_our_error(text: str) -> None:
    for parse, error in ((parse_disk, DiskError), (parse_vif, VifError), (parse_rate, VifError), (parse_rdm, VifError),
                         (mac_of, VifError)):  # fmt: skip
        with contextlib.suppress(error):
            parse(text)
