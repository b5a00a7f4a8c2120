"""The output of `xl remus`: every captured run, its checkpoints counted by hand, and what its end means."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colotui.engine.xen.remus import Ending, RemusOutput, advice

FIXTURES = Path(__file__).parents[3] / "fixtures" / "xen"


def read(text: str, size: int = 1 << 20) -> RemusOutput:
    output = RemusOutput("alpha")
    data = text.encode()
    for start in range(0, len(data), size):
        output.feed(data[start : start + size], 0.0)
    output.close(0.0)
    return output


def runs(name: str) -> list[tuple[str, str, int]]:
    found = []
    for part in (FIXTURES / name).read_text().split("### $ ")[1:]:
        command, _, rest = part.partition("\n")
        output, _, status = rest.partition("### rc=")
        found.append((command, output, int(status.split()[0])))
    return found


def test_stock_xen_s_twelve_runs() -> None:
    found = [(command, read(output).ending(status)) for command, output, status in runs("xl-remus-stock-4.20-run.txt")]
    assert found == [
        ("xl remus hvm1 127.0.0.1", Ending.NO_BUFFER),
        ("xl remus -c hvm1 127.0.0.1", Ending.NOT_BUILT),
        ("xl remus -c -p hvm1 127.0.0.1", Ending.NOT_BUILT),
        ("xl remus -c -u -p hvm1 127.0.0.1", Ending.NOT_BUILT),
        ("xl remus -p hvm1 127.0.0.1", Ending.OPTIONS),
        ("xl remus -c -i 500 -u hvm1 127.0.0.1", Ending.OPTIONS),
        ("xl remus -c -b hvm1 127.0.0.1", Ending.OPTIONS),
        ("xl remus -c -F -b hvm1 127.0.0.1", Ending.OPTIONS),
        ("xl remus -b hvm1", Ending.OTHER),
        ("xl remus -b hvm1 127.0.0.1", Ending.UNSAFE_NEEDED),
        ("xl remus -F -b hvm1 127.0.0.1", Ending.NO_BUFFER),
        ("xl remus -F -b -n hvm1 127.0.0.1", Ending.DISK),
    ]


def test_rebuilt_xen_s_runs() -> None:
    kernel, user = runs("xl-remus-c-rebuilt-libxl-kernel-proxy-stockqemu.txt")
    assert read(kernel[1]).ending(kernel[2]) is Ending.NO_PROXY
    assert (user[2], read(user[1]).ending(user[2])) == (139, Ending.NO_KEYS)
    assert read(user[1]).ending(1) is Ending.NO_KEYS
    paused = read((FIXTURES / "xl-remus-c-p-rebuilt-paused-xen_nopv.vvv.log").read_text())
    assert (paused.ready, paused.suspended, paused.saved) == (True, 1, 0)
    assert paused.ending(134) is Ending.SECOND_CHECKPOINT
    unpaused = read((FIXTURES / "xl-remus-c-p-rebuilt-unpaused.vvv.log").read_text())
    assert unpaused.ending(134) is Ending.NOT_PAUSED


@pytest.mark.parametrize(
    ("name", "saved", "processed", "pages"),
    [
        ("E-primary-operator-view-nonverbose.txt", 16, 16, 353),
        ("F-primary-remus.vvvT.log", 6, 0, 348),
        ("D-primary-remus.vvvT.log", 6, 0, 402),
        ("I-hold-qmp-libxl-primary.txt", 3, 0, 341),
        ("F-nodekill-secondary.txt", 0, 4, None),
        ("H-secondary-receive.vvvT.log", 0, 3, None),
        ("xl-remus-stock-4.20-blackhole.txt", 1, 0, 712),
    ],
)
def test_checkpoints_counted_by_hand(name: str, saved: int, processed: int, pages: int | None) -> None:
    text = (FIXTURES / name).read_text(errors="replace")
    for size in (1 << 20, 7):
        output = read(text, size)
        assert (output.saved, output.processed, output.pages) == (saved, processed, pages)
    assert read(text.replace("\n", "\r")).saved == saved


def test_endings_of_runs_that_protected() -> None:
    def told(name: str, status: int | None) -> Ending:
        return read((FIXTURES / name).read_text(errors="replace")).ending(status)

    assert told("A-failover-destroy-primary.txt", 0) is Ending.DESTROYED
    assert told("D-primary-remus.vvvT.log", 1) is Ending.SECONDARY_LOST
    assert told("J-AB-stock-libxenguest-primary.txt", 134) is Ending.SECOND_CHECKPOINT
    assert told("H-xlkill-primary.txt", 143) is Ending.KILLED
    assert told("E-primary-operator-view-nonverbose.txt", None) is Ending.RUNNING
    # a later `xl unpause` failed in this capture; what ran was not ended by that
    assert told("xl-remus-stock-4.20-blackhole.txt", 124) is Ending.KILLED
    assert told("0-hvmloader-crash.txt", 134) is Ending.COPY_CRASHED
    assert read((FIXTURES / "F-nodekill-secondary.txt").read_text()).promoted == 4
    assert read((FIXTURES / "J-AB-stock-libxenguest-secondary.txt").read_text()).promoted == 1


def test_remus_without_colo_on_two_hosts() -> None:
    run = next(run for run in runs("xl-save-restore-remus2hosts.txt") if run[0].startswith("xl remus"))
    assert run[2] == 124
    output = read(run[1])
    assert (output.ready, output.ending(run[2])) == (True, Ending.KILLED)


def test_every_ending_has_its_advice() -> None:
    assert all(advice(ending) for ending in Ending if ending is not Ending.RUNNING)


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_any_output_is_bounded(chunks: list[bytes]) -> None:
    output = RemusOutput("h")
    for chunk in chunks:
        output.feed(chunk, 0.0)
    output.close(0.0)
    output.ending(1)


def test_an_endless_line_is_not_kept() -> None:
    output = RemusOutput("h")
    for _ in range(100):
        output.feed(b"x" * 100_000, 0.0)
    assert len(output._rest) <= 8192
