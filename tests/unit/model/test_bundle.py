"""The bundle and its archive: bounded, in order, with names that lead nowhere else."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.controller.archive import packed, write
from colotui.errors import ConfigError
from colotui.model import bundle as module
from colotui.model.bundle import FILE_LIMIT, Absent, Bundle, Piece, assembled, safe, word
from colotui.model.secrets import Cleaner

NONE = Cleaner({})


def made(*pieces: Piece, absent: tuple[Absent, ...] = ()) -> Bundle:
    return assembled("lab", "web01", 1764000000.0, pieces, absent, NONE)


def piece(path: str, data: bytes = b"x\n", left_out: int = 0) -> Piece:
    return Piece(path, "a file", "alpha", data, left_out)


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../b", "a//b", "", ".", "..", "-rf", "a\0b", "a b", "é", "a/" * 9 + "b", ".x", "a\nb"]
)
def test_a_name_that_leads_elsewhere_is_refused_and_said(path: str) -> None:
    bundle = made(piece(path), piece("good.txt"))
    assert [one.path for one in bundle.pieces] == ["MANIFEST.txt", "good.txt"]
    assert "is refused" in bundle.pieces[0].data.decode()


@given(st.text(max_size=80))
def test_any_name_becomes_one_plain_word(text: str) -> None:
    assert safe(word(text))
    assert "/" not in word(text)


def test_the_same_bundle_is_the_same_archive() -> None:
    first = packed(made(piece("b"), piece("a/c")))
    assert first == packed(made(piece("a/c"), piece("b")))
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        members = archive.getmembers()
    folder = made().name
    assert [m.name for m in members] == [f"{folder}/{name}" for name in ("MANIFEST.txt", "a/c", "b")]
    assert all(m.isreg() and m.mode == 0o600 and (m.uid, m.gid, m.uname) == (0, 0, "") for m in members)


def test_the_longest_names_can_be_packed() -> None:
    bundle = assembled("p" * 200, "g" * 200, 0.0, [piece("hosts/" + "h" * 100 + "/" + "f" * 100)], (), NONE)
    with tarfile.open(fileobj=io.BytesIO(packed(bundle))) as archive:
        assert len(archive.getnames()) == 2


def test_a_long_file_keeps_its_end_without_the_half_line() -> None:
    line = b"a line of the log\n"
    data = line * (FILE_LIMIT // len(line) + 1000)
    kept = made(piece("log", data)).pieces[1]
    assert len(kept.data) <= FILE_LIMIT
    assert kept.data.startswith(line)
    assert kept.left_out == len(data) - FILE_LIMIT
    assert "left out" in made(piece("log", data)).pieces[0].data.decode()


def test_half_a_secret_at_the_cut_does_not_stay() -> None:
    secret = b"password=" + b"s3cr3t" * 100 + b"\n"
    cut = secret[300:] + b"next\n"
    assert made(piece("log", cut, left_out=300)).pieces[1].data == b"next\n"


def test_all_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 100)
    bundle = made(piece("a", b"x" * 60), piece("b", b"x" * 60), piece("c", b"x" * 30))
    assert [one.path for one in bundle.pieces[1:]] == ["a", "c"]
    assert "would be larger than" in bundle.absent[0].why


def test_no_more_files_than_a_reader_can_look_through() -> None:
    bundle = made(*(piece(f"f{number}") for number in range(module.FILES + 5)), piece("f1"))
    assert len(bundle.pieces) == module.FILES + 1
    assert len(bundle.absent) == 6


def test_the_manifest_obeys_nobody() -> None:
    bundle = made(absent=(Absent("a\x1b[31m", "alpha\n", "no\u202e"),))
    text = bundle.pieces[0].data.decode()
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_it_is_written_once_and_for_its_owner_only(tmp_path: Path) -> None:
    target = tmp_path / "x.tar.gz"
    assert write(made(), target) == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="File exists"):
        write(made(), target)
    with pytest.raises(ConfigError, match="No such file"):
        write(made(), tmp_path / "none" / "x")


def test_no_archive_of_a_name_that_leads_elsewhere() -> None:
    with pytest.raises(ValueError, match="not a name"):
        packed(replace(made(), pieces=(piece("../x"),)))
