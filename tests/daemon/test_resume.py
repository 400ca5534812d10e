"""What a daemon does first when an earlier one died."""

from pathlib import Path

from kernel_opt.daemon.resume import NEWEST_ROUNDS, end_old_sessions
from kernel_opt.edges.executor import SessionState
from tests.daemon.test_book import FakeLog


class FakeExecutor:
    """Sessions by folder; those that run can be cancelled."""

    def __init__(self, states: dict[Path, SessionState]) -> None:
        self.states = states
        self.cancelled: list[Path] = []

    def poll(self, directory: Path) -> SessionState:
        return self.states[directory]

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
    running = SessionState.RUNNING
    executor = FakeExecutor({old: running, done: SessionState.DONE, first: running, second: running})
    log = FakeLog()
    end_old_sessions(executor, tmp_path, log)
    assert executor.cancelled == [first, second]
    assert [fields["session"] for _, fields in log.said] == [
        "rounds/0007/bench-2/session",
        "rounds/0008/measure-1/session",
    ]
    assert NEWEST_ROUNDS == 2


def test_a_run_without_rounds_has_nothing_to_end(tmp_path: Path) -> None:
    """The first start finds nothing."""
    executor = FakeExecutor({})
    end_old_sessions(executor, tmp_path, FakeLog())
    assert executor.cancelled == []
