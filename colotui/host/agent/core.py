"""The agent's heart: reads requests from stdin, runs each where it cannot block another, writes the replies."""

from __future__ import annotations

import os
import platform
import queue
import signal
import sys
import threading
import time
from collections import deque
from typing import Any, BinaryIO, Callable, Optional, Tuple

from colotui.host.agent import wire

Reply = Tuple[wire.Head, bytes]
Operation = Callable[["Call"], Optional[Reply]]

#: A cockpit that says nothing for so long is gone: its locks and commands must not outlive it.
LEASE = 20.0
MAX_POOL = 16
MAX_WAITING = 1024
MAX_THREADS = 256


class Call:
    """One request; the long ones are streams that send and take data under the peer's and our credit."""

    def __init__(self, agent: Agent, number: int, args: wire.Head, body: bytes) -> None:
        self.agent = agent
        self.number = number
        self.args = args
        self.body = body
        self.cancelled = threading.Event()
        self._on_cancel: list[Callable[[], None]] = []
        self._change = threading.Condition()
        self._credit = wire.WINDOW
        self._inbox: deque[bytes] = deque()
        self._inbox_size = 0
        self._no_more = False

    def on_cancel(self, action: Callable[[], None]) -> None:
        """Do `action` when the cockpit cancels or the channel ends; at once when that has happened."""
        with self._change:
            self._on_cancel.append(action)
            late = self.cancelled.is_set()
        if late:
            action()

    def cancel(self) -> None:
        """End this call: wakes everything that waits in it."""
        with self._change:
            if self.cancelled.is_set():
                return
            self.cancelled.set()
            actions = list(self._on_cancel)
            self._change.notify_all()
        for action in actions:
            try:
                action()
            except Exception:  # one bad ending must not keep the others from theirs
                continue

    def reply(self, head: wire.Head, body: bytes = b"") -> None:
        """Answer the request; for a stream: it is open now."""
        self.agent.write({"id": self.number, "ok": head}, body)

    def send(self, body: bytes, head: wire.Head | None = None) -> bool:
        """Send one piece of a stream when there is credit for it; False when the stream was cancelled."""
        with self._change:
            while self._credit <= 0 and not self.cancelled.is_set():
                self._change.wait()
            if self.cancelled.is_set():
                return False
            self._credit -= len(body)
        self.agent.write({"ch": self.number, "data": head or {}}, body)
        return True

    @property
    def has_credit(self) -> bool:
        """True when `send` would not wait."""
        with self._change:
            return self._credit > 0

    def grant(self, amount: int) -> None:
        """The cockpit took `amount` bytes."""
        with self._change:
            self._credit = min(self._credit + max(0, amount), wire.WINDOW)
            self._change.notify_all()

    def feed(self, body: bytes) -> None:
        """The cockpit sent a piece. More than its credit is a fault: the stream ends, memory does not grow."""
        with self._change:
            self._inbox_size += len(body)
            fault = self._inbox_size > 2 * wire.WINDOW
            if not fault:
                self._inbox.append(body)
                self._change.notify_all()
        if fault:
            self.cancel()

    def finish(self) -> None:
        """The cockpit sends no more on this stream."""
        with self._change:
            self._no_more = True
            self._change.notify_all()

    def take(self) -> bytes | None:
        """The next piece the cockpit sent; waits. None at the end."""
        with self._change:
            while not self._inbox and not self._no_more and not self.cancelled.is_set():
                self._change.wait()
            if not self._inbox or self.cancelled.is_set():
                return None
            body = self._inbox.popleft()
            self._inbox_size -= len(body)
        self.agent.write({"ch": self.number, "credit": len(body)})
        return body


class Pool:
    """Threads for short calls: as many as are busy at once, up to a limit, and kept."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0

    def submit(self, job: Callable[[], None]) -> bool:
        """Run `job` soon; False when too many wait already (something there is stuck)."""
        if self._jobs.qsize() > MAX_WAITING:
            return False
        with self._lock:
            grow = self._free <= self._jobs.qsize() and self._threads < MAX_POOL
            if grow:
                self._threads += 1
        self._jobs.put(job)
        if grow:
            threading.Thread(target=self._work, daemon=True).start()
        return True

    def _work(self) -> None:
        while True:
            with self._lock:
                self._free += 1
            job = self._jobs.get()
            with self._lock:
                self._free -= 1
            job()


class Agent:
    """Everything that lives as long as the channel."""

    def __init__(self, source: BinaryIO, sink: int, short: dict[str, Operation], long: dict[str, Operation]) -> None:
        self._source = source
        self._sink = sink
        self._short = short
        self._long = long
        self._pool = Pool()
        self._write_lock = threading.Lock()
        self._calls: dict[int, Call] = {}
        self._calls_lock = threading.Lock()
        self._threads = 0
        self._heard = time.monotonic()
        self._ending = threading.Lock()
        self.ticks: list[Callable[[], None]] = []
        self.locks: dict[str, int] = {}
        self.locks_lock = threading.Lock()

    def write(self, head: wire.Head, body: bytes = b"") -> None:
        """Send one frame whole. A channel that is gone ends the agent."""
        try:
            data = memoryview(wire.pack(head, body))
        except wire.WireError:
            data = memoryview(wire.pack({"id": head.get("id"), "err": [7, "the answer is too large"]}))
        with self._write_lock:
            while data:
                try:
                    data = data[os.write(self._sink, data) :]
                except OSError:
                    self.end()

    def end(self) -> None:
        """Leave: everything the channel was for is ended first. Programs made by `spawn` stay."""
        if not self._ending.acquire(blocking=False):
            # another thread is at it; this one must not go on as if nothing had happened
            time.sleep(60)
            return
        with self._calls_lock:
            calls = list(self._calls.values())
        for call in calls:
            call.cancel()
        os._exit(0)

    def hello(self) -> wire.Head:
        """What the cockpit wants to know before anything else."""
        return {
            "python": platform.python_version(),
            "pid": os.getpid(),
            "uid": os.geteuid(),
            "ticks": os.sysconf("SC_CLK_TCK"),
            "page": os.sysconf("SC_PAGE_SIZE"),
            "kernel": os.uname().release,
            "node": os.uname().nodename,
            "machine": os.uname().machine,
            "now": time.time(),
        }

    def serve(self) -> None:
        """Read requests until the channel ends."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            # in a thread: the main one may hold a lock that ending needs
            signal.signal(number, lambda *_: threading.Thread(target=self.end).start())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        threading.Thread(target=self._watch, daemon=True).start()
        os.write(self._sink, wire.MARK)
        self.write({"hello": self.hello()})
        try:
            while True:
                sizes = self._exactly(wire.LENGTHS.size)
                head_size, body_size = wire.LENGTHS.unpack(sizes)
                wire.check(head_size, body_size)
                head = wire.parse(self._exactly(head_size))
                body = self._exactly(body_size)
                self._heard = time.monotonic()
                self._handle(head, body)
        except (EOFError, OSError):
            pass
        except wire.WireError as error:
            sys.stderr.write("colotui agent: %s\n" % error)
        self.end()

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size) if size else b""
        if len(data) < size:
            raise EOFError
        return data

    def _watch(self) -> None:
        while True:
            time.sleep(1.0)
            if time.monotonic() - self._heard > LEASE:
                sys.stderr.write("colotui agent: the cockpit is silent, leaving\n")
                self.end()
            for tick in list(self.ticks):
                try:
                    tick()
                except Exception:  # housekeeping may fail; the agent goes on
                    continue

    def _handle(self, head: wire.Head, body: bytes) -> None:
        if "ch" in head:
            with self._calls_lock:
                call = self._calls.get(head["ch"])
            if call is None:
                return
            if "credit" in head:
                call.grant(int(head["credit"]))
            elif "close" in head:
                call.cancel()
            elif "finish" in head:
                call.finish()
            else:
                call.feed(body)
            return
        number = head.get("id")
        name = head.get("op")
        if not isinstance(number, int):
            return
        if name == "ping":
            self.write({"id": number, "ok": {"now": time.time()}})
            return
        args = head.get("args")
        call = Call(self, number, args if isinstance(args, dict) else {}, body)
        short, long = self._short.get(str(name)), self._long.get(str(name))
        if short is not None:
            operation = short
            if not self._pool.submit(lambda: self._perform(call, operation)):
                self._refuse(number, 11, "too many calls wait on this host")
        elif long is not None:
            self._start(call, long)
        else:
            self._refuse(number, 38, "the agent does not know %r" % (name,))

    def _refuse(self, number: int, errno: int, text: str) -> None:
        self.write({"id": number, "err": [errno, text]})

    def _start(self, call: Call, operation: Operation) -> None:
        with self._calls_lock:
            full = self._threads >= MAX_THREADS or call.number in self._calls
            if not full:
                self._threads += 1
                self._calls[call.number] = call
        if full:
            self._refuse(call.number, 11, "too many streams or commands at once")
            return

        def job() -> None:
            try:
                self._perform(call, operation)
            finally:
                with self._calls_lock:
                    self._threads -= 1
                    self._calls.pop(call.number, None)

        threading.Thread(target=job, daemon=True).start()

    def _perform(self, call: Call, operation: Operation) -> None:
        try:
            answer = operation(call)
        except OSError as error:
            self._refuse(call.number, error.errno or 5, error.strerror or str(error))
        except Exception as error:  # a bad request or a fault of ours: this call fails, the agent goes on
            self._refuse(call.number, 22, "%s: %s" % (type(error).__name__, error))
        else:
            if answer is not None:
                call.reply(answer[0], answer[1])


def stream_end(call: Call, why: str = "", errno: int = 0) -> None:
    """Say that a stream ended, and why."""
    call.agent.write({"ch": call.number, "end": [errno, why]})


def text(value: Any) -> str:
    """A string argument of a request."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a usable string: %r" % (value,))
    return value


def texts(value: Any) -> list[str]:
    """A list of strings of a request."""
    if not isinstance(value, list):
        raise ValueError("not a list: %r" % (value,))
    return [text(item) for item in value]
