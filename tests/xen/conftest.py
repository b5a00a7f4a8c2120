"""Tests against Xen's own programs and libraries: run by `pytest -m xen tests/xen`, never by default."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--oracle-count", type=int, default=20_000, help="configurations given to libxlutil and to us")
    parser.addoption("--oracle-seed", type=int, default=1, help="seed of the first configuration")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xen: needs Xen's own programs or libraries")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "xen" not in str(config.option.markexpr):
        for item in items:
            if item.get_closest_marker("xen"):
                item.add_marker(pytest.mark.skip(reason="ask for it with -m xen"))
