"""What Slurm says of all our jobs, by one question that many may share."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

from kernel_opt.edges.executors.slurm_commands import Slurm, SlurmAwayError, SlurmRefusedError

PREFIX = "ko-"
"""Begins the names of all our jobs."""
_FORMAT = "%i|%T|%N|%r|%j"
_PARTS = 5
_WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD"})
_GOING = frozenset({"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "STAGE_OUT", "SIGNALING", "RESIZING"})
_OVER = frozenset({
    "COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY",
    "REVOKED", "SPECIAL_EXIT",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One job as the scheduler tells it."""

    number: str
    state: str
    nodes: str
    reason: str

    @property
    def is_waiting(self) -> bool:
        """It has no node yet."""
        return self.state in _WAITING

    @property
    def is_going(self) -> bool:
        """It has a node."""
        return self.state in _GOING

    @property
    def is_over(self) -> bool:
        """It will never do anything again. A state of another version is neither of the three."""
        return self.state in _OVER

    def __str__(self) -> str:
        place = f" on {self.nodes}" if self.nodes else ""
        why = f" ({self.reason})" if self.reason not in {"", "None"} else ""
        return f"job {self.number} {self.state}{place}{why}"


@dataclass(frozen=True, slots=True)
class Look:
    """One answer."""

    began: float
    """Monotonic; a job submitted later may be missing."""
    jobs: MappingProxyType[str, Job] = field(default_factory=lambda: MappingProxyType[str, Job]({}))
    """By name; of several with one name the one that still lives."""
    problem: str = ""
    """Why nobody answered; then ``jobs`` say nothing."""


class SlurmQueue:
    """Asks once in a while, in a thread of its own: a controller that hangs keeps nobody from other things.

    What has to be told to the controller is told in that thread as well, by ``then``, when it has just answered.
    """

    def __init__(
        self,
        slurm: Slurm,
        every_s: float,
        then: Callable[[Look], object] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slurm = slurm
        self._every_s = every_s
        self._then = then
        self._now = now
        self._lock = threading.Lock()
        self._asker: threading.Thread | None = None
        self._asked = -every_s
        self._look: Look | None = None

    def last(self, *, hurry: bool = False) -> Look | None:
        """Return the last answer, None before the first; asks anew where that is too old, without waiting for it."""
        with self._lock:
            is_due = hurry or self._now() - self._asked >= self._every_s
            if is_due and (self._asker is None or not self._asker.is_alive()):
                self._asked = self._now()
                self._asker = threading.Thread(target=self._go_on, daemon=True, name="squeue")
                self._asker.start()
            return self._look

    def _go_on(self) -> None:
        """Ask, and do what waited for the answer."""
        self._then(self.ask())

    def ask(self) -> Look:
        """Ask now, and wait for the answer."""
        began = self._now()
        try:
            user = str(os.getuid())
            text = self._slurm.ask(["squeue", "-h", "-t", "all", "-u", user, "-o", _FORMAT])
            look = Look(began, MappingProxyType(read_jobs(text)))
        except (SlurmAwayError, SlurmRefusedError, ValueError) as error:
            look = Look(began, problem=str(error))
        with self._lock:
            if self._look is None or self._look.began <= began:
                self._look = look
        return look


def read_jobs(text: str) -> dict[str, Job]:
    """Read squeue's lines; ValueError for what squeue never prints. Jobs that are not ours are passed over."""
    jobs: dict[str, Job] = {}
    for line in filter(str.strip, text.splitlines()):
        parts = line.split("|", _PARTS - 1)
        if len(parts) != _PARTS:
            raise ValueError(f"squeue printed {line[:80]!r}")
        number, state, nodes, reason, name = (part.strip() for part in parts)
        if not name.startswith(PREFIX):
            continue
        job = Job(number, state, nodes, reason)
        if name not in jobs or jobs[name].is_over:
            jobs[name] = job
    return jobs
