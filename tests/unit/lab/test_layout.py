"""Names and addresses of labs: no two labs share any, and nothing too long for the kernel."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from colotui.errors import LabError
from colotui.lab.layout import HOSTS, LINKS, RUN, SLOTS, Net, Places, cables_of


def test_the_first_lab_has_the_documented_addresses() -> None:
    net = Net()
    assert (net.guest, net.service(1), net.service(254)) == ("10.77.0.10", "10.77.0.1", "10.77.0.254")
    assert [net.host_forward(host) for host in HOSTS] == ["10.78.0.1", "10.78.0.2"]
    assert [net.host_management(host) for host in HOSTS] == ["10.79.0.2", "10.79.0.3"]


def test_labs_do_not_overlap() -> None:
    networks = [ip_network(text) for slot in range(SLOTS) for text in Net(slot).networks]
    assert not any(a.overlaps(b) for i, a in enumerate(networks) for b in networks[i + 1 :])


def test_interface_names_fit_the_kernel() -> None:
    names = [Net(SLOTS - 1).outer(kind) for kind in ("service", "mgmt")]
    names += [far for link in LINKS for far in cables_of(link)]
    assert max(map(len, names)) <= 15


@pytest.mark.parametrize("name", ["", "Lab", "../x", "a b", "1x", "a-b", "abcdefghijklm", "x\n"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot be a lab's name"):
        Places(name)


def test_each_name_has_a_folder_of_its_own() -> None:
    assert Places().run == RUN
    assert Places("two").run == RUN.with_name("colotui-lab-two")


def test_cables_of_links() -> None:
    assert cables_of("forward") == ("alpha-forward", "beta-forward")
    assert cables_of("management-beta") == ("beta-mgmt",)
    with pytest.raises(LabError, match="no link of the lab"):
        cables_of("service")
