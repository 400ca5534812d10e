"""What a daemon does first when an earlier one died."""

from collections.abc import Sequence
from pathlib import Path

from kernel_opt.daemon.resume import NEWEST_ROUNDS, end_old_sessions
from kernel_opt.edges.executors.executor import SessionState
from tests.daemon.test_book import FakeLog


class FakeExecutor:
    """Sessions by folder; those that run can be cancelled."""

    def __init__(self, states: dict[Path, SessionState]) -> None:
        self.states = states
        self.cancelled: list[Path] = []

    def adopt(self, directories: Sequence[Path]) -> dict[Path, SessionState]:
        return {directory: self.states[directory] for directory in directories}

    def cancel(self, directory: Path) -> None:
        self.cancelled.append(directory)


def lay_out(root: Path, *names: str) -> list[Path]:
    sessions = [root / "rounds" / name / "session" for name in names]
    for session in sessions:
        session.mkdir(parents=True)
    return sessions


def test_sessions_of_the_newest_rounds_are_ended(tmp_path: Path) -> None:
    """Their answers reach nobody and their card is needed; finished ones are left alone."""
    old, done, first, second = lay_out(tmp_path, "0001/bench-1", "0007/bench-1", "0007/bench-2", "0008/measure-1")
    running, pending = SessionState.RUNNING, SessionState.PENDING
    executor = FakeExecutor({old: running, done: SessionState.DONE, first: running, second: pending})
    log = FakeLog()
    end_old_sessions(executor, tmp_path, log)
    assert executor.cancelled == [first, second]
    assert [fields["session"] for _, fields in log.said] == [
        "rounds/0007/bench-2/session",
        "rounds/0008/measure-1/session",
    ]
    assert NEWEST_ROUNDS == 2


def test_sessions_of_rounds_that_are_open_are_ended_however_old(tmp_path: Path) -> None:
    """With several rounds at once the oldest may be far behind the last."""
    old, open_one, over, newest, last = lay_out(tmp_path, *(f"{n:04d}/measure-1" for n in (1, 3, 4, 20, 21)))
    states = dict.fromkeys((old, open_one, newest, last), SessionState.RUNNING) | {over: SessionState.DONE}
    executor = FakeExecutor(states)
    end_old_sessions(executor, tmp_path, FakeLog(), (3, 4, 21))
    assert executor.cancelled == [open_one, newest, last]


def test_a_run_without_rounds_has_nothing_to_end(tmp_path: Path) -> None:
    """The first start finds nothing."""
    executor = FakeExecutor({})
    end_old_sessions(executor, tmp_path, FakeLog())
    assert executor.cancelled == []
