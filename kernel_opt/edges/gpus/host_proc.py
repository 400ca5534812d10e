"""What the kernel's own tables say about the cores of this host: their time, and whose threads used it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CoreTime:
    """Ticks since boot of one CPU; ``stolen`` is what the hypervisor gave to others, and part of ``used``."""

    total: int
    used: int
    stolen: int


@dataclass(frozen=True, slots=True)
class ThreadTime:
    """Ticks of one thread, and the CPU it was on last."""

    pid: int
    name: str
    cpu: int
    ticks: int


def read_core_times(proc: Path) -> dict[int, CoreTime]:
    """Return the times of every CPU that is on line."""
    times: dict[int, CoreTime] = {}
    for line in (proc / "stat").read_text(encoding="ascii").splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name != "cpu" and len(fields) >= 4:
            # user nice system idle iowait irq softirq steal; the two guest fields after it are part of user already.
            ticks = [int(value) for value in fields[:8]]
            idle = sum(ticks[3:5])
            times[int(name[3:])] = CoreTime(sum(ticks), sum(ticks) - idle, ticks[7] if len(ticks) > 7 else 0)
    return times


def read_threads(proc: Path) -> dict[int, ThreadTime] | None:
    """Return the times of every thread by its id; None where the processes of others are hidden."""
    if not _read_text(proc / "1" / "stat"):
        return None
    threads: dict[int, ThreadTime] = {}
    for pid in _list_numbers(proc):
        for tid in _list_numbers(proc / str(pid) / "task"):
            # A name may hold blanks and brackets: the last bracket ends it. A thread may end while we look.
            head, _, tail = _read_text(proc / str(pid) / "task" / str(tid) / "stat").rpartition(")")
            fields = tail.split()
            if len(fields) > 36:
                name = head.partition("(")[2]
                threads[tid] = ThreadTime(pid, name, cpu=int(fields[36]), ticks=int(fields[11]) + int(fields[12]))
    return threads


def _list_numbers(folder: Path) -> list[int]:
    """Return the numbered entries; none of a process that ended while we look (`glob` would raise for it)."""
    try:
        return [int(entry.name) for entry in folder.iterdir() if entry.name.isdigit()]
    except OSError:
        return []


Work = Mapping[int, ThreadTime]
"""By thread, the ticks it spent between two looks, on the CPU where it ended."""


def subtract_times(before: Mapping[int, CoreTime], after: Mapping[int, CoreTime]) -> dict[int, CoreTime]:
    """Return what every CPU spent between two looks; one that went off line in between is left out."""
    return {
        cpu: CoreTime(now.total - then.total, now.used - then.used, now.stolen - then.stolen)
        for cpu, now in after.items()
        if (then := before.get(cpu)) is not None
    }


def sum_work(before: Mapping[int, ThreadTime], after: Mapping[int, ThreadTime]) -> Work:
    """Return what every thread spent between two looks; of one that is new, all it has spent."""
    worked: dict[int, ThreadTime] = {}
    for tid, now in after.items():
        then = before.get(tid)
        ticks = now.ticks - then.ticks if then is not None and then.pid == now.pid else now.ticks
        if ticks > 0:
            worked[tid] = replace(now, ticks=ticks)
    return worked


def add_up(worked: Work, cpus: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Return, by process, the name and the ticks of what its threads did on these CPUs."""
    found: dict[int, tuple[str, int]] = {}
    for thread in worked.values():
        if thread.cpu in cpus:
            found[thread.pid] = (thread.name, found.get(thread.pid, ("", 0))[1] + thread.ticks)
    return found


def read_resident_bytes(proc: Path, pid: int) -> int | None:
    """Return how much memory a process holds; None when it has gone."""
    fields = _read_text(proc / str(pid) / "statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else None


def read_memory_bytes(proc: Path) -> int | None:
    """Return the memory of the host."""
    for line in _read_text(proc / "meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return None


def read_core_groups(sys_root: Path) -> list[tuple[int, ...]]:
    """Return the CPUs of every physical core: hardware threads of one core disturb each other."""
    paths = sys_root.glob("devices/system/cpu/cpu[0-9]*/topology/thread_siblings_list")
    return sorted({parse_cpus(text) for path in paths if (text := _read_text(path))})


def parse_cpus(text: str) -> tuple[int, ...]:
    """Read the kernel's way of writing CPUs: `0,4-5` is 0, 4, 5."""
    cpus: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(cpus))


def read_clock_mhz(sys_root: Path, cpu: int) -> float | None:
    """Return the clock of a CPU where the host tells it; virtual machines do not."""
    text = _read_text(sys_root / f"devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq").strip()
    return int(text) / 1000 if text.isdigit() else None


def read_model_name(proc: Path) -> str | None:
    """Return what the CPU calls itself; aarch64 does not say."""
    for line in _read_text(proc / "cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return None


def _read_text(path: Path) -> str:
    """Return the text of a small file, or nothing where it is not there or not ours to read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
