"""Lines of libxl, xl, libxc and the hypervisor: every format, every capture, counted by hand."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.xen.hypervisor import HypervisorLog
from colotui.engine.xen.log import hypervisor_fact, libxl_fact
from colotui.model.incident import Source

FIXTURES = Path(__file__).parents[3] / "fixtures" / "xen"
OLD = "(XEN) hvm.c:2645:d5v0 Triple fault on VCPU0 - invoking HVM shutdown action 1."
NEW = "(XEN) d5v0 Triple fault - invoking HVM shutdown action 1"
STAMPED = "(XEN) [2026-11-23 08:44:46] d12v3 Triple fault - invoking HVM shutdown action 3"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("libxl: error: libxl_qmp.c:429:qmp_next: timeout", "qmp-timeout"),
        ("libxl: error: libxl_qmp.c:9999:qmp_next: Domain 7:timeout", "qmp-timeout"),
        ("2026-11-23 08:44:46 UTC [773] libxl: error: libxl_qmp.c:1:qmp_next: Domain 7:timeout", "qmp-timeout"),
        ("libxl: error: libxl_qmp.c:429:other: timeout", ""),
        ("libxl: error: libxl_qmp.c:1:qmp_next: Unexpected end of socket", "qmp-gone"),
        ("libxl: error: libxl_qmp.c:1:qmp_next: Socket read error", "qmp-gone"),
        ("libxl: error: libxl_qmp.c:1:f: Domain 2:Failed to connect to QMP socket /x: No such file", "qmp-gone"),
        ("libxl: error: libxl_qmp.c:690:libxl__qmp_initialize: Domain 2:Connection error: No such file", "qmp-gone"),
        ("libxl: error: libxl_qmp.c:1:f: received an error message from QMP server: x", "qmp-error"),
        ("libxl: error: libxl_colo_save.c:59:f: cannot open /dev/HA_compare", "module-gone"),
        ("libxl: error: libxl_colo_save.c:65:f: cannot pass vmid to colo-agent", "module-gone"),
        ("libxl: error: libxl_colo_save.c:101:f: unable to fork", "save-failed"),
        ("libxl: error: libxl_colo_save.c:156:f: failed to wait for new checkpoint", "save-failed"),
        ("libxl: error: libxl_colo_save.c:223:f: COLO only supports hvm now", "hvm-only"),
        (
            "libxl: error: libxl_colo_save.c:274:f: COLO: failed to setup device for guest with domid 3, rc 1",
            "device-setup",
        ),
        ("libxl: error: libxl_colo_save.c:289:f: COLO: failed to teardown device after setup failed 3", "teardown"),
        ("libxl: error: libxl_colo_save.c:310:f: COLO: Domain suspend terminated with rc -3, teardown", "terminated"),
        ("libxl: error: libxl_colo_save.c:376:f: cannot suspend primary vm", "suspend-failed"),
        ("libxl: error: libxl_colo_save.c:405:f: postsuspend fails", "suspend-failed"),
        ("libxl: error: libxl_colo_save.c:554:f: Failed to save device model. Terminating COLO..", "save-failed"),
        ("libxl: error: libxl_colo_save.c:617:f: preresume fails", "resume-failed"),
        ("libxl: error: libxl_colo_save.c:623:f: cannot resume primary vm", "resume-failed"),
        ("libxl: error: libxl_colo_save.c:708:f: commit fails", "save-failed"),
        ("libxl: error: libxl_colo_save.c:770:f: cannot start a new checkpoint", "save-failed"),
        ("libxl: error: libxl_colo_save.c:794:f: reading data fails: 3", "stream"),
        ("libxl: error: libxl_colo_save.c:452:f: invalid section: 3, expected: 4", "stream"),
        ("libxl: error: libxl_colo_restore.c:1:f: cannot enable secondary vm's logdirty", "restore-failed"),
        ("libxl: error: libxl_colo_restore.c:1:f: cannot restore device model for secondary vm", "restore-failed"),
        ("libxl: error: libxl_colo_restore.c:1:f: cannot resume secondary vm", "resume-failed"),
        ("libxl: error: libxl_colo_restore.c:1:f: invalid status: 3", "stream"),
        ("libxl: error: libxl_colo_restore.c:1:f: cannot do failover", "restore-failed"),
        ("libxl: error: libxl_colo_restore.c:1:f: cannot unpause secondary vm", "resume-failed"),
        ("libxl: error: libxl_colo_restore.c:1:f: cannot suspend secondary vm", "suspend-failed"),
        ("libxl: error: libxl_colo_restore.c:1:f: getting secondary vm's dirty bitmap fails", "restore-failed"),
        ("libxl: error: libxl_colo_restore.c:1:f: sending data fails", "stream"),
        ("libxl: error: libxl_colo_nic.c:216:f: colo_agent script x setup failed for vif 1: y", "device-setup"),
        ("libxl: error: libxl_colo_save_disk_blktap2.c:54:f: cannot creating socket fd", "disk-agent"),
        ("libxl: error: libxl_colo_save_disk_blktap2.c:64:f: cannot connecte to 1.2.3.4:9", "disk-agent"),
        ("libxl: info: libxl_colo_restore.c:322:libxl__colo_restore_teardown: Domain 2:failover", "failover"),
        ("libxl: info: libxl_colo_restore.c:322:libxl__colo_restore_teardown: Domain 2:colo fails", "colo-fails"),
        ("libxl: error: x.c:1:f: replication error occurs when primary vm is running", "replication"),
        ("libxl: error: x.c:1:f: colo index 3 has already in used", "compare-lost"),
        ("libxl: error: x.c:1:f: netlink bind error", "compare-lost"),
        ("xc: libxl: error: libxl_no_colo.c:42:f: Domain 7:COLO is not supported", "no-colo"),
        ("error: libxl_remus.c:87:libxl__remus_setup: Domain 7:Remus: No support for network buffering", "no-buffer"),
        ("xc: error: rdexact failed (select returned 0): Internal error", "heartbeat"),
        ("xc: error: 0-length read: Internal error", "heartbeat"),
        ("xc: error: rdexact failed (read rc: -1, errno: 104): Internal error", "heartbeat"),
        ("xc: info: COLO Failover", "failover"),
        ("migration target: COLO Failover for domain 2", "failover"),
        ("migration target (COLO): Failed to rename domain from a to b:-3", "rename-failed"),
        ("migration target: Domain creation failed (code -3).", "creation-failed"),
        ("COLO: Primary domain has been destroyed.", "destroyed"),
        ("COLO: Backup failed? resuming domain at primary.", "backup-failed"),
        ("Failed to suspend domain at primary.", "suspend-failed"),
        ("option -c is conflict with -i, -d, -n or -b: Success", "wrong-options"),
        ("option -u must be specified when using COLO: Success", "wrong-options"),
        ("Option -p must be used in conjunction with -c", "wrong-options"),
        ("No config file stored for running domain and none supplied - cannot start remus.", "no-config"),
        ("xl: libxl_stream_read.c:757: stream_complete: Assertion `rc' failed.", "stream-ended"),
        ("xl: libxl_event.c:2060: libxl__ao_inprogress_gc: Assertion `!ao->complete' failed.", "teardown-twice"),
        ("xl: other.c:1: f: Assertion `x' failed.", "assertion"),
        ("migration target: Ready to receive domain.", ""),
        ("libxl: debug: libxl_qmp.c:234:qmp_handle_response: Domain 3:message type: return", ""),
    ],
)
def test_every_line_of_libxl_and_xl(line: str, what: str) -> None:
    fact = libxl_fact("alpha", line, 5.0)
    assert (fact.what if fact else "") == what
    if fact:
        assert (fact.at, fact.host, fact.source) == (5.0, "alpha", Source.LIBXL)


def words(name: str) -> Counter[str]:
    lines = (FIXTURES / name).read_text(errors="replace").splitlines()
    return Counter(fact.what for line in lines if (fact := libxl_fact("h", line, 0.0)))


def test_captures_counted_by_hand() -> None:
    assert words("A-failover-destroy-primary.txt") == {
        "suspend-failed": 1, "save-failed": 1, "qmp-gone": 4, "terminated": 2, "destroyed": 1,
    }  # fmt: skip
    assert words("F-nodekill-secondary.txt") == {"peer-gone": 1, "stream": 1, "failover": 3}
    assert words("H-xlkill-secondary.txt") == {"peer-gone": 1, "stream": 1, "failover": 3}
    assert words("J-AB-stock-libxenguest-secondary.txt") == {"failover": 2}
    assert words("D-secondary-destroy-secondary-side.txt") == {
        "qmp-gone": 3, "restore-failed": 2, "resume-failed": 1, "colo-fails": 2, "teardown": 1, "teardown-twice": 1,
    }  # fmt: skip
    assert words("B-nodekill-secondary-nofailover.txt") == {}
    assert words("B-nodekill-secondary-forced-failover.txt") == {"stream-ended": 1}
    assert words("xl-dmesg-tail.txt") == {}


def test_triple_fault_in_both_formats() -> None:
    for line, domid in ((OLD, 5.0), (NEW, 5.0), (STAMPED, 12.0), (f"{NEW}\r\n", 5.0)):
        fact = hypervisor_fact("beta", line, 1.0)
        assert fact is not None
        assert (fact.what, fact.value, fact.source) == ("triple", domid, Source.HYPERVISOR)
    assert hypervisor_fact("beta", "(d5) Triple fault - invoking HVM shutdown action 1", 1.0) is None


def test_the_hypervisor_s_checkpoints_are_counted_once() -> None:
    log = HypervisorLog("alpha")
    text = (FIXTURES / "H-xl-dmesg-primary.txt").read_text()
    assert log.look(text, 1.0).saved == (2, 2, 2)
    assert log.look(text, 2.0).saved == ()
    one = "(XEN) HVM d2v0 save: CPU\n(XEN) HVM d2 save: PIC\n"
    assert log.look(text + one, 3.0).saved == (2,)
    # the ring goes on: its beginning is cut in the middle of a line
    cut = (text + one)[400:] + one + f"{NEW}\n"
    news = log.look(cut, 4.0)
    assert (news.saved, [fact.what for fact in news.facts], news.missed) == ((2,), ["triple"], False)
    assert log.saved == {2: 5}
    later = HypervisorLog("beta")
    assert later.look((FIXTURES / "H-xl-dmesg-secondary.txt").read_text(), 1.0).restored == (6, 6, 6)


def test_a_ring_that_has_gone_round_is_told() -> None:
    log = HypervisorLog("alpha")
    log.look("(XEN) a\n(XEN) b\n", 1.0)
    news = log.look(f"cut\n{NEW}\n", 2.0)
    assert (news.missed, len(news.facts)) == (True, 1)
    assert log.look("", 3.0).missed
    assert log.look(f"{NEW}\n", 4.0).facts  # `xl dmesg -c` had emptied it


def test_hvmloader_s_crash() -> None:
    log = HypervisorLog("beta")
    assert log.look((FIXTURES / "0-hvmloader-crash.txt").read_text(), 1.0).loader_crashed == (1,)
    assert log.look((FIXTURES / "xl-dmesg-tail.txt").read_text(), 2.0).loader_crashed == ()


@given(
    st.lists(st.sampled_from(["a", "b", "(XEN) HVM d1v0 save: CPU", NEW]), max_size=30), st.integers(0, 30), st.data()
)
def test_what_is_appended_is_new_and_nothing_else(lines: list[str], kept: int, data: st.DataObject) -> None:
    log = HypervisorLog("h")
    log.look("\n".join(lines), 0.0)
    added = data.draw(st.lists(st.sampled_from(["c", NEW]), max_size=5))
    news = log.look("\n".join([*lines, *added]), 1.0)
    assert len(news.facts) == added.count(NEW)


@given(st.text(max_size=400))
def test_any_line_is_a_fact_or_none(line: str) -> None:
    libxl_fact("h", line, 0.0)
    hypervisor_fact("h", line, 0.0)
    HypervisorLog("h").look(line, 0.0)
