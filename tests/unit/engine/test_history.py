"""Checkpoints joined from the trace and from QMP."""

from colotui.engine.qemu.history import History
from colotui.model.checkpoint import Cause, Checkpoint


def test_qmp_confirms_the_trace_and_adds_nothing() -> None:
    history = History()
    history.stop("alpha", 100.0)
    history.resume("alpha", 100.007, primary=True)
    history.trace([Checkpoint(100.0005, Cause.TCP, 6.8, 300)])
    history.settle(110.0)
    assert [c.cause for c in history.checkpoints] == [Cause.TCP]
    assert (history.pairs_total, history.trace_total, history.checkpoint_total) == (1, 1, 1)


def test_a_silent_trace_leaves_the_cause_unknown() -> None:
    history = History()
    history.stop("alpha", 100.0)
    history.resume("alpha", 100.05, primary=True)
    history.settle(101.0)
    assert not history.checkpoints
    history.settle(104.0)
    (only,) = history.checkpoints
    assert only.cause is Cause.UNKNOWN
    assert not only.cause.forced


def test_the_secondarys_resume_is_a_sign_of_life_but_no_checkpoint_of_its_own() -> None:
    history = History()
    history.stop("beta", 100.0)
    history.resume("beta", 100.01, primary=False)
    history.settle(200.0)
    assert not history.checkpoints
    assert history.last_end == 100.01


def test_figures() -> None:
    history = History()
    history.trace([Checkpoint(1000.0 + i, Cause.TCP if i % 4 == 0 else Cause.PERIODIC, 5.0 + i) for i in range(20)])
    figures = history.stats(1020.0)
    assert figures.total == 20
    assert figures.forced_share == 0.25
    assert figures.rate_per_s == 1.0
    assert figures.pause_max_ms == 24.0
