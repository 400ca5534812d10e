"""The executors under test: what differs between them is here, what they promise is the same."""

import contextlib
import os
import signal
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from kernel_opt.edges.executors.executor import Executor, SessionState
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.executors.slurm import SlurmExecutor
from kernel_opt.edges.measuring import Session, open_session
from kernel_opt.edges.process_tree import find_descendants
from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_files import WORKER, WorkerMark
from kernel_opt.model.executor_settings import SlurmSettings
from tests.executors.slurm_site import Site
from tests.worker.conftest import Host


@dataclass
class Engines(ABC):
    """What both have in common."""

    host: Host
    cards: int = 2
    made: list[Executor] = field(default_factory=list)

    name = ""

    @abstractmethod
    def make(self) -> Executor:
        """Return another executor, as a new daemon would."""

    def signal_all(self, session: Session, number: int) -> None:
        """Send a signal to every process of a session, its run's first, as a scheduler does."""
        pid = read_mark(session).pid
        for one in (*sorted(find_descendants(pid), reverse=True), pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, number)

    @property
    def sessions(self) -> Path:
        return self.host.root / "sessions"

    def _keep(self, executor: Executor) -> Executor:
        self.made.append(executor)
        return executor

    def end(self) -> None:
        for executor in self.made:
            for directory in self.sessions.glob("*/"):
                executor.cancel(directory)
            executor.close()


@dataclass
class LocalEngine(Engines):
    """Worker processes."""

    name = "local"

    def make(self) -> Executor:
        return self._keep(LocalExecutor())


@dataclass(kw_only=True)
class SlurmEngine(Engines):
    """Jobs of a real Slurm."""

    site: Site
    settings: SlurmSettings
    name = "slurm"

    def make(self) -> Executor:
        return self._keep(SlurmExecutor(self.settings, self.host.root / "shared"))


def open_on(engine: Engines, executor: Executor, name: str = "s1", **rest: object) -> Session:
    """Open a session that must be granted."""
    opened = open_session(executor, engine.sessions / name, engine.host.make_request(id=name, **rest))
    assert isinstance(opened, Session), opened
    return opened


def state_of(executor: Executor, directory: Path) -> SessionState:
    return executor.poll([directory])[directory]


def read_mark(session: Session) -> WorkerMark:
    mark = read_record(session.directory / WORKER, WorkerMark)
    assert mark is not None
    return mark


def kill_worker(session: Session) -> None:
    """Kill a session's worker; on these engines it is always a process of this host."""
    os.kill(read_mark(session).pid, signal.SIGKILL)


def find_writers(root: Path, what: str) -> list[str]:
    """Find processes whose command line holds this folder and these words."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(root) in words and what in words:
            found.append(words)
    return found


def quick_settings(root: Path) -> SlurmSettings:
    """Waits that suit a test."""
    return SlurmSettings(shared_dir=str(root), poll_s=0.2, grace_s=1.0, silence_s=4.0, cpus=1, minutes=5)
