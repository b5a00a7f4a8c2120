"""pyroute2 talking to the kernel of another host through the channel."""

from __future__ import annotations

import errno
import struct
from typing import Any

from colotui.errors import HostLost
from colotui.host.routing import AsyncIPRoute
from colotui.host.session import Channel
from colotui.host.sockets import Pump

_NLMSG_ERROR = 2
# length, type, flags, sequence, port; the errno; the head of the request it answers
_ERROR = struct.Struct("=IHHIIi16x")


class RemoteNetlink(AsyncIPRoute):  # type: ignore[misc]  # pyroute2 has no types
    """AsyncIPRoute whose netlink socket is on the host. Closing it closes that one.

    When the channel ends, calls under way and later ones raise the HostError that says so: a datagram socket has
    no end of file that pyroute2 could see by itself.
    """

    def __init__(self, host: str, pump: Pump, channel: Channel) -> None:
        super().__init__(
            use_socket=pump.ours, ext_ack=True, strict_check=True, exception_factory=lambda error, _: self._told(error)
        )
        self._colotui_host = host
        self._colotui_channel = channel
        self._colotui_pump = pump
        self._colotui_lost: Exception | None = None
        self._colotui_closed = False
        pump.when_done(self._relay_ended)

    def _told(self, error: Exception) -> Exception:
        return self._colotui_lost or error

    def _relay_ended(self) -> None:
        if self._colotui_closed:
            return
        lost = self._colotui_pump.error or HostLost(self._colotui_host, "its netlink socket was closed.", "Try again.")
        self._colotui_lost = lost
        waiting: Any = getattr(self.local, "msg_queue", None)
        if waiting is not None:
            for sequence in list(waiting.queues):
                frame = _ERROR.pack(_ERROR.size, _NLMSG_ERROR, 0, sequence, 0, -errno.ECONNRESET)
                waiting.put_nowait(sequence, frame)
        self.status["error"] = lost
        self._error_event.set()

    def close(self, *args: Any, **kwargs: Any) -> None:
        """Close both ends."""
        self._colotui_closed = True
        super().close(*args, **kwargs)
        self._colotui_pump.ours.close()  # pyroute2 does not when it was never used
        self._colotui_channel.close()
