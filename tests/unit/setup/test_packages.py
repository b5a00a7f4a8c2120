"""Sources, apt's answers, and which distributions can be asked: pure text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from colotui.setup import apt, aptsources, packages
from tests.lab.preparing import survey

LINE = "deb [signed-by=/etc/k.gpg arch=amd64] https://mirror.example/debian trixie main contrib # ours\n"
STANZA = """# a remark
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main non-free-firmware
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQ
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://security.example/debian-security
Suites: trixie-security
Components: main
"""


def test_backports_come_from_where_the_suite_comes_from() -> None:
    found = aptsources.backports({"/etc/apt/sources.list": LINE}, "trixie")
    assert found is not None
    assert (found.there, found.path) == (False, aptsources.LIST)
    wanted = "deb [signed-by=/etc/k.gpg arch=amd64] https://mirror.example/debian trixie-backports main"
    assert found.text.splitlines()[1:] == [wanted]
    found = aptsources.backports({"/etc/apt/sources.list.d/debian.sources": STANZA}, "trixie")
    assert found is not None
    assert (found.there, found.path) == (False, aptsources.SOURCES)
    lines = found.text.splitlines()
    assert lines[1:5] == [
        "Types: deb",
        "URIs: http://mirror.example/debian",
        "Suites: trixie-backports",
        "Components: main",
    ]
    assert lines[5:] == STANZA.splitlines()[5:10]
    # what we write is itself such an entry
    again = aptsources.backports({found.path: found.text}, "trixie")
    assert again is not None
    assert again.there


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.list", "deb cdrom:[Debian]/ trixie main\n"),
        ("a.list", "# deb http://mirror.example/debian trixie main\n"),
        ("a.list", "deb-src http://mirror.example/debian trixie main\n"),
        ("a.list", "deb http://mirror.example/debian bookworm main\n"),
        ("a.list", "deb http://mirror.example/debian trixie contrib\n"),
        ("a.list", "deb [ trixie main\n"),
        ("a.sources", "Enabled: no\n" + STANZA.split("\n", 1)[1].split("\n\n")[0]),
        ("a.sources", STANZA.split("\n\n")[1]),
        ("a.sources", " no field\nTypes deb\n\n\n"),
        ("a.list", ""),
    ],
)
def test_what_is_no_entry_for_the_suite(path: str, text: str) -> None:
    assert aptsources.backports({path: text}, "trixie") is None


def test_backports_that_are_there_are_taken_as_they_are() -> None:
    files = {"a.list": LINE, "b.list": "deb http://other.example/debian trixie-backports main\n"}
    found = aptsources.backports(files, "trixie")
    assert found is not None
    assert found.there


def test_what_apt_says() -> None:
    told = (
        "Reading package lists...\nRemv old-one [1.0]\nInst new-one (2.0 Debian:13 [amd64])\n"
        "Inst qemu-utils [1:10.0.2] (1:11.1.3 Debian Backports:13 [amd64]) []\nInst lib:i386 (1 x [i386])\n"
        "Purg gone [1]\nConf new-one (2.0)\n"
    )
    change = apt.parse_change(told)
    assert change.comes == ("new-one", "lib:i386")
    assert change.replaced == {"qemu-utils": "1:10.0.2"}
    assert change.goes == ("old-one", "gone")
    listed = "a\tamd64\t1\tii \nb\tall\t2\trc \nc\ti386\t3\tii \nd\tamd64\t\tun \nnonsense\n"
    assert apt.parse_packages(listed, "amd64") == {
        "a": apt.Package("1", True),
        "b": apt.Package("2", False),
        "c:i386": apt.Package("3", True),
    }


@pytest.mark.parametrize(
    ("system", "release", "words"),
    [
        ("debian", "trixie", ""),
        ("debian", "forky", ""),
        ("debian", "sid", ""),
        ("debian", "bookworm", "Debian bookworm has no QEMU whose COLO works"),
        ("ubuntu", "noble", "no QEMU 11.1 or newer is known of ubuntu noble"),
        ("", "", "no QEMU 11.1 or newer is known of this system"),
    ],
)
def test_who_can_be_asked(system: str, release: str, words: str) -> None:
    told = packages.why_not(replace(survey("alpha"), system=system, release=release))
    assert told.startswith(words)
    assert bool(told) == bool(words)
