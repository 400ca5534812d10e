"""Jobs told to the scheduler: submitted once, cancelled by name."""

from collections.abc import Callable
from pathlib import Path

from kernel_opt.edges.executors.slurm_commands import Slurm, SlurmAwayError, SlurmRefusedError
from kernel_opt.edges.executors.slurm_home import Waiter
from kernel_opt.edges.executors.slurm_job import (
    JOB_LOG,
    JobRecord,
    submit_argv,
    take_back,
    worker_argv,
    write_script,
)
from kernel_opt.edges.executors.slurm_nodes import Shunned
from kernel_opt.edges.record_files import write_record
from kernel_opt.edges.session_files import RESULT
from kernel_opt.edges.session_records import SessionOutcome, SessionResult
from kernel_opt.model.executor_settings import SlurmSettings


class Submitter:
    """Tells the scheduler about jobs."""

    def __init__(self, settings: SlurmSettings, slurm: Slurm, nodes: Shunned, tell: Callable[[str], object]) -> None:
        self._settings = settings
        self._slurm = slurm
        self._nodes = nodes
        self._tell = tell

    def submit(self, waiter: Waiter) -> str:
        """Submit one job; a refusal is the session's end, silence is a problem that is returned."""
        try:
            try:
                self._ask(waiter, self._nodes.names())
            except SlurmRefusedError:
                if not self._nodes.names():
                    raise
                self._nodes.forget()  # without them there may be no node left
                self._ask(waiter, ())
        except SlurmAwayError as error:
            return str(error)
        except SlurmRefusedError as error:
            if take_back(waiter.record):
                write_end(waiter.directory, str(error), SessionOutcome.SETUP_ERROR)
        return ""

    def cancel(self, record: JobRecord) -> None:
        """Tell the scheduler to end a job, by its name: numbers are given anew after a crash of the controller."""
        try:
            self._slurm.ask(["scancel", "--quiet", f"--name={record.name}"])
        except (SlurmAwayError, SlurmRefusedError) as error:
            self._tell(f"{record.name} could not be cancelled: {error}")

    def _ask(self, waiter: Waiter, shunned: tuple[str, ...]) -> None:
        log, tag = waiter.directory / JOB_LOG, waiter.request.tag
        script = write_script(self._settings, worker_argv(self._settings, waiter.record))
        self._slurm.ask(submit_argv(self._settings, waiter.record, log, tag, shunned), script)


def write_end(directory: Path, why: str, outcome: SessionOutcome = SessionOutcome.CANCELLED) -> None:
    """End a session that no worker has."""
    write_record(directory / RESULT, SessionResult(outcome=outcome, why=(why,)))
