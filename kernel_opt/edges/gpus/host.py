"""The host platform: groups of CPU cores as cards, so that the whole product runs where there is no GPU."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from kernel_opt.edges.gpus import host_proc
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.model.errors import ReadFailedError, UsageError
from kernel_opt.model.reading import GpuUser, Reading
from kernel_opt.rules.card.identity import name_card

CPUS_VARIABLE = "KERNEL_OPT_HOST_CPUS"
"""Tells a child its CPUs, for instance "2,10"; the host tracer and the program's own runtime keep to them."""
_STOLEN_PCT = 5.0
"""More than this taken by the hypervisor is no rounding of ticks: the core is not all ours."""
_OPTIONS = frozenset({"groups", "window_s", "user_pct", "proc_root", "sys_root"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """How this host is looked at."""

    groups: tuple[tuple[int, ...], ...] = ()
    """The CPUs of each card; empty: one card a physical core."""
    window_s: float = 0.5
    """Seconds that a look lasts: load is told in ticks of 10 ms, so that 0.5 s tells 2 % from 0."""
    user_pct: float = 20.0
    """Percent of a look that a process must have computed on a card to be its user: less is the host's housekeeping."""
    proc_root: Path = Path("/proc")
    sys_root: Path = Path("/sys")


class HostPlatform:
    """Core groups of this host."""

    name = "host"

    def __init__(self, options: HostOptions, allowed: frozenset[int], pause: Callable[[float], None]) -> None:
        self._options = options
        self._allowed = allowed
        self._pause = pause

    def read_cards(self) -> tuple[Reading, ...]:
        """Look at every core group for the length of one window."""
        proc = self._options.proc_root
        try:
            times, threads = host_proc.read_core_times(proc), host_proc.read_threads(proc)
            self._pause(self._options.window_s)
            spent = host_proc.subtract_times(times, host_proc.read_core_times(proc))
            later = host_proc.read_threads(proc)
            groups = self._options.groups or tuple(host_proc.read_core_groups(self._options.sys_root))
        except (OSError, ValueError) as error:
            raise ReadFailedError(
                f"the CPU cores of this host cannot be read: {error}", "see that /proc is mounted"
            ) from error
        worked = None if threads is None or later is None else host_proc.sum_work(threads, later)
        return tuple(self._tell(cpus, spent, worked) for cpus in groups or [(cpu,) for cpu in sorted(spent)])

    def bind(self, card: Reading, environ: Mapping[str, str]) -> dict[str, str]:
        """Return ``environ`` with the CPUs of this card."""
        cpus = self._find_group(card)
        return {**environ, CPUS_VARIABLE: ",".join(str(cpu) for cpu in cpus)}

    def enclose(self, card: Reading, environ: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return ``environ`` with the CPUs of this card; cores need no device nodes."""
        return (), self.bind(card, environ)

    def lease_key(self, card: Reading) -> str:
        """Return a name of the core group that is the same for every process on this host: that of its first CPU."""
        return name_card(card)

    def _find_group(self, card: Reading) -> tuple[int, ...]:
        groups = self._options.groups or host_proc.read_core_groups(self._options.sys_root)
        return next((cpus for cpus in groups if cpus[0] == card.card), (card.card,))

    def _tell(
        self, cpus: Sequence[int], spent: Mapping[int, host_proc.CoreTime], worked: host_proc.Work | None
    ) -> Reading:
        """Say what is known of one group; the share stolen by the hypervisor counts as use: we cannot have it."""
        known = [spent[cpu] for cpu in cpus if cpu in spent]
        total = sum(time.total for time in known)
        is_known = len(known) == len(cpus) and total > 0
        users = None if worked is None else self._find_users(cpus, worked)
        held = None if users is None else sum(user.vram_bytes or 0 for user in users)
        stolen_pct = 100 * sum(time.stolen for time in known) / total if is_known else None
        problems = [] if is_known else ["a CPU of this group is off line"]
        problems += ["the processes of others are hidden from us"] if users is None else []
        return Reading(
            card=cpus[0],
            source="host",
            at_s=time.clock_gettime(time.CLOCK_BOOTTIME),
            name=host_proc.read_model_name(self._options.proc_root),
            node_id=cpus[0],
            use_pct=100 * sum(time.used for time in known) / total if is_known else None,
            vram_used_bytes=held,
            vram_total_bytes=host_proc.read_memory_bytes(self._options.proc_root),
            users=users,
            pids_local=True,
            sclk_mhz=host_proc.read_clock_mhz(self._options.sys_root, cpus[0]),
            throttled=None if stolen_pct is None else stolen_pct > _STOLEN_PCT,
            withheld=self._find_withheld(cpus),
            problem="; ".join(problems) or None,
        )

    def _find_users(self, cpus: Sequence[int], worked: host_proc.Work) -> tuple[GpuUser, ...]:
        """Name who computed on these CPUs during the look; we who look are not one of them."""
        least_ticks = self._options.user_pct / 100 * self._options.window_s * host_proc.TICKS_PER_S
        return tuple(
            GpuUser(pid, name, host_proc.read_resident_bytes(self._options.proc_root, pid))
            for pid, (name, ticks) in sorted(host_proc.add_up(worked, cpus).items())
            if ticks >= least_ticks and pid != os.getpid()
        )

    def _find_withheld(self, cpus: Sequence[int]) -> str | None:
        missing = sorted(set(cpus) - self._allowed)
        return f"CPU {', '.join(map(str, missing))} is not among those this process may run on" if missing else None


def open_platform(options: Mapping[str, object]) -> Platform:
    """Open the platform; every option may be left out.

    ``groups``: CPUs of each card, such as ``["0-3", "4-7"]``. ``window_s``, ``user_pct``: see HostOptions.
    ``sys_root``, ``proc_root``: where the host's tables are mounted.
    """
    for key in options:
        if key not in _OPTIONS:
            raise UsageError(f"the host platform has no option {key!r}", f"it has {', '.join(sorted(_OPTIONS))}")
    if sys.platform != "linux":
        raise UsageError(f"the host platform reads Linux's /proc, which {sys.platform} has not", "use a Linux machine")
    default = HostOptions()
    chosen = HostOptions(
        groups=_read_groups(options.get("groups", [])),
        window_s=_read_positive("window_s", options.get("window_s", default.window_s)),
        user_pct=_read_positive("user_pct", options.get("user_pct", default.user_pct)),
        proc_root=Path(str(options.get("proc_root", default.proc_root))),
        sys_root=Path(str(options.get("sys_root", default.sys_root))),
    )
    return HostPlatform(chosen, frozenset(os.sched_getaffinity(0)), time.sleep)


def _read_groups(value: object) -> tuple[tuple[int, ...], ...]:
    texts = cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]
    try:
        groups = tuple(host_proc.parse_cpus(str(text)) for text in texts)
    except ValueError as error:
        raise UsageError(f"groups = {value!r} names no CPUs: {error}", 'write them as ["0-3", "4,6"]') from error
    cpus = [cpu for group in groups for cpu in group]
    if len(cpus) != len(set(cpus)):
        raise UsageError(f"groups = {value!r} has a CPU twice", "two cards cannot share a core")
    return groups


def _read_positive(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise UsageError(f"{name} = {value!r} is no number above 0", "leave it out to get the default")
    return float(value)
