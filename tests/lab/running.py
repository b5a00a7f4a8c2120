"""A lab for the length of a test run: tied to this process, so that a killed run leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from colotui.errors import LabError
from colotui.lab import build
from colotui.lab.lab import Lab as OneLab
from tests.lab.client import Client

NAMES = tuple(f"tests{number}" for number in range(1, 9))
"""Beside the lab a person may have up: they have their own names and addresses."""


class Lab(OneLab):
    """The lab with what tests ask of it."""

    @property
    def pair_path(self) -> str:
        """The pair file it handed out."""
        state = self.state()
        assert state is not None, "the lab is not up"
        return state.pair

    @property
    def client(self) -> Client:
        """A client of the guest in the service network."""
        state = self.state()
        assert state is not None, "the lab is not up"
        return Client(self.client_argv([]), state.net.guest)


@contextmanager
def running_lab() -> Iterator[Lab]:
    """Build what is missing, bring the lab up, take it down at the end. Runs at the same time have one each."""
    image = build.build(lambda *_: None)
    lab = next(lab for lab in map(Lab, NAMES) if _free(lab))
    lab.down()
    lab.up(image, tie=os.getpid())
    try:
        yield lab
    finally:
        lab.down()


def _free(lab: Lab) -> bool:
    """True when no other run has this lab up; one that was left by a killed run counts as free."""
    try:
        return lab.state() is None
    except LabError:  # it is just coming up or going down
        return False
