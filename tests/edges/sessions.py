"""Sessions of a test: an executor that is put away afterwards, and a session that must be granted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_opt.edges.executors.executor import Executor, SessionState
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.measuring import Session, open_session
from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_files import WORKER, WorkerMark
from tests.worker.conftest import Host


@pytest.fixture
def executor(host: Host) -> Iterator[LocalExecutor]:
    """An executor whose workers are all gone at the end."""
    made = LocalExecutor()
    yield made
    for directory in (*host.root.glob("sessions/*/"), host.root / "s1"):
        made.cancel(directory)
    made.close()


def open_on(host: Host, executor: LocalExecutor, name: str = "s1", **rest: object) -> Session:
    """Open a session that must be granted."""
    opened = open_session(executor, host.root / "sessions" / name, host.make_request(id=name, **rest))
    assert isinstance(opened, Session), opened
    return opened


def read_worker_pid(session: Session) -> int:
    mark = read_record(session.directory / WORKER, WorkerMark)
    assert mark is not None
    return mark.pid


def poll(executor: Executor, directory: Path) -> SessionState:
    return executor.poll([directory])[directory]
