"""A file of somebody else, damaged or made to harm: one sentence, and nothing else."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from colotui.errors import RecordingError
from colotui.model.recording import MarkKind
from colotui.record import schema, source
from colotui.record.recording import Recording
from colotui.record.retention import Keep
from colotui.record.segment import LARGEST
from colotui.record.store import Store
from tests.unit.record.same import difference
from tests.unit.record.taking import PAIR, Life, Step, record


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of three minutes."""
    path = tmp_path_factory.mktemp("good") / "a.colorec"
    life = Life()
    steps = (Step(sample=index % 9, checkpoints=(0.0,), mismatches=(0.0,), events=(0.0,)) for index in range(300))
    record(path, [life.live(step) for step in steps])
    return path


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(good, tmp_path / "copy.colorec"))


def use(path: Path) -> None:
    """Everything a reader can ask for."""
    recording = Recording.open(path)
    try:
        moment: float | None = recording.begin
        while moment is not None:
            recording.at(moment)
            moment = recording.after(moment + 7.0)
        recording.at(recording.end)
        recording.events(0.0, 2**40)
        recording.incidents()
        recording.actions()
        recording.checkpoints("web01", 0.0, 2**40)
        recording.mismatches("web01", 0.0, 2**40)
        for kind in MarkKind:
            recording.marks(kind)
    finally:
        recording.close()


def change(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def test_the_good_one_is_good(copy: Path) -> None:
    use(copy)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"SQLite format 3\0", os.urandom(9000), b"\x89PNG\r\n\x1a\n" * 99],
    ids=["empty", "a letter", "a beginning", "noise", "a picture"],
)
def test_not_a_recording(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.colorec"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        use(path)
    assert str(path) in caught.value.what
    assert caught.value.next_step
    assert path.read_bytes() == content


def test_not_even_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none", Path("/dev/zero"), Path("a\0b")):
        with pytest.raises(RecordingError):
            use(path)


def test_another_database(tmp_path: Path) -> None:
    path = tmp_path / "a.colorec"
    change(path, "CREATE TABLE minute (id)", "PRAGMA application_id = 7")
    with pytest.raises(RecordingError, match="no recording"):
        use(path)
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="no recording"):
        Store.open(path, PAIR, Keep())
    assert path.read_bytes() == before


def test_cut_off_anywhere(copy: Path) -> None:
    whole = copy.read_bytes()
    for share in range(1, 40):
        copy.write_bytes(whole[: len(whole) * share // 40])
        with pytest.raises(RecordingError):
            use(copy)


def test_bytes_that_were_changed_never_end_in_anything_else(copy: Path) -> None:
    whole, chance = copy.read_bytes(), random.Random(7)
    refused = 0
    for _ in range(120):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 8, 200))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        copy.write_bytes(data)
        try:
            use(copy)
        except RecordingError:
            refused += 1
    assert refused > 20


def test_blobs_that_were_changed_never_end_in_anything_else(copy: Path) -> None:
    chance = random.Random(11)
    with sqlite3.connect(copy) as db:
        minutes = [(number, zlib.decompress(data)) for number, data in db.execute("SELECT id, data FROM minute")]
        chunks = [(number, zlib.decompress(data)) for number, data in db.execute("SELECT id, data FROM chunk")]
    for _ in range(60):
        for table, pieces in (("minute", minutes), ("chunk", chunks)):
            number, plain = chance.choice(pieces)
            data = bytearray(plain)
            for _ in range(chance.choice((1, 3, 50))):
                data[chance.randrange(len(data))] = chance.randrange(256)
            with sqlite3.connect(copy) as db:
                db.execute(f"UPDATE {table} SET data = ? WHERE id = ?", (zlib.compress(data, 1), number))
            db.close()
        with contextlib.suppress(RecordingError):
            use(copy)
        with sqlite3.connect(copy) as db:
            for table, pieces in (("minute", minutes), ("chunk", chunks)):
                rows = [(zlib.compress(plain, 1), number) for number, plain in pieces]
                db.executemany(f"UPDATE {table} SET data = ? WHERE id = ?", rows)
        db.close()


def bomb() -> bytes:
    machine = zlib.compressobj(1)
    zeros = bytes(1 << 20)
    parts = [machine.compress(zeros) for _ in range((LARGEST >> 20) + 8)]
    return b"".join((*parts, machine.flush()))


@pytest.mark.parametrize(
    "make",
    [
        bomb,
        lambda: zlib.compress(b"\x91" * 100_000),
        lambda: zlib.compress(b"\xdd\xff\xff\xff\xff"),
        lambda: zlib.compress(msgspec.msgpack.encode([(float("nan"), {}), (float("nan"), {})])),
        lambda: zlib.compress(msgspec.msgpack.encode([(1.0, {".hosts": msgspec.Raw(b"\xce\x7f\xff\xff\xff")})])),
        lambda: b"not compressed",
    ],
    ids=["bomb", "nested", "huge", "nan", "many-rows", "plain"],
)
def test_minutes_made_to_harm(copy: Path, make: Callable[[], bytes]) -> None:
    with sqlite3.connect(copy) as db:
        db.execute("UPDATE minute SET data = ?", (make(),))
    db.close()
    with pytest.raises(RecordingError, match="damaged"):
        use(copy)


@pytest.mark.parametrize(
    "statements",
    [
        ("DROP TABLE run", "CREATE VIEW run AS SELECT 1 AS begun, 2 AS data"),
        ("CREATE TRIGGER t AFTER INSERT ON live BEGIN DELETE FROM minute; END",),
        ("CREATE TABLE more (id)",),
        ("DROP INDEX chunk_by_number",),
        ("ALTER TABLE session ADD COLUMN more",),
    ],
    ids=["view", "trigger", "table", "no-index", "column"],
)
def test_other_tables_than_ours(copy: Path, statements: tuple[str, ...]) -> None:
    change(copy, *statements)
    for attempt in (use, lambda path: Store.open(path, PAIR, Keep())):
        with pytest.raises(RecordingError, match="tables"):
            attempt(copy)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE minute SET low = 'x'",
        "UPDATE minute SET low = high + 1",
        "UPDATE minute SET high = 9e999",
        "UPDATE minute SET low = NULL",
        "UPDATE minute SET data = NULL",
        "UPDATE minute SET data = 5",
        "DELETE FROM chunk",
        "DELETE FROM session",
        "UPDATE session SET pair = x'c0'",
        "UPDATE session SET versions = x'93010203'",
        "UPDATE chunk SET first = 0",
        "UPDATE chunk SET first = -5",
        "UPDATE chunk SET count = 1000000000",
        "UPDATE chunk SET count = count + 1",
        "UPDATE chunk SET guest = 5",
        "UPDATE chunk SET data = x'789c030000000001'",
        "INSERT INTO live (session, data) VALUES (1, x'00')",
        "INSERT INTO live (session, data) VALUES (1, 'text')",
        "INSERT INTO run VALUES (1, 'web01', 1.0, 1.0, x'80')",
    ],
)
def test_values_that_do_not_fit(copy: Path, statement: str) -> None:
    change(copy, statement)
    with pytest.raises(RecordingError):
        use(copy)


def test_a_newer_file_is_refused_and_kept(copy: Path) -> None:
    change(copy, "PRAGMA user_version = 99")
    before = copy.read_bytes()
    for attempt in (use, lambda path: Store.open(path, PAIR, Keep())):
        with pytest.raises(RecordingError, match="newer colotui") as caught:
            attempt(copy)
        assert "nothing was changed" in caught.value.next_step
    assert copy.read_bytes() == before


def test_an_older_file_is_brought_up_step_by_step(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def add(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE session ADD COLUMN remark TEXT")

    def fill(db: sqlite3.Connection) -> None:
        db.execute("UPDATE session SET remark = 'old'")

    newest = schema._TABLES["session"].replace("versions BLOB", "versions BLOB, remark TEXT")
    with sqlite3.connect(copy) as db:
        db.isolation_level = None
        monkeypatch.setattr(schema, "_TABLES", {**schema._TABLES, "session": newest})
        schema.migrate(db, str(copy), (add, fill))
        assert db.execute("PRAGMA user_version").fetchone() == (3,)
        assert db.execute("SELECT DISTINCT remark FROM session").fetchone() == ("old",)
    db.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(copy: Path) -> None:
    def half(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM minute")
        db.execute("SELECT * FROM nothing")

    with sqlite3.connect(copy) as db:
        db.isolation_level = None
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(db, str(copy), (half,))
    db.close()
    use(copy)


def test_an_older_file_is_read_through_a_copy(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def note(db: sqlite3.Connection) -> None:
        db.execute("UPDATE session SET begun = 5")

    before = copy.read_bytes()
    opened = source.Source(copy, (note,))
    assert opened.db.execute("SELECT begun FROM session").fetchone() == (5.0,)
    opened.close()
    assert copy.read_bytes() == before


def test_where_nothing_may_be_written(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life()
    snapshots = [life.live(Step(checkpoints=(0.0,))) for _ in range(9)]
    store = Store.open(tmp_path.parent / "a.colorec", PAIR, Keep())
    for snapshot in snapshots:
        store.add(snapshot)
    store.commit()
    for end in ("", "-wal"):
        shutil.copyfile(tmp_path.parent / f"a.colorec{end}", tmp_path / f"killed.colorec{end}")
    store.close()
    shutil.copyfile(good, tmp_path / "good.colorec")
    assert (tmp_path / "killed.colorec-wal").stat().st_size
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    connected = source._connected

    def refusing(uri: str) -> sqlite3.Connection:
        if uri.endswith("mode=ro"):
            raise sqlite3.OperationalError("unable to open database file")
        return connected(uri)

    monkeypatch.setattr(source, "_connected", refusing)
    use(tmp_path / "good.colorec")
    recording = Recording.open(tmp_path / "killed.colorec")
    assert difference(snapshots[-1], recording.at(snapshots[-1].at)) == ""
    recording.close()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
