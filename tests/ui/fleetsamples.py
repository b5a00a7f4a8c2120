"""Fleets of fakes: several pairs and guests in every state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from colotui.controller.base import Controller
from colotui.errors import ColotuiError, ConfigError
from colotui.model.protection import GuestView, Protection, Severity, Snapshot, State
from colotui.ui.fleet import Fleet, Source, Standing, Watched
from tests.ui import samples
from tests.ui.fake import FakeController

BROKEN = ConfigError("/etc/colotui/pairs/shop.yaml", 7, "there is no key `hots` in a pair.", "Did you mean `hosts`?")


def named(view: GuestView, name: str) -> GuestView:
    """The same guest under another name, in its sentences too."""
    said = view.protection
    words = {field: getattr(said, field).replace(view.name, name) for field in ("headline", "meaning", "do_now_text")}
    return replace(view, spec=replace(view.spec, name=name), protection=replace(said, **words))


def guest(state: str, name: str) -> GuestView:
    return named(samples.STATES[state]().guests[0], name)


def pair(name: str, **states: str) -> Snapshot:
    """A pair whose guests (by keyword) are in the sample states named."""
    guests = tuple(guest(state, guest_name) for guest_name, state in states.items())
    return replace(samples.protected(), pair=name, guests=guests)


def lab() -> Snapshot:
    return pair("lab", web01="protected", cache="warning", mail="syncing")


def shop() -> Snapshot:
    return pair("shop", db="incident", queue="unknown", web01="failed-over")


def fails(error: ColotuiError = BROKEN) -> Callable[[], Controller]:
    def make() -> Controller:
        raise error

    return make


def sources(*fakes: tuple[str, FakeController], broken: bool = False) -> list[Source]:
    def made(fake: FakeController) -> Callable[[], Controller]:
        return lambda: fake

    found: list[Source] = [(name, made(fake)) for name, fake in fakes]
    return [*found, ("shop-eu", fails())] if broken else found


def standings(*snapshots: Snapshot) -> tuple[Standing, ...]:
    return Fleet([Watched(snapshot.pair, None, FakeController(snapshot)) for snapshot in snapshots]).standings


def many(count: int, bad: int = 2) -> Snapshot:
    """`count` guests of one pair; the last `bad` of them are not served."""
    base = samples.protected()
    guests = [named(base.guests[0], f"vm{number:02d}") for number in range(count)]
    down = Protection(
        State.NOT_PROTECTED, Severity.ERROR, "vm is silent", since=samples.DIED, primary="alpha", secondary="beta"
    )
    guests[count - bad :] = [replace(view, protection=down) for view in guests[count - bad :]]
    return replace(base, guests=tuple(guests))
