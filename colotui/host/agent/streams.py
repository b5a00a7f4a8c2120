"""Sockets of the host carried to the cockpit: UNIX sockets and netlink."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections.abc import Callable
from typing import Any

from colotui.host.agent import wire
from colotui.host.agent.core import Call, Reply, stream_end, text, texts
from colotui.host.agent.files import take_lock

_CONNECT = 3.0
_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_EXT_ACK = 11
_STRICT = 12
_CLONE_NEWNET = 0x40000000


def pump(call: Call, sock: socket.socket, send: Callable[[bytes], object]) -> None:
    """Carry both ways until one side ends."""
    wake_read, wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    gate = threading.Lock()
    open_pipe = [True]

    def wake() -> None:
        with gate:  # a late cancel must not write into a number that means another file by now
            if open_pipe:
                os.write(wake_write, b".")

    call.on_cancel(wake)

    def outward() -> None:
        while True:
            piece = call.take()
            if piece is None:
                break
            try:
                send(piece)
            except OSError as error:
                stream_end(call, error.strerror or str(error), error.errno or errno.EIO)
                break
        call.cancel()

    writer = threading.Thread(target=outward, daemon=True)
    writer.start()
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    poll.register(wake_read, select.POLLIN)
    try:
        while not call.cancelled.is_set():
            if any(handle == wake_read for handle, _ in poll.poll()):
                break
            try:
                piece = sock.recv(wire.CHUNK)
            except OSError as error:
                # netlink: two threads met at the end of a dump, and the kernel tells the later one; nothing is lost
                if sock.family == socket.AF_NETLINK and error.errno == errno.EINVAL:
                    continue
                raise
            if not piece or not call.send(piece):
                break
        stream_end(call)
    except OSError as error:
        stream_end(call, error.strerror or str(error), error.errno or errno.EIO)
    finally:
        call.cancel()
        try:
            sock.shutdown(socket.SHUT_RDWR)  # frees a writer that waits for a full socket
        except OSError:
            pass
        writer.join()
        sock.close()
        with gate:
            open_pipe.clear()
            os.close(wake_read)
            os.close(wake_write)


def unix(call: Call) -> Reply | None:
    """Connect to the first of several sockets that nobody claims, and carry it."""
    claim_it = bool(call.args.get("claim", True))
    problem = OSError(errno.ENOENT, "no socket was named")
    for path in texts(call.args.get("paths")):
        claim = None
        try:
            if claim_it:
                os.stat(path)  # no claim file is left beside a socket that is not there
                try:
                    claim = take_lock(path + ".lock")
                except BlockingIOError:
                    raise OSError(errno.EBUSY, "claimed by another cockpit: " + path) from None
            sock = _connect(path)
        except OSError as error:
            if claim is not None:
                os.close(claim)
            # "all are in use" says more than "this one is missing"
            if problem.errno != errno.EBUSY:
                problem = OSError(error.errno or errno.EIO, "%s: %s" % (path, error.strerror))
            continue
        try:
            call.reply({"path": path})
            pump(call, sock, sock.sendall)
        finally:
            if claim is not None:
                os.close(claim)
        return None
    raise problem


def _connect(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        sock.settimeout(_CONNECT)
        sock.connect(path)
        sock.settimeout(None)
    except BaseException:
        sock.close()
        raise
    return sock


def netlink(call: Call) -> None:
    """Carry a netlink socket, frame by frame. `scratch`: in a network namespace of its own, gone with the socket."""
    family = int(call.args.get("family", 0))
    if call.args.get("scratch"):
        _leave_namespace()  # of this thread alone, which serves this call alone
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for name, option in (("ext_ack", _EXT_ACK), ("strict", _STRICT)):
            if call.args.get(name, True):
                try:
                    sock.setsockopt(_SOL_NETLINK, option, 1)
                except OSError:  # a kernel before 4.12 or 4.20: answers are less telling, that is all
                    pass
        sock.bind((0, 0))
        for group in call.args.get("groups") or []:
            sock.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, int(group))
    except BaseException:
        sock.close()
        raise
    call.reply({"port": sock.getsockname()[0]})
    pump(call, sock, lambda frame: sock.sendto(frame, (0, 0)))


def _leave_namespace() -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, "unshare: " + os.strerror(code))


LONG: dict[str, Any] = {"unix": unix, "netlink": netlink}

__all__ = ["LONG", "netlink", "pump", "text", "unix"]
