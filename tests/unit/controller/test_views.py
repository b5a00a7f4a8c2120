"""A guest's view is made again when something changed, or when it is old; else the same one is handed out."""

from __future__ import annotations

import pytest

from colotui.controller import views as module
from colotui.controller.views import Views
from colotui.model.protection import GuestView
from tests.ui import samples


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_only_what_changed_is_made_again(clock: list[float]) -> None:
    made: list[str] = []

    def make(name: str) -> GuestView:
        made.append(name)
        return samples.protected().guests[0]

    views = Views(["a", "b"], make, 0.5)
    first = views.all()
    assert made == ["a", "b"]
    assert views.all()[1] is first[1]
    views.changed("b")
    assert views.all()[0] is first[0]
    assert made == ["a", "b", "b"]
    views.changed()
    views.all()
    assert made[3:] == ["a", "b"]
    clock[0] += 0.5
    views.all()
    assert made[5:] == ["a", "b"]
