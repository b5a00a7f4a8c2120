"""`xl info`, `xl list`, `xl list -l` and xenstore: the captures, counted by hand, and hostile text."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.xen import xenstore
from colotui.engine.xen.xlinfo import XenInfo, parse_info, parse_list, parse_list_long
from colotui.errors import EngineError
from colotui.host.wiring import Feed, Link, Wiring
from colotui.model.protection import Role

FIXTURES = Path(__file__).parents[3] / "fixtures" / "xen"


def text(name: str) -> str:
    return (FIXTURES / name).read_text()


def test_info() -> None:
    info = parse_info(text("xl-info.txt"))
    assert (info.version, info.numbers, info.hvm, info.free_mib, len(info.values)) == (
        "4.20.4-pre", (4, 20, 4), True, 2322, 34,
    )  # fmt: skip
    assert info.options["dom0_mem"] == "1536M,max:1536M"
    assert info.shows_old_triple_fault
    assert parse_info("").version == ""
    assert not parse_info("xl: cannot open libxc handle: x").hvm


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("", False), ("guest_loglvl=warning", False), ("guest_loglvl=none/warning", False), ("guest_loglvl=all", True),
        ("guest_loglvl=none/info", True), ("guest_loglvl=debug/debug", True), ("loglvl=all", False),
        ("guest_loglvl=all guest_loglvl=error", False),
    ],
)  # fmt: skip
def test_whether_an_old_xen_shows_a_triple_fault(options: str, shown: bool) -> None:
    assert XenInfo({"xen_commandline": options}).shows_old_triple_fault is shown


def test_lists() -> None:
    rows = parse_list(text("xl-list.txt"))
    assert [(row.name, row.domid, row.memory, row.state) for row in rows] == [
        ("Domain-0", 0, 1536, "r-----"),
        ("hvm1", 7, 192, "-b----"),
    ]
    assert [row.name for row in parse_list(text("xl-list-v.txt"))] == ["Domain-0", "hvm1"]
    copy = parse_list(text("xl-list-colo-secondary.txt"))[1]
    assert (copy.guest, copy.incoming, copy.shut, copy.paused, copy.seconds) == ("hvm1", True, "suspend", False, 0.2)
    left = parse_list("hvm1--incoming                               8     0     0     --p---       0.0")[0]
    assert (left.incoming, left.paused, left.memory, left.shut) == (True, True, 0, "")
    crashed = parse_list("a b                                          8     1     1     ---sc-       0.0")[0]
    assert (crashed.name, crashed.shut) == ("a b", "crash")
    stock = parse_list(text("xl-remus-stock-4.20-run.txt"))
    assert sum(row.incoming for row in stock) == 12


def test_which_copy_runs_after_a_failure() -> None:
    def last(name: str) -> list[tuple[str, int, str]]:
        return [(row.name, row.domid, row.shut) for row in parse_list(text(name)) if row.domid]

    # the primary is left suspended in the middle of a checkpoint, and the copy was promoted
    assert last("colo-after-failover-primary.txt") == [("hvm1", 9, "suspend")]
    assert last("colo-after-failover-secondary.txt") == [("hvm1", 7, "")]
    assert last("J-AB-stock-libxenguest-primary.txt")[1:] == [
        ("hvm1", 1, "suspend"), ("hvm1", 1, "suspend"), ("hvm1", 1, ""),
    ]  # fmt: skip
    # a node was killed and sshd waits: nothing is renamed
    orphan = parse_list(text("B-nodekill-secondary-nofailover.txt"))
    assert (len(orphan), {row.name for row in orphan}) == (8, {"hvm1--incoming"})
    assert last("A-failover-destroy-secondary.txt")[0] == ("hvm1--incoming", 2, "suspend")


def test_long_lists() -> None:
    primary = parse_list_long(text("xl-list-l-colo-primary.json"))
    assert [(one.name, one.domid, one.type, one.secondary, one.has_filters) for one in primary] == [
        ("hvm1", 7, "hvm", False, True)
    ]
    assert primary[0].colo_disks[0]["hidden_disk"] == "/root/hvm/hidden.qcow2"
    assert sum(key.startswith("colo_") for key in primary[0].nics[0]) == 44
    secondary = parse_list_long(text("xl-list-l-colo-secondary.json"))
    assert [(one.name, one.secondary) for one in secondary] == [("Domain-0", False), ("hvm1--incoming", True)]
    promoted = parse_list_long(text("H-xl-list-l-promoted.json"))
    assert [(one.name, one.secondary) for one in promoted] == [("hvm1", True)]
    assert [len(one.colo_disks) for one in parse_list_long(text("xl-list-l.json"))] == [0, 0]
    assert parse_list_long("[]") == ()


@pytest.mark.parametrize("told", ["", "{}", "[1]", "[{}]", '[{"domid": "7"}]', "[" * 100_000, "9" * 5000, "Error"])
def test_what_is_no_list_is_told(told: str) -> None:
    with pytest.raises(EngineError, match="xl list -l"):
        parse_list_long(told)


NAMES = st.sampled_from(["domid", "config", "c_info", "name", "disks", "nics"])
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=20,
)


@given(json_value)
def test_any_json_is_a_list_or_our_error(value: object) -> None:
    with contextlib.suppress(EngineError):
        for one in parse_list_long(json.dumps(value)):
            assert (one.colo_disks is not None, one.secondary in (True, False)) == (True, True)
            assert one.has_filters in (True, False)


def test_xenstore_of_a_host() -> None:
    store = xenstore.parse(text("xenstore-ls.txt"))
    assert len(store) == 262 == len(text("xenstore-ls.txt").splitlines())
    assert store["/libxl/7/device/vif/0/mac"] == "00:16:3e:77:00:10"
    assert xenstore.domain_names(store) == {0: "Domain-0", 7: "hvm1"}
    assert xenstore.device_model_state(store, 7) == "running"
    assert xenstore.ifb_claims(store) == ()


CLAIMS = """\
libxl = ""
 5 = ""
  colo_agent = ""
   0 = ""
    ifb_primary = "ifb0"
    ifb_secondary = "ifb1"
   1 = ""
    ifb_primary = "ifb1"   (n0)
    ifb_secondary = "; reboot"
local = "a\\x1b\\n\\\\\\001"
broken
"""


def test_claims_of_the_agent_s_scripts() -> None:
    store = xenstore.parse(CLAIMS)
    assert store["/local"] == "a\x1b\n\\\x01"
    claims = xenstore.ifb_claims(store)
    assert [(one.domid, one.nic, one.role, one.ifb) for one in claims] == [
        (5, 0, Role.PRIMARY, "ifb0"),
        (5, 0, Role.SECONDARY, "ifb1"),
        (5, 1, Role.PRIMARY, "ifb1"),
    ]
    assert xenstore.claimed_twice(claims) == ("ifb1",)
    devices = [
        ("ifb0", True, "ifb", "colo"),
        ("ifb1", True, "ifb", "pfifo"),
        ("ifb2", True, "ifb", "pfifo"),  # up, and nobody's
        ("ifb3", True, "ifb", "pfifo"),
        ("ifb4", False, "ifb", "noop"),
        ("ifb5", True, "ifb", "colo"),
        ("eth0", True, "", "mq"),
    ]
    links = {
        name: Link(index, name, up, up, "", 1500, kind, 0, qdisc)
        for index, (name, up, kind, qdisc) in enumerate(devices)
    }
    assert xenstore.leaked(claims, Wiring(links, (Feed("vif5.0", "ifb3", True, False),))) == ("ifb2",)


@given(st.text(max_size=300))
def test_any_text_is_read(told: str) -> None:
    xenstore.ifb_claims(xenstore.parse(told))
    parse_list(told)
    parse_info(told).options  # noqa: B018
