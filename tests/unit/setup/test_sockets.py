"""Socket buffers on this machine's own agent, with files that stand for the kernel's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from colotui.host import transport
from colotui.host.channel import Host
from colotui.model.pair import ForwardSpec, HostSpec, Pair
from colotui.model.setup import Wanted
from colotui.setup import ledger, sockets
from colotui.setup.site import Site

HERE = HostSpec("here", "local", ForwardSpec("eth1", "10.78.0.1"))


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Site]:
    opened = transport.LocalTransport.open

    async def plain(host: str, **_: object) -> tuple[transport.Transport, bytes]:
        return await opened(host, sudo=False)

    monkeypatch.setattr(transport.LocalTransport, "open", plain)
    monkeypatch.setattr(sockets, "FOLDER", str(tmp_path))
    for name, value in (("DATA", ""), ("FOLDER", "/setup"), ("_ROOT", "/setup/root")):
        monkeypatch.setattr(ledger, name, f"{tmp_path}/data{value}")
    host = Host(HERE)
    await host.connect()
    pair = Pair("lab", (HERE, HERE), ())
    yield Site(pair, HERE, host, cast(Any, None), ledger.Ledger(host))
    await host.close()


def put(folder: Path, rmem: int, wmem: int) -> None:
    (folder / "rmem_max").write_text(f"{rmem}\n")
    (folder / "wmem_max").write_text(f"{wmem}\n")


def values(folder: Path) -> tuple[int, int]:
    return int((folder / "rmem_max").read_text()), int((folder / "wmem_max").read_text())


async def test_low_limits_are_raised_and_put_back(site: Site, tmp_path: Path) -> None:
    put(tmp_path, 212992, 4194304)
    (step,) = await sockets.steps(site, Wanted())
    assert step.check is not None
    assert step.undo is not None
    assert not await step.check()
    assert await step.apply() == "rmem_max raised to 1000000"
    assert values(tmp_path) == (1000000, 4194304), "what is higher is never lowered"
    assert await step.check()
    await step.apply()
    await step.undo()
    assert values(tmp_path) == (212992, 4194304)
    assert await step.undo() == "nothing was changed here"


async def test_it_is_left_out_where_the_host_has_none_of_its_own(site: Site, tmp_path: Path) -> None:
    assert await sockets.steps(site, Wanted()) == []
    put(tmp_path, 1, 1)
    (tmp_path / "wmem_max").chmod(0o444)
    assert await sockets.steps(site, Wanted()) == []
