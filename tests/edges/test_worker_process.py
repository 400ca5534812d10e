"""Promises of workers between two sessions: they hold nothing, serve the next one, and are never left behind."""

import os
import signal

import pytest

from kernel_opt.edges import lease, worker_process
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.process import StopWish
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.edges.session_files import WORKER_LOG
from kernel_opt.edges.session_records import RunOutcome
from tests.edges.sessions import executor, open_on, read_worker_pid
from tests.edges.waiting import wait_until
from tests.worker.conftest import Host, host

__all__ = ["executor", "host"]


def test_a_worker_carries_out_the_next_session_too(host: Host, executor: LocalExecutor) -> None:
    """Between two sessions their worker waits without a card; what each is told and says stays in its own place."""
    with open_on(host, executor, "s1") as first:
        first.run(host.make_order(1, "true"))
    assert lease.holder(first.granted.lease_key) is None
    host.set_cards({"use_pct": 70.0}, {})
    with open_on(host, executor, "s2") as second:
        answer = second.run(host.make_order(1, "read -r line; echo got $line >r.csv"))
    assert (second.granted.card.card, answer.outcome, len(answer.files)) == (1, RunOutcome.OK, 1)
    assert (second.directory / answer.files[0].path).read_text() == "got\n"
    assert read_worker_pid(first) == read_worker_pid(second)
    assert (second.directory / WORKER_LOG).read_bytes() == b""


def test_a_waiting_worker_ends_when_it_is_let_go(host: Host, executor: LocalExecutor) -> None:
    """At the daemon's end nobody is left, however often that is asked for."""
    with open_on(host, executor) as session:
        pid = read_worker_pid(session)
    assert read_start_ticks(pid) is not None
    executor.close()
    assert read_start_ticks(pid) is None
    executor.close()


def test_a_waiting_worker_that_does_not_end_is_killed(
    host: Host, executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process reads no end of its pipe, and must not keep the daemon from ending."""
    monkeypatch.setattr(worker_process, "_LEAVING_S", 0.05)
    with open_on(host, executor) as session:
        pid = read_worker_pid(session)
    os.kill(pid, signal.SIGSTOP)
    executor.close()
    assert read_start_ticks(pid) is None


def test_a_waiting_worker_that_was_killed_is_replaced(host: Host, executor: LocalExecutor) -> None:
    """Whatever ends a worker that waits, the next session gets a new one."""
    with open_on(host, executor, "s1") as first:
        pid = read_worker_pid(first)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: read_start_ticks(pid) is None, "the worker is gone")
    with open_on(host, executor, "s2") as second:
        assert second.run(host.make_order(1, "true")).outcome is RunOutcome.OK
        assert read_worker_pid(second) != pid


def test_sigterm_ends_a_waiting_worker(host: Host, executor: LocalExecutor) -> None:
    """A worker without a session has nothing to finish."""
    with open_on(host, executor) as session:
        pass
    pid = read_worker_pid(session)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: read_start_ticks(pid) is None, "the worker is gone")


def test_a_worker_whose_session_ended_badly_is_not_kept(host: Host, executor: LocalExecutor) -> None:
    """After anything but a session in order the next one starts afresh."""
    first = open_on(host, executor, "s1")
    first.run(host.make_order(1, "sleep 600"), lambda: StopWish("stop was asked"))
    assert read_start_ticks(read_worker_pid(first)) is None
    with open_on(host, executor, "s2") as second:
        assert read_worker_pid(second) != read_worker_pid(first)
