"""What a drill's client makes of the replies and numbers it got."""

from __future__ import annotations

from dataclasses import replace

import pytest

from colotui.drill.client import Client
from colotui.errors import ActionRefused
from colotui.model.pair import GuestSpec, ProbeKind, ProbeSpec

SPEC = GuestSpec("web01", 128 << 20, (), (), probe=ProbeSpec(ProbeKind.HTTP, "10.77.0.10", url="http://10.77.0.10/"))


def client(*replies: float) -> Client:
    made = Client(SPEC)
    made._replies.extend(replies)
    return made


def test_silence_is_the_longest_gap_that_reaches_past_the_break() -> None:
    assert client(1.0, 4.0, 4.02, 4.5, 4.52).silence(4.1) == pytest.approx(0.48)
    assert client(1.0, 1.02, 1.5).silence(1.02) == pytest.approx(0.48)


def test_silence_that_lasts_has_no_length() -> None:
    assert client(1.0, 1.02).silence(1.05) is None
    assert client().silence(0.0) is None


def test_a_number_that_comes_again_is_a_broken_promise() -> None:
    made = client()
    made.numbers.extend([1, 2, 4, 4, 5, 3])
    assert made.broken_promises == (4, 3)
    made.numbers[:] = [1, 2, 7]
    assert made.broken_promises == ()


def test_a_guest_without_a_page_has_no_client() -> None:
    with pytest.raises(ActionRefused):
        Client(replace(SPEC, probe=None))
