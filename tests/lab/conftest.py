"""One lab for the whole run of tests/lab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.running import Lab, running_lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Two real hosts on this machine; down again when the tests end or are killed."""
    with running_lab() as lab:
        yield lab
