"""How a running daemon hears what people want."""

import datetime as dt
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_opt.daemon.signals import PAUSE, STOP, STOP_NOW, SignalWishes
from kernel_opt.edges.clock import SystemClock

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)
FAR_S = 3.0e9  # beyond what select(2) takes


@pytest.fixture
def wishes(tmp_path: Path) -> Iterator[SignalWishes]:
    """Wishes that listen, and everything put back at the end."""
    before = {number: signal.getsignal(number) for number in HEARD}
    made = SignalWishes(tmp_path / "wishes", SystemClock())
    made.listen()
    yield made
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)
    os.close(made._read_fd)
    os.close(made._write_fd)


def test_nobody_wants_anything(wishes: SignalWishes) -> None:
    """Without a wish the run goes on."""
    assert (wishes.stop(), wishes.stop_now(), wishes.pause()) == (None, None, False)


def test_the_first_signal_asks_and_the_second_insists(wishes: SignalWishes) -> None:
    """SIGTERM or SIGINT, once: after the step; twice: now."""
    os.kill(os.getpid(), signal.SIGTERM)
    assert wishes.stop() == "a signal"
    assert wishes.stop_now() is None
    os.kill(os.getpid(), signal.SIGINT)
    now = wishes.stop_now()
    assert now is not None
    assert now.reason == wishes.stop() == "a second signal"


def test_a_closed_terminal_is_no_wish(wishes: SignalWishes) -> None:
    """SIGHUP is not heard."""
    os.kill(os.getpid(), signal.SIGHUP)
    assert wishes.stop() is None


def test_files_are_wishes_that_survive_a_crash(wishes: SignalWishes, tmp_path: Path) -> None:
    """What `stop`, `stop --now` and `pause` leave is heard by this daemon and the next; stops are forgotten."""
    folder = tmp_path / "wishes"
    (folder / STOP).touch()
    assert (wishes.stop(), wishes.stop_now()) == ("kernel-opt stop", None)
    (folder / STOP_NOW).touch()
    assert wishes.stop() == "kernel-opt stop --now"
    (folder / PAUSE).touch()
    assert SignalWishes(folder, SystemClock()).pause()
    wishes.forget()
    assert (wishes.stop(), wishes.pause()) == (None, True)


def test_sleep_ends_when_somebody_asks(wishes: SignalWishes, tmp_path: Path) -> None:
    """A signal in mid-sleep wakes the daemon, however long it was to sleep."""
    # SIGUSR1 says that there is something to look at; it comes when the main thread sleeps, or just before.
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    wishes.sleep_until(FAR_S)
    (tmp_path / "wishes" / STOP).touch()
    wishes.sleep_until(FAR_S)


def test_a_time_that_has_passed_is_not_slept_for(wishes: SignalWishes) -> None:
    """Neither after a wait that was over before a crash, nor when the clock was set."""
    wishes.sleep_until(dt.datetime.now(dt.UTC).timestamp() - 1)


def test_an_answer_of_another_thread_wakes_who_listens(wishes: SignalWishes) -> None:
    """Also one that came before anybody listened; it is heard once."""
    wishes.wake()
    wishes.hear(FAR_S)
    thread = threading.Thread(target=wishes.wake)
    thread.start()
    wishes.hear(None)
    thread.join()
    wishes.hear(0.0)
    wishes.hear(-1.0)


def test_waking_often_costs_nothing(wishes: SignalWishes) -> None:
    """A pipe that is full wakes all the same."""
    for _ in range(100_000):
        wishes.wake()
    wishes.hear(FAR_S)


def test_everything_that_runs_can_be_ended_at_once(wishes: SignalWishes) -> None:
    """When nobody will hear its answer."""
    wishes.end_all()
    assert wishes.stop_now() is not None
