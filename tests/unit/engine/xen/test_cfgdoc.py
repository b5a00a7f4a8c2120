"""The document: changes leave all other text alone."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.xen.cfgdoc import Document
from colotui.errors import ConfigError
from tests.xen import generator
from tests.xen.forms import plain

MINE = """# Bob's guest, do not touch
name = 'web'   # the shop
memory = 0x200; vcpus=2
disk = [ 'a.img,raw,hda,w',   # system
         "b.img,raw,hdb,w" ]
disk += ['c.img,raw,hdc,w']
extra = "ro"
extra += " quiet"
"""


def changed_lines(old: Document, new: Document) -> list[str]:
    return [line for line in old.diff(new) if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_values() -> None:
    document = Document(MINE)
    assert document.names == ("name", "memory", "vcpus", "disk", "extra")
    assert document.number("memory") == 512
    assert document.string("extra") == "ro quiet"
    assert [item.text[:5] for item in document.texts("disk")] == ["a.img", "b.img", "c.img"]
    assert [item.line for item in document.texts("disk")] == [4, 5, 6]
    assert (document.string("nothing"), document.number("nothing"), document.items("nothing")) == (None, None, ())
    for ask in (lambda: document.string("disk"), lambda: document.items("name"), lambda: document.number("extra")):
        with pytest.raises(ConfigError):
            ask()


def test_a_value_is_changed_in_its_place() -> None:
    document = Document(MINE)
    assert changed_lines(document, document.with_value("memory", 1024)) == [
        "-memory = 0x200; vcpus=2",
        "+memory = 1024; vcpus=2",
    ]
    assert changed_lines(document, document.with_value("xen_platform_pci", 0)) == ["+xen_platform_pci=0"]


def test_an_item_keeps_its_quotes_and_its_comment() -> None:
    document = Document(MINE)
    new = document.with_text(document.texts("disk")[0], "z.img,raw,hda,w")
    assert changed_lines(document, new) == [
        "-disk = [ 'a.img,raw,hda,w',   # system",
        "+disk = [ 'z.img,raw,hda,w',   # system",
    ]
    assert new.with_text(new.texts("disk")[0], "it's").texts("disk")[0].text == "it's"


def test_additions_are_folded_into_the_new_value() -> None:
    document = Document(MINE)
    new = document.with_value("extra", "ro xen_nopv")
    assert changed_lines(document, new) == ['-extra = "ro"', '-extra += " quiet"', '+extra = "ro xen_nopv"']
    assert Document("a+=1\n").with_value("a", 2).number("a") == 2


def test_taking_away() -> None:
    document = Document(MINE)
    assert changed_lines(document, document.without("extra")) == ['-extra = "ro"', '-extra += " quiet"']
    assert "memory = 0x200; " in document.without("vcpus").text
    assert document.without("name").text.splitlines()[1] == "   # the shop"
    assert document.without("memory").text.splitlines()[2] == "vcpus=2"
    assert document.without("nothing") == document


@given(
    st.sampled_from(["name", "memory", "vcpus", "disk", "extra", "new"]),
    st.one_of(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))), st.integers(0, 99)),
)
def test_any_value_can_be_set_and_the_others_stay(name: str, value: str | int) -> None:
    document = Document(MINE)
    new = document.with_value(name, value)
    assert new.string(name) == str(value)
    for other in set(document.names) - {name, "disk"}:
        assert new.string(other) == document.string(other)
    assert "# Bob's guest, do not touch" in new.text


@pytest.mark.parametrize("seed", range(300))
def test_changes_of_any_configuration_leave_the_other_values(seed: int) -> None:
    try:
        document = Document(generator.config(random.Random(seed)))
    except ConfigError:
        return
    for name in document.names:
        without, changed = document.without(name), document.with_value(name, ["a", ["it's", 7]])
        assert set(without.names) == set(document.names) - {name}
        assert plain(changed, name) == [b"a", [b"it's", b"7"]]
        for other in without.names:
            assert plain(without, other) == plain(changed, other) == plain(document, other)


def test_diffs() -> None:
    document = Document(MINE, "web.cfg")
    assert document.diff(document) == []
    assert document.diff(document.with_value("vcpus", 1), 1) == [
        "--- web.cfg",
        "+++ web.cfg (changed)",
        "@@ -2,3 +2,3 @@",
        " name = 'web'   # the shop",
        "-memory = 0x200; vcpus=2",
        "+memory = 0x200; vcpus=1",
        " disk = [ 'a.img,raw,hda,w',   # system",
    ]


def test_a_stray_last_character_stops_an_addition() -> None:
    with pytest.raises(ConfigError, match="does not read Python"):
        Document("a=1\n)").with_value("b", 1)
    assert Document("a=1\n)").with_value("a", 2).number("a") == 2
