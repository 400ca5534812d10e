"""Promises of sessions carried out by real worker processes: never doubled, never waited for in vain."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kernel_opt.edges import lease
from kernel_opt.edges.clock import read_boot_id
from kernel_opt.edges.executors.executor import SessionState, read_result
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.measuring import open_session
from kernel_opt.edges.process import StopWish
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.edges.record_files import write_record
from kernel_opt.edges.session_files import CANCEL, REQUEST, RESULT, WORKER, WorkerMark
from kernel_opt.edges.session_records import RunOutcome, SessionOutcome, SessionResult
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.rules.card.gate import Thresholds
from tests.edges.sessions import executor, open_on, poll, read_worker_pid
from tests.edges.waiting import Tracer, wait_until
from tests.worker.conftest import Host, host

__all__ = ["executor", "host"]

LOST = SessionResult(outcome=SessionOutcome.LOST, why=("its worker is gone",))


def test_a_session_from_beginning_to_end(host: Host, executor: LocalExecutor) -> None:
    """A session is opened on a card, runs what it is told, and lets go of the card at the end."""
    with open_on(host, executor) as session:
        assert session.granted.card.card == 0
        assert lease.holder(session.granted.lease_key) is not None
        first = session.run(host.make_order(1, "echo 1 >r.csv"))
        second = session.run(host.make_order(2, "exit 4"))
    assert (first.outcome, [file.origin for file in first.files]) == (RunOutcome.OK, ["r.csv"])
    assert (second.outcome, second.exit_code) == (RunOutcome.FAILED, 4)
    assert session.end() == SessionResult(outcome=SessionOutcome.OK, worker_stays=True)
    assert lease.holder(session.granted.lease_key) is None
    assert session.run(host.make_order(3, "true")).outcome is RunOutcome.LOST


def test_a_session_is_ended_without_its_marker_too(host: Host) -> None:
    """Where the marker file cannot be made, on a full disk say, a signal lets go of the card; and that is told."""
    told: list[str] = []
    executor = LocalExecutor(tell=told.append)
    session = open_on(host, executor)
    (session.directory / CANCEL).symlink_to(CANCEL)  # a link to itself cannot be opened
    executor.cancel(session.directory)
    assert lease.holder(session.granted.lease_key) is None
    assert session.end().outcome is SessionOutcome.CANCELLED
    assert "session s1 is ended by a signal" in told[0]


def test_an_order_that_could_not_be_written_costs_no_wait(host: Host, executor: LocalExecutor) -> None:
    """When the disk is full for a moment, the session still ends in order by the next word."""
    session = open_on(host, executor)
    orders = session.directory / "orders"
    orders.rename(session.directory / "away")
    with pytest.raises(FileNotFoundError):
        session.run(host.make_order(1, "true"))
    (session.directory / "away").rename(orders)
    assert session.end() == SessionResult(outcome=SessionOutcome.OK, worker_stays=True)


def test_two_sessions_take_two_cards(host: Host, executor: LocalExecutor) -> None:
    """Two sessions on one host never share a card, and a third finds none."""
    host.set_cards({}, {})
    with open_on(host, executor, "s1") as one, open_on(host, executor, "s2") as two:
        assert {one.granted.card.card, two.granted.card.card} == {0, 1}
        third = open_session(executor, host.root / "sessions" / "s3", host.make_request(id="s3"))
    assert isinstance(third, SessionResult)
    assert third.outcome is SessionOutcome.BUSY_GPU
    assert len(third.why) == 2


def test_sessions_of_several_threads_share_the_workers_that_wait(host: Host, executor: LocalExecutor) -> None:
    """Four threads measure at once, each on a card of its own; there are never more workers than sessions at once."""
    host.set_cards({}, {}, {}, {})
    pids: set[int] = set()

    def measure(lane: int) -> list[int]:
        exit_codes = []
        for number in range(3):
            with open_on(host, executor, f"s{lane}-{number}", gate=Thresholds(looks=1)) as session:
                pids.add(read_worker_pid(session))
                order = host.make_order(1, f"exit {lane}", collect=())
                exit_codes.append(session.run(order).exit_code)
        return exit_codes

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(measure, range(4))) == [[lane] * 3 for lane in range(4)]
    assert len(pids) <= 4
    executor.close()
    assert not any(read_start_ticks(pid) for pid in pids)


def test_a_worker_that_has_gone_on_is_not_signalled_for_its_old_session(host: Host, executor: LocalExecutor) -> None:
    """Ending a session that is over, without a marker even, does no harm to the session its worker is on now."""
    first = open_on(host, executor, "s1")
    first.end()
    second = open_on(host, executor, "s2")
    assert read_worker_pid(first) == read_worker_pid(second)
    (first.directory / CANCEL).symlink_to(CANCEL)
    executor.cancel(first.directory)
    assert second.run(host.make_order(1, "true")).outcome is RunOutcome.OK
    second.end()


def test_a_busy_host_says_why(host: Host, executor: LocalExecutor) -> None:
    """Without an idle card there is no session but the reasons, and no worker is left."""
    host.set_cards({"use_pct": 60.0})
    directory = host.root / "sessions" / "s1"
    opened = open_session(executor, directory, host.make_request())
    assert isinstance(opened, SessionResult)
    assert "60 %" in opened.why[0]
    assert poll(executor, directory) is SessionState.DONE


def test_submitting_twice_is_harmless(host: Host, executor: LocalExecutor) -> None:
    """A session that runs, or has ended, is left as it is by another submission."""
    session = open_on(host, executor)
    pid = read_worker_pid(session)
    executor.submit(session.directory, host.make_request())
    assert read_worker_pid(session) == pid
    session.end()
    executor.submit(session.directory, host.make_request())
    assert poll(executor, session.directory) is SessionState.DONE
    assert read_worker_pid(session) == pid


def test_a_killed_worker_is_lost_at_once(host: Host, executor: LocalExecutor) -> None:
    """A worker killed while it runs is noticed and told as lost; its child ends too, and its card is free."""
    session = open_on(host, executor)
    script = f"echo 1 >{host.root}/started; while :; do date +%s%N >{host.root}/alive; sleep 0.02; done"

    def tick() -> StopWish | None:
        if (host.root / "started").exists():
            os.kill(read_worker_pid(session), signal.SIGKILL)
        return None

    answer = session.run(host.make_order(1, script), tick)
    assert answer.outcome is RunOutcome.LOST
    assert session.end() == SessionResult(outcome=SessionOutcome.LOST)
    assert lease.holder(session.granted.lease_key) is None

    def is_still() -> bool:
        before = (host.root / "alive").read_text()
        os.sched_yield()
        return not _find_writers(host) and before == (host.root / "alive").read_text()

    wait_until(is_still, "the child is gone")


def _find_writers(host: Host) -> list[str]:
    """Find shells that still run the script of this test."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{host.root}/alive".encode() in place.read_bytes():
                found.append(place.parent.name)
        except OSError:
            continue
    return found


def test_a_worker_that_cannot_start_is_told(host: Host) -> None:
    """An interpreter that is missing is told as our machine's trouble."""
    with pytest.raises(InfrastructureError, match="worker cannot be started"):
        LocalExecutor("/no/such/python").submit(host.root / "s1", host.make_request())


def test_a_worker_that_ends_at_once_is_lost(host: Host) -> None:
    """A worker that never says a word is lost, not waited for."""
    opened = open_session(LocalExecutor("/bin/false"), host.root / "s1", host.make_request())
    assert opened == LOST


def test_a_wish_ends_the_session_quickly(host: Host, executor: LocalExecutor) -> None:
    """A stop that is asked for while a run lasts ends run, session and lease."""
    session = open_on(host, executor)
    answer = session.run(host.make_order(1, "sleep 600"), lambda: StopWish("stop was asked"))
    assert answer.outcome is RunOutcome.CANCELLED
    assert poll(executor, session.directory) is SessionState.DONE
    assert session.end().outcome is SessionOutcome.CANCELLED
    assert lease.holder(session.granted.lease_key) is None


def test_a_wish_ends_the_opening(host: Host, executor: LocalExecutor) -> None:
    """A stop that is asked for at the gate ends the wait there."""
    host.set_cards({}, hang_s=2)
    opened = open_session(executor, host.root / "s1", host.make_request(), lambda: StopWish("stop was asked"))
    assert opened == SessionResult(outcome=SessionOutcome.CANCELLED, why=("stop was asked",))


def test_an_error_while_waiting_ends_the_session(host: Host, executor: LocalExecutor) -> None:
    """Leaving the block by an error ends the run under way, too."""

    def tick() -> StopWish | None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_on(host, executor) as session:
        session.run(host.make_order(1, "sleep 600"), tick)
    assert poll(executor, session.directory) is SessionState.DONE
    assert lease.holder(session.granted.lease_key) is None


def test_a_session_whose_daemon_is_gone_ends(host: Host, executor: LocalExecutor) -> None:
    """When the daemon's lock is free, the worker ends by itself and says why."""
    session = open_on(host, executor)
    host.drop_owner_lock()
    wait_until(lambda: poll(executor, session.directory) is SessionState.DONE, "the worker ends")
    assert session.end().outcome is SessionOutcome.OWNER_GONE
    assert session.run(host.make_order(1, "true")).outcome is RunOutcome.LOST


def test_a_killed_daemon_takes_worker_and_children_along(host: Host) -> None:
    """After SIGKILL to the daemon neither its worker nor anything a hostile run started lives, and the card is free."""
    tracer = Tracer(host.root / "lock")
    host.drop_owner_lock()
    hostile = Path(__file__).parents[1] / "hostile.py"
    # Nothing a worker starts inherits files of ours, so the run opens the lock by itself, shared among all of them.
    script = f"exec 9<{tracer.path}; flock --shared 9; exec {sys.executable} {hostile} stay"
    write_record(host.root / "request.json", host.make_request())
    write_record(host.root / "order.json", host.make_order(1, script))
    tracer.let_go()
    command = [sys.executable, str(hostile.with_name("session_parent.py")), str(host.root)]
    daemon = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(hostile.parents[2])})
    log = host.root / "session" / "runs" / "0001" / "candidate.log"
    wait_until(lambda: log.exists() and b"ready" in log.read_bytes(), "the hostile tree stands")
    assert tracer.is_anyone_alive()
    daemon.kill()
    daemon.wait()
    wait_until(lambda: not tracer.is_anyone_alive(), "nobody is alive")
    wait_until(lambda: poll(LocalExecutor(), host.root / "session") is not SessionState.RUNNING, "the worker is gone")
    result = read_result(host.root / "session")
    assert result is not None
    assert result.outcome is SessionOutcome.OWNER_GONE
    assert lease.holder("fake-0000:00:00.0") is None


def test_a_session_that_ended_answers_lost(host: Host, executor: LocalExecutor) -> None:
    """An order for a session that has ended by itself is answered with the reason."""
    session = open_on(host, executor, idle_order_s=0.01)
    wait_until(lambda: poll(executor, session.directory) is SessionState.DONE, "the worker ends")
    answer = session.run(host.make_order(1, "true"))
    assert (answer.outcome, answer.detail) == (RunOutcome.LOST, "the session ended: idle")


def test_sigterm_ends_a_worker_in_order(host: Host, executor: LocalExecutor) -> None:
    """A worker told to end by SIGTERM writes its result first."""
    session = open_on(host, executor)
    os.kill(read_worker_pid(session), signal.SIGTERM)
    wait_until(lambda: poll(executor, session.directory) is SessionState.DONE, "the worker ends")
    assert session.end().outcome is SessionOutcome.CANCELLED


def test_a_new_daemon_finds_all_sessions(host: Host, executor: LocalExecutor) -> None:
    """After a restart every session is found: running, done, lost, or never begun; a running one can be cancelled."""
    sessions = host.root / "sessions"
    running = open_on(host, executor, "running")
    write_record_in(sessions / "done", RESULT, SessionResult(outcome=SessionOutcome.OK))
    write_record_in(sessions / "lost", REQUEST, host.make_request())
    (sessions / "absent").mkdir()
    later = LocalExecutor()
    assert {directory.name: state for directory, state in later.adopt(sorted(sessions.iterdir())).items()} == {
        "absent": SessionState.ABSENT,
        "done": SessionState.DONE,
        "lost": SessionState.LOST,
        "running": SessionState.RUNNING,
    }
    later.cancel(running.directory)
    assert poll(later, running.directory) is SessionState.DONE
    assert later.adopt([]) == {}


def write_record_in(directory: Path, name: str, record: object) -> None:
    directory.mkdir()
    write_record(directory / name, record)


def test_a_recycled_pid_is_not_our_worker(host: Host) -> None:
    """A mark whose process is another one by now, or of another boot, is a lost session, and nobody is killed."""
    for name, mark in {
        "other-process": WorkerMark(pid=os.getpid(), start_ticks=1, boot_id=read_boot_id()),
        "other-boot": WorkerMark(pid=os.getpid(), start_ticks=read_start_ticks(os.getpid()) or 0, boot_id="before"),
    }.items():
        directory = host.root / name
        write_record_in(directory, REQUEST, host.make_request())
        write_record(directory / WORKER, mark)
        assert poll(LocalExecutor(), directory) is SessionState.LOST
        LocalExecutor().cancel(directory)


def test_cancel_of_what_never_was_is_harmless(host: Host) -> None:
    """Cancelling a session without a directory does nothing."""
    LocalExecutor().cancel(host.root / "never")
    assert not (host.root / "never").exists()
