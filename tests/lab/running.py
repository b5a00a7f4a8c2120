"""A lab for the length of a test run: tied to this process, so that a killed run leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from colotui.lab import build
from colotui.lab.lab import Lab as OneLab


class Lab(OneLab):
    """The lab with what tests ask of it."""

    @property
    def pair_path(self) -> str:
        """The pair file it handed out."""
        state = self.state()
        assert state is not None, "the lab is not up"
        return state.pair

    def client_argv(self, argv: Sequence[str] = ()) -> list[str]:
        """`argv` as a client of the guest; alone, the prefix for it."""
        return super().client_argv(list(argv))


@contextmanager
def running_lab() -> Iterator[Lab]:
    """Build what is missing, bring the lab up, take it down at the end."""
    image = build.build(lambda *_: None)
    lab = Lab()
    lab.down()
    lab.up(image, tie=os.getpid())
    try:
        yield lab
    finally:
        lab.down()
