"""Text of /proc and /sys -> values. Lines that make no sense are skipped; nothing here raises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_MAX_CPU = 8192
_MAX_NUMBER = 1 << 64


def decode(data: bytes) -> str:
    """Text of a host: damaged bytes are replaced, never fatal."""
    return data.decode("utf-8", "replace")


def number(text: str) -> int | None:
    """A whole number as the kernel prints them; None for anything else."""
    text = text.strip()
    negative = text.startswith("-")
    digits = text[negative:]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
        return None
    value = int(digits)
    return None if value >= _MAX_NUMBER else (-value if negative else value)


def module_names(proc_modules: bytes) -> frozenset[str]:
    """Names of loaded modules from /proc/modules."""
    names = set()
    for line in decode(proc_modules).splitlines():
        fields = line.split()
        if len(fields) >= 3 and number(fields[1]) is not None:
            names.add(plain_module(fields[0]))
    return frozenset(names)


def file_modules(text: bytes) -> frozenset[str]:
    """Names of the modules in a list of files: modules.builtin, or the left sides of modules.dep."""
    names = set()
    for line in decode(text).splitlines():
        file = line.partition(":")[0].strip().rpartition("/")[2]
        name, dot, rest = file.partition(".ko")
        if dot and name and rest in ("", ".gz", ".xz", ".zst"):
            names.add(plain_module(name))
    return frozenset(names)


def plain_module(name: str) -> str:
    """Module names with one kind of dash, as /proc/modules spells them."""
    return name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Interrupt:
    """One line of /proc/interrupts: the devices that share it, and where it fired. Counts by CPU."""

    number: int
    label: str
    counts: tuple[int, ...]


def interrupts(text: bytes) -> dict[int, Interrupt]:
    """Numbered interrupts (not the architecture's own, which have names)."""
    lines = decode(text).splitlines()
    if not lines:
        return {}
    cpus = sum(word.startswith("CPU") for word in lines[0].split())
    found: dict[int, Interrupt] = {}
    for line in lines[1:]:
        head, colon, rest = line.partition(":")
        irq = number(head)
        if not colon or irq is None or irq < 0:
            continue
        words = rest.split()
        counts = [number(word) for word in words[:cpus]]
        if any(count is None for count in counts):
            continue
        found[irq] = Interrupt(irq, _actions(words[cpus:]), tuple(count or 0 for count in counts))
    return found


def _actions(words: list[str]) -> str:
    """The names behind chip and trigger: "IO-APIC 11-fasteoi eth0, usb1" -> "eth0, usb1"."""
    for index, word in enumerate(words):
        if word in ("Level", "Edge", "None") or word.endswith(("-edge", "-fasteoi", "-level")):
            return " ".join(words[index + 1 :])
    return " ".join(words[2:])


def cpu_list(cpus: Iterable[int]) -> str:
    """CPUs as the kernel prints a list: {0, 1, 2, 5} -> "0-2,5"."""
    parts: list[str] = []
    ordered = sorted(set(cpus))
    start = 0
    for index in range(1, len(ordered) + 1):
        if index == len(ordered) or ordered[index] != ordered[index - 1] + 1:
            first, last = ordered[start], ordered[index - 1]
            parts.append(str(first) if first == last else f"{first}-{last}")
            start = index
    return ",".join(parts)


def cpu_mask(text: str) -> frozenset[int]:
    """The CPUs of a hexadecimal mask such as "00000000,00000003". Empty on text that is none."""
    digits = text.strip().replace(",", "")
    if not digits or len(digits) > _MAX_CPU // 4 or any(char not in "0123456789abcdefABCDEF" for char in digits):
        return frozenset()
    value = int(digits, 16)
    return frozenset(bit for bit in range(value.bit_length()) if value >> bit & 1)


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Clock ticks of all CPUs together since boot, and how many CPUs there are."""

    cpus: int
    busy: int
    total: int


def cpu_times(proc_stat: bytes) -> CpuTimes | None:
    """The first lines of /proc/stat; None when they are not there."""
    cpus, busy, total = 0, None, 0
    for line in decode(proc_stat).splitlines():
        fields = line.split()
        if not fields or not fields[0].startswith("cpu"):
            continue
        if fields[0] != "cpu":
            cpus += number(fields[0][3:]) is not None
            continue
        # user nice system idle iowait irq softirq steal; guest time is inside user time
        ticks = [number(field) for field in fields[1:9]]
        if len(ticks) < 4 or any(tick is None or tick < 0 for tick in ticks):
            continue
        total = sum(tick or 0 for tick in ticks)
        busy = total - (ticks[3] or 0) - ((ticks[4] or 0) if len(ticks) > 4 else 0)
    return None if busy is None or not cpus else CpuTimes(cpus, busy, total)


def cpu_percent(before: CpuTimes | None, now: CpuTimes | None) -> float | None:
    """Busy share between two readings, of all CPUs; None without two, or when the clock did not move."""
    if before is None or now is None or now.total <= before.total:
        return None
    return max(0.0, min(100.0, 100.0 * (now.busy - before.busy) / (now.total - before.total)))


def memory(meminfo: bytes) -> tuple[int, int] | None:
    """Total and available bytes; None when /proc/meminfo does not say."""
    found: dict[str, int] = {}
    for line in decode(meminfo).splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        value = number(words[0]) if words else None
        if value is not None and value >= 0:
            found[name.strip()] = value * 1024
    total = found.get("MemTotal")
    free = found.get("MemAvailable", found.get("MemFree"))
    return None if total is None or free is None else (total, free)


def load1(loadavg: bytes) -> float | None:
    """The load average of the last minute."""
    words = decode(loadavg).split()
    try:
        value = float(words[0])
    except (IndexError, ValueError):
        return None
    return value if 0 <= value < 1e9 else None


@dataclass(frozen=True, slots=True)
class Counters:
    """What a network device counted since it was made."""

    rx_bytes: int
    rx_packets: int
    rx_dropped: int
    tx_bytes: int
    tx_packets: int
    tx_dropped: int


def net_dev(text: bytes) -> dict[str, Counters]:
    """/proc/net/dev by device."""
    found: dict[str, Counters] = {}
    for line in decode(text).splitlines():
        name, colon, rest = line.rpartition(":")
        values = [number(word) for word in rest.split()]
        if not colon or len(values) < 16:
            continue
        fine = [value for value in values[:16] if value is not None and value >= 0]
        if len(fine) == 16:
            found[name.strip()] = Counters(fine[0], fine[1], fine[3], fine[8], fine[9], fine[11])
    return found


def release(kernel: str) -> tuple[int, int]:
    """Major and minor of a kernel release such as "6.12.48+deb13-amd64"; (0, 0) when it is none."""
    parts = kernel.split(".")
    if len(parts) < 2:
        return (0, 0)
    major = number(parts[0])
    minor = number("".join(_leading_digits(parts[1])))
    return (0, 0) if major is None or minor is None else (major, minor)


def _leading_digits(text: str) -> Iterable[str]:
    for char in text:
        if not ("0" <= char <= "9"):
            return
        yield char
