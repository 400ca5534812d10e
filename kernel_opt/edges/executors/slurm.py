"""Sessions as jobs of Slurm, by its plain commands; what a session wrote itself is believed before the scheduler."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from kernel_opt.edges.executors.executor import OPEN, Capacity, SessionState, read_result
from kernel_opt.edges.executors.slurm_capacity import count_free
from kernel_opt.edges.executors.slurm_commands import Slurm
from kernel_opt.edges.executors.slurm_home import Home, Waiter
from kernel_opt.edges.executors.slurm_job import JOB, JobRecord, new_record, read_job, take_back, write_ticket
from kernel_opt.edges.executors.slurm_nodes import Shunned
from kernel_opt.edges.executors.slurm_note import QueueNote
from kernel_opt.edges.executors.slurm_queue import Look, SlurmQueue
from kernel_opt.edges.executors.slurm_signs import SignsOfLife
from kernel_opt.edges.executors.slurm_states import Jobs
from kernel_opt.edges.executors.slurm_submit import Submitter, write_end
from kernel_opt.edges.record_files import write_record
from kernel_opt.edges.session_files import CANCEL, REQUEST
from kernel_opt.edges.session_records import Scheduler, SessionRequest
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.executor_settings import SlurmSettings

_ASKED_S = 5.0
"""Seconds for a worker to find the mark that it is cancelled, before the scheduler is told to end it."""
_KILLED_S = 90.0
"""Seconds for the scheduler to end a job: it asks, waits (30 s by default), and kills."""
_NAP_S = 0.1


class SlurmExecutor:
    """Gives sessions to jobs."""

    def __init__(
        self,
        settings: SlurmSettings,
        folder: Path,
        tell: Callable[[str], object] = lambda _: None,
        note: QueueNote | None = None,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._note = note
        self._tell = tell
        self._slurm = Slurm(settings.command_limit_s)
        self._queue = SlurmQueue(self._slurm, settings.poll_s, self._send)
        self._home = Home(settings.queued)
        self._nodes = Shunned()
        self._submitter = Submitter(settings, self._slurm, self._nodes, tell)
        self._jobs = Jobs(self._home, settings.grace_s)
        self._lock = threading.Lock()  # held while a session is given a job
        self._left: list[Path] = []
        self._signs: SignsOfLife | None = None

    def submit(self, directory: Path, request: SessionRequest) -> None:
        """Let a session have a job, at once or when few enough wait; submitting twice is harmless."""
        with self._lock:
            if read_job(directory) is not None:
                return
            (directory / "orders").mkdir(parents=True, exist_ok=True)
            write_record(directory / REQUEST, replace(request, scheduler=self._give_signs()))
            taken = self._take_over(directory)
            record = taken or new_record(request.id, self._folder)
            write_record(directory / JOB, record)
            write_ticket(record, directory)
            self._jobs.add(directory, record)
            if taken is None:
                self._home.add(Waiter(directory=directory, request=request, record=record))
        self._queue.last(hurry=True)

    def poll(self, directories: Sequence[Path]) -> dict[Path, SessionState]:
        """Tell where sessions stand."""
        look = self._queue.last()
        return {directory: self._jobs.find_state(directory, look) for directory in directories}

    def adopt(self, directories: Sequence[Path]) -> dict[Path, SessionState]:
        """Tell where the sessions of an earlier daemon stand; a job that is gone by now has no more to say."""
        look = self._queue.ask()
        return {directory: self._jobs.find_state(directory, look, 0.0) for directory in directories}

    def describe(self, directory: Path) -> str:
        """Tell people what the scheduler says of a session."""
        return self._jobs.tell(directory, self._queue.last())

    def leave(self, directory: Path) -> None:
        """Leave a pending session's job in the queue: the next session takes its place there."""
        with self._lock:
            self._left.append(directory)

    def cancel(self, directory: Path) -> None:
        """End a session: marked first, so that what is killed is never taken for a failure of what ran."""
        if not self._mark(directory):
            return
        record = self._jobs.find(directory)
        if record is None or self._is_over(directory):
            return
        self._home.drop(directory)
        if take_back(record):
            write_end(directory, "cancelled before it began")
            self._submitter.cancel(record)
        elif not self._wait_over(directory, _ASKED_S):
            self._submitter.cancel(record)
            if not self._wait_over(directory, _KILLED_S):
                raise InfrastructureError(f"{self.describe(directory)}: it cannot be ended", "see `scontrol show job`")
        self._note_end(directory)

    def wait_ended(self, directory: Path, limit_s: float) -> None:
        """Wait for a session that was told to end; cancel it when it does not."""
        if not self._wait_over(directory, limit_s):
            self.cancel(directory)
        self._note_end(directory)

    def capacity(self) -> Capacity:
        """Tell how many cards of the partition nobody has, as the scheduler counts them."""
        return count_free(self._slurm, self._settings)

    def close(self) -> None:
        """Take everything out of the queue that nobody waits for, and give no more signs of life."""
        with self._lock:
            left, self._left = self._left, []
        for directory in left:
            with contextlib.suppress(InfrastructureError, OSError):  # the ticket is taken back: such a job does nothing
                self.cancel(directory)
        if self._signs is not None:
            self._signs.close()
            self._signs = None
        if self._note is not None:
            self._note.tell({})

    def _give_signs(self) -> Scheduler:
        """Return what a worker must know, and begin to give it signs of life."""
        if self._signs is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._signs = SignsOfLife(self._folder, self._settings.silence_s)
        is_one = self._settings.gpu_request == "gres"
        return Scheduler(signs=str(self._signs.path), silence_s=self._settings.silence_s, one_card=is_one)

    def _take_over(self, directory: Path) -> JobRecord | None:
        """Return a job that an earlier session has left in the queue; one that has begun since is of no use."""
        while self._left:
            old = self._left.pop(0)
            record = self._jobs.find(old)
            self._jobs.forget(old)
            if record is None or read_result(old) is not None:
                continue
            if take_back(record):
                write_end(old, f"{directory.parent.name} takes its place in the queue")
                if self._home.drop(old):
                    continue
                return record
            self._mark(old)
        return None

    def _send(self, look: Look) -> None:
        """Send off who may go, and write down for people how all stand."""
        jobs = self._jobs.all()
        ours = [record.name for record in jobs.values()]
        self._home.send(look, ours, self._submitter.submit, self._submitter.cancel)
        if self._note is not None:
            self._note.tell({directory: self._jobs.tell(directory, look) for directory in jobs})

    def _mark(self, directory: Path) -> bool:
        """Mark a session as cancelled; False when there is no such session."""
        try:
            (directory / CANCEL).touch()
        except FileNotFoundError:
            return False
        except OSError as error:
            self._tell(f"session {directory.name} is ended by the scheduler, its marker cannot be made: {error}")
        return True

    def _wait_over(self, directory: Path, limit_s: float) -> bool:
        """Wait bounded until a session has left its result, or its job is gone without one."""
        until = time.monotonic() + limit_s
        while not self._is_over(directory):
            if time.monotonic() > until:
                return False
            time.sleep(_NAP_S)
        return True

    def _is_over(self, directory: Path) -> bool:
        """Tell whether nothing more comes of a session."""
        return self._jobs.find_state(directory, self._queue.last()) not in OPEN

    def _note_end(self, directory: Path) -> None:
        """Remember the node of a session that the machine spoilt; the next ones go elsewhere."""
        self._nodes.note(directory, read_result(directory))
        self._jobs.forget(directory)
