"""An examination of real hosts: this machine twice, and one that cannot be reached."""

from __future__ import annotations

from dataclasses import replace

from colotui.controller.examining import Examination
from colotui.model.check import Finding, Verdict
from colotui.model.pair import EngineKind, ForwardSpec, HostSpec, Pair
from tests.unit.diagnosis.checksample import pair

HOSTS = tuple(HostSpec(name, "local", ForwardSpec("lo", "127.0.0.1", 8)) for name in ("alpha", "beta"))
HERE = replace(pair(), hosts=(HOSTS[0], HOSTS[1]))


async def examined(the_pair: Pair) -> dict[tuple[str, str], Finding]:
    examination = Examination(the_pair)
    try:
        look = await examination.look()
    finally:
        await examination.close()
    return {(finding.host, finding.key): finding for finding in look.findings}


async def test_two_hosts_are_read_tried_and_judged() -> None:
    # Ports nobody is likely to have open here.
    found = await examined(replace(HERE, guests=(replace(HERE.guests[0], base_port=47100),)))
    for name in ("alpha", "beta"):
        assert found[name, "reach"].verdict is Verdict.OK
        assert found[name, "ports-reached"].verdict is Verdict.OK, found[name, "ports-reached"]
        assert found[name, "forward-nic"].verdict is Verdict.OK
    assert found["", "clocks-apart"].verdict is Verdict.OK
    assert "does not run" in found["", "guest-tcp-sack"].evidence


async def test_a_host_that_is_not_there_is_unknown_and_the_other_one_judged() -> None:
    gone = HostSpec("beta", "127.0.0.1", ForwardSpec("lo", "127.0.0.1", 8), port=1)
    found = await examined(replace(HERE, hosts=(HOSTS[0], gone)))
    assert found["beta", "reach"].verdict is Verdict.UNKNOWN
    assert "beta" in found["beta", "reach"].evidence
    assert found["alpha", "reach"].verdict is Verdict.OK
    assert ("alpha", "ports-reached") not in found
    assert ("beta", "bridge") not in found


async def test_ssh_between_the_hosts_is_tried_for_the_xen_engine() -> None:
    peer = HostSpec("beta", "127.0.0.1", ForwardSpec("lo", "127.0.0.1", 8), port=1)
    guests = (replace(HERE.guests[0], engine=EngineKind.XEN, probe=None),)
    found = await examined(replace(HERE, hosts=(HOSTS[0], peer), guests=guests))
    finding = found["alpha", "ssh"]
    assert finding.verdict is Verdict.BAD
    assert finding.advice
    assert found["", "guest-tcp-sack"].evidence == "the pair file names no TCP service of the guest"
