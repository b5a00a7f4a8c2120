"""Programs on the host: run with a time limit, spawn detached, kill, look at, wait for the end."""

from __future__ import annotations

import errno
import os
import select
import selectors
import shutil
import signal
import subprocess
import time
from typing import Any

from colotui.host.agent.core import Call, Reply, text, texts
from colotui.host.agent.files import slurp

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Of each of stdout and stderr; the rest is read and dropped.
_MAX_OUTPUT = 1 << 20
#: How long the output of a command that ended may stay open in a child it left behind.
_GRACE = 0.2

# $1 exit file, $2 stdout, $3 stderr, then the program. The shell stays as its parent to note how it ended.
_SUPERVISOR = """x=$1 o=$2 e=$3; shift 3
"$@" >>"$o" 2>>"$e" </dev/null &
p=$!
echo "$p"
exec >/dev/null 2>&1 </dev/null
wait "$p"; s=$?
printf '%s %s\\n' "$s" "$(date +%s.%N)" >"$x.new" && mv -f "$x.new" "$x"
"""


def environment() -> dict[str, str]:
    """The environment of commands: tools speak the C locale and administrators' tools are found."""
    found = dict(os.environ)
    found["PATH"] = PATH
    found["LC_ALL"] = "C"
    return found


def _argv(call: Call) -> list[str]:
    argv = texts(call.args.get("argv"))
    if not argv or not argv[0]:
        raise ValueError("no command")
    return argv


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def run(call: Call) -> Reply:
    """Run a command to its end or its time limit; at the limit its whole process group is killed."""
    argv = _argv(call)
    limit = float(call.args.get("timeout", 10))
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env=environment(),
        )
    except FileNotFoundError:
        return {"status": 127, "sizes": [0]}, os.fsencode(argv[0] + ": command not found\n")
    except PermissionError:
        return {"status": 126, "sizes": [0]}, os.fsencode(argv[0] + ": permission denied\n")
    call.on_cancel(lambda: _kill_group(process) if process.poll() is None else None)
    try:
        output = _communicate(process, call.body, time.monotonic() + limit, call)
    except BaseException:
        _kill_group(process)
        raise
    late = process.poll() is None
    if late:
        _kill_group(process)
        process.wait()
    head = {"status": None if late else process.returncode, "sizes": [len(output[0])]}
    return head, output[0] + output[1]


def _communicate(process: subprocess.Popen[bytes], data: bytes, deadline: float, call: Call) -> tuple[bytes, bytes]:
    assert process.stdin
    assert process.stdout
    assert process.stderr
    found: dict[int, list[bytes]] = {process.stdout.fileno(): [], process.stderr.fileno(): []}
    sizes = dict.fromkeys(found, 0)
    left = memoryview(data)
    ended: float | None = None
    with selectors.DefaultSelector() as selector, process.stdin, process.stdout, process.stderr:
        for handle in found:
            os.set_blocking(handle, False)
            selector.register(handle, selectors.EVENT_READ)
        if left:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin.fileno(), selectors.EVENT_WRITE)
        else:
            process.stdin.close()
        reading = len(found)
        while reading:
            now = time.monotonic()
            if now >= deadline or call.cancelled.is_set():
                break
            if ended is None and process.poll() is not None:
                ended = now
            if ended is not None and now - ended > _GRACE:
                break
            for key, _ in selector.select(min(0.1, deadline - now)):
                if key.fd in found:
                    part = os.read(key.fd, 65536)
                    if not part:
                        selector.unregister(key.fd)
                        reading -= 1
                    elif sizes[key.fd] < _MAX_OUTPUT:
                        found[key.fd].append(part)
                        sizes[key.fd] += len(part)
                    continue
                try:
                    left = left[os.write(key.fd, left) :]
                except BrokenPipeError:
                    left = left[len(left) :]
                if not left:
                    selector.unregister(key.fd)
                    process.stdin.close()
        while process.poll() is None and time.monotonic() < deadline and not call.cancelled.is_set():
            try:
                process.wait(min(0.1, max(0.001, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                continue
    out, err = (b"".join(parts)[:_MAX_OUTPUT] for parts in found.values())
    return out, err


def _append(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def spawn(call: Call) -> Reply:
    """Start a program that outlives the agent. Its output is appended to files."""
    argv = _argv(call)
    out, err = text(call.args.get("stdout")), text(call.args.get("stderr"))
    cwd = text(call.args.get("cwd", "/"))
    exit_file = call.args.get("exit_file")
    if shutil.which(argv[0], path=PATH) is None:
        raise OSError(errno.ENOENT, "no such program: " + argv[0])
    common: dict[str, Any] = {"start_new_session": True, "cwd": cwd, "env": environment()}
    handles = [_append(out), _append(err)]
    try:
        if exit_file is None:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=handles[0], stderr=handles[1], **common)
            _reap(call, process)
            return {"pid": process.pid}, b""
        try:
            os.unlink(text(exit_file))
        except FileNotFoundError:
            pass
        shell = ["/bin/sh", "-c", _SUPERVISOR, "sh", text(exit_file), out, err]
        supervisor = subprocess.Popen(
            shell + argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=handles[1], **common
        )
        assert supervisor.stdout
        with supervisor.stdout:
            line = supervisor.stdout.readline()
        _reap(call, supervisor)
    finally:
        for handle in handles:
            os.close(handle)
    if not line.strip().isdigit():
        raise OSError(errno.ECHILD, "the program did not start: " + argv[0])
    _wait_exec(int(line), supervisor.pid)
    return {"pid": int(line)}, b""


def _wait_exec(pid: int, shell: int) -> None:
    """Until the shell's child has become the program: who looks at it next must not see a shell."""
    for _ in range(200):
        try:
            seen = slurp("/proc/%d/cmdline" % pid, 4096)
            if (seen and seen != slurp("/proc/%d/cmdline" % shell, 4096)) or details(pid) is None:
                return
        except OSError:
            return
        time.sleep(0.002)


def _reap(call: Call, process: subprocess.Popen[bytes]) -> None:
    ticks = call.agent.ticks

    def tick() -> None:
        if process.poll() is not None:
            ticks.remove(tick)

    ticks.append(tick)


def details(pid: int) -> dict[str, Any] | None:
    """What /proc says of a process; None when it ended (a zombie has ended)."""
    base = "/proc/%d/" % pid
    try:
        line = slurp(base + "stat", 4096).decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # the name may hold blanks and brackets: the last bracket ends it
    opening, closing = line.index("("), line.rindex(")")
    fields = line[closing + 2 :].split()
    if fields[0] in "ZX":
        return None
    try:
        cmdline = slurp(base + "cmdline", 65536)
    except OSError:
        cmdline = b""
    return {
        "pid": pid,
        "comm": line[opening + 1 : closing],
        "cmdline": [part.decode("utf-8", "replace") for part in cmdline.split(b"\0")[:-1]],
        "state": fields[0],
        "cpu_ticks": int(fields[11]) + int(fields[12]),
        "start_time": int(fields[19]),
        "rss": int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
    }


def process_info(call: Call) -> Reply:
    """One process."""
    return {"process": details(int(call.args["pid"]))}, b""


def kill(call: Call) -> Reply:
    """Send a signal, only to the process that is meant."""
    pid, number = int(call.args["pid"]), int(call.args["signal"])
    wanted = call.args.get("start_time")
    if pid <= 1:
        raise OSError(errno.EINVAL, "that is no single process: %d" % pid)
    handle = _pidfd(pid)
    try:
        found = details(pid)
        if found is None or (wanted is not None and found["start_time"] != int(wanted)):
            return {"sent": False}, b""
        if handle is not None and hasattr(signal, "pidfd_send_signal"):
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return {"sent": False}, b""
    finally:
        if handle is not None:
            os.close(handle)
    return {"sent": True}, b""


def _pidfd(pid: int) -> int | None:
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def watch_exit(call: Call) -> Reply | None:
    """Answer when a process ended; at once when there is none."""
    pid, wanted = int(call.args["pid"]), call.args.get("start_time")
    handle = _pidfd(pid)
    try:
        found = details(pid)
        start = found["start_time"] if found else None
        if wanted is not None and start != int(wanted):
            start = None
        if start is not None and handle is not None:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            while not poll.poll(1000):
                if call.cancelled.is_set():
                    return None
        while start is not None and handle is None:
            found = details(pid)
            if found is None or found["start_time"] != start:
                break
            if call.cancelled.wait(0.05):
                return None
    finally:
        if handle is not None:
            os.close(handle)
    return {"at": time.time()}, b""


def names(call: Call) -> Reply:
    """The pids of every process with one of these names."""
    wanted = set(texts(call.args.get("names")))
    found: dict[str, list[int]] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            name = slurp("/proc/%s/comm" % entry, 64).decode("utf-8", "replace").rstrip("\n")
        except OSError:
            continue
        if name in wanted:
            found.setdefault(name, []).append(int(entry))
    return {"found": found}, b""


SHORT: dict[str, Any] = {"spawn": spawn, "process": process_info, "kill": kill, "names": names}
LONG: dict[str, Any] = {"run": run, "watch_exit": watch_exit}
