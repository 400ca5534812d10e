"""Asking a daemon for something, from another process."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_opt.daemon.asking import PAUSE, STOP, ask, is_stopped, take_back, wait_for_end
from kernel_opt.daemon.lock import RunLock
from kernel_opt.edges.places import RunPlace
from kernel_opt.journal.store import Store
from kernel_opt.model.errors import KernelOptError


@pytest.fixture
def place(tmp_path: Path) -> RunPlace:
    """A run without a daemon."""
    return RunPlace(str(tmp_path), "t1", "/r", "/w")


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """The signals that this process, which plays the daemon, was woken by."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGUSR1, before)


def test_a_wish_is_left_and_the_daemon_woken(place: RunPlace, heard: list[int]) -> None:
    """Even when the daemon dies before it hears, the wish stands."""
    lock = RunLock(Path(place.lock), "t1")
    ask(place, PAUSE)
    assert (Path(place.wishes) / PAUSE).exists()
    take_back(place, PAUSE)
    assert not (Path(place.wishes) / PAUSE).exists()
    assert heard == [signal.SIGUSR1] * 2
    lock.release()


def test_a_daemon_that_has_not_written_its_pid_is_asked_all_the_same(place: RunPlace, heard: list[int]) -> None:
    """It looks at the wishes before every step; nobody is woken by mistake."""
    lock = RunLock(Path(place.lock), "t1")
    Path(place.lock).write_text("")
    ask(place, STOP)
    assert (Path(place.wishes) / STOP).exists()
    assert heard == []
    lock.release()


def test_without_a_daemon_there_is_nobody_to_ask(place: RunPlace, heard: list[int]) -> None:
    """It says how to go on; taking a pause back works without one."""
    with pytest.raises(KernelOptError, match="no daemon carries out run t1 now; `kernel-opt start --tag t1 --resume`"):
        ask(place, STOP)
    with pytest.raises(KernelOptError, match="run t1 is not paused"):
        take_back(place, PAUSE)
    Path(place.wishes).mkdir()
    (Path(place.wishes) / PAUSE).touch()
    take_back(place, PAUSE)
    assert heard == []


def test_waiting_is_bounded(place: RunPlace) -> None:
    """A step that lasts longer than one wants to wait is told, with what ends it."""
    lock = RunLock(Path(place.lock), "t1")
    with pytest.raises(KernelOptError, match=r"has not stopped within 0 s; `kernel-opt stop --now`"):
        wait_for_end(place, 0.0)
    lock.release()


def test_an_end_without_a_stop_is_no_stop(place: RunPlace) -> None:
    """A journal that cannot be read, or that does not end with a stop, is not told as one."""
    with pytest.raises(KernelOptError):
        wait_for_end(place, 1.0)
    Store.create(Path(place.directory)).close()
    assert not is_stopped(place)
    with pytest.raises(KernelOptError, match="is gone, but the run did not stop in order"):
        wait_for_end(place, 1.0)
