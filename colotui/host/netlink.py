"""pyroute2 talking to the kernel of another host through the channel."""

from __future__ import annotations

from typing import Any

from pyroute2 import AsyncIPRoute

from colotui.host.session import Channel
from colotui.host.sockets import Pump


class RemoteNetlink(AsyncIPRoute):  # type: ignore[misc]  # pyroute2 has no types
    """AsyncIPRoute whose netlink socket is on the host. Closing it closes that one."""

    def __init__(self, pump: Pump, channel: Channel) -> None:
        super().__init__(use_socket=pump.ours, ext_ack=True, strict_check=True)
        self._colotui_pump = pump
        self._colotui_channel = channel

    def close(self, *args: Any, **kwargs: Any) -> None:
        """Close both ends."""
        super().close(*args, **kwargs)
        self._colotui_channel.close()
