"""Which session has which job, and where each stands: its own word first, then the scheduler's, then silence."""

import threading
from pathlib import Path

from kernel_opt.edges.executors.executor import SessionState, read_result
from kernel_opt.edges.executors.slurm_home import Home
from kernel_opt.edges.executors.slurm_job import JobRecord, read_job
from kernel_opt.edges.executors.slurm_queue import Look

_STATES = {
    (True, False): SessionState.PENDING,
    (False, True): SessionState.RUNNING,
    (False, False): SessionState.UNKNOWN,
}
"""By whether a job waits and whether it goes on; one in neither is in a state of another version."""


class Jobs:
    """The open sessions' jobs."""

    def __init__(self, home: Home, grace_s: float) -> None:
        self._home = home
        self._grace_s = grace_s
        self._lock = threading.Lock()
        self._records: dict[Path, JobRecord] = {}
        self._gone: dict[Path, float] = {}

    def add(self, directory: Path, record: JobRecord) -> None:
        """Note a session's job."""
        with self._lock:
            self._records[directory] = record

    def forget(self, directory: Path) -> None:
        """Let a session go that is over."""
        with self._lock:
            self._records.pop(directory, None)
            self._gone.pop(directory, None)

    def find(self, directory: Path) -> JobRecord | None:
        """Return a session's job, an earlier daemon's too."""
        return self._records.get(directory) or read_job(directory)

    def all(self) -> dict[Path, JobRecord]:
        """Return the open ones."""
        with self._lock:
            return dict(self._records)

    def find_state(self, directory: Path, look: Look | None, grace_s: float | None = None) -> SessionState:
        """Tell where a session stands; one whose job is gone without a result is lost after a while."""
        if read_result(directory) is not None:
            return SessionState.DONE
        record = self.find(directory)
        if record is None:
            return SessionState.ABSENT
        if self._home.holds(directory):
            return SessionState.UNKNOWN if self._home.problem else SessionState.PENDING
        if look is None or look.problem:
            return SessionState.UNKNOWN
        job = look.jobs.get(record.name)
        if job is not None and not job.is_over:
            self._gone.pop(directory, None)
            return _STATES[job.is_waiting, job.is_going]
        sent = self._home.sent_s(record.name)
        if job is None and sent is not None and look.began <= sent:
            return SessionState.PENDING
        gone_s = look.began - self._gone.setdefault(directory, look.began)
        return SessionState.UNKNOWN if gone_s < (self._grace_s if grace_s is None else grace_s) else SessionState.LOST

    def tell(self, directory: Path, look: Look | None) -> str:
        """Tell people what is known of a session's job."""
        record = self.find(directory)
        if record is None:
            return ""
        if self._home.holds(directory):
            return f"waits at home: {self._home.problem or 'enough jobs stand in the queue'}"
        if look is None or look.problem:
            return "" if look is None else look.problem
        job = look.jobs.get(record.name)
        return f"{record.name}: {job}" if job is not None else f"{record.name} is not in the queue"
