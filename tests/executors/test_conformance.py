"""What every executor promises, whoever carries the sessions out."""

import hashlib
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_opt.edges.collected import find_difference
from kernel_opt.edges.executors.executor import OPEN, SessionState, read_result
from kernel_opt.edges.measuring import Session, open_session
from kernel_opt.edges.process import StopWish
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.edges.record_files import write_record
from kernel_opt.edges.session_files import CANCEL
from kernel_opt.edges.session_records import RunOutcome, SessionOutcome, SessionResult
from tests.edges.waiting import wait_until
from tests.executors.engines import Engines, find_writers, kill_worker, open_on, read_mark, state_of

ROOT = Path(__file__).resolve().parents[2]


def test_a_session_from_beginning_to_end(engine: Engines) -> None:
    """A session is granted a card, runs what it is told, and ends; submitting it again changes nothing."""
    executor = engine.make()
    with open_on(engine, executor) as session:
        first = session.run(engine.host.make_order(1, "echo 1 >r.csv"))
        executor.submit(session.directory, engine.host.make_request())
        second = session.run(engine.host.make_order(2, "exit 4"))
    assert (first.outcome, [file.origin for file in first.files]) == (RunOutcome.OK, ["r.csv"])
    assert (second.outcome, second.exit_code) == (RunOutcome.FAILED, 4)
    assert session.end().outcome is SessionOutcome.OK
    executor.submit(session.directory, engine.host.make_request())
    assert state_of(executor, session.directory) is SessionState.DONE


def test_all_runs_of_a_session_are_on_its_card(engine: Engines) -> None:
    """Best and candidate are paired on one card, and the card's own address says so before and after each run."""
    with open_on(engine, engine.make()) as session:
        answers = [
            session.run(engine.host.make_order(number, "echo $FAKE_CARD >r.csv", collect=("*.csv",)))
            for number in range(1, 5)
        ]
    said = {(session.directory / answer.files[0].path).read_text().strip() for answer in answers}
    assert said == {str(session.granted.card.card)}
    seen = {reading.bdf for answer in answers for reading in (answer.before, answer.after) if reading is not None}
    assert seen == {session.granted.card.bdf}


def test_no_two_sessions_share_a_card(engine: Engines) -> None:
    """As many sessions as there are cards, from a thread each: every one has another card."""
    executor = engine.make()
    with ThreadPoolExecutor(engine.cards) as threads:
        sessions = list(threads.map(lambda lane: open_on(engine, executor, f"s{lane}"), range(engine.cards)))
        assert len({session.granted.lease_key for session in sessions}) == engine.cards
        assert set(executor.poll([session.directory for session in sessions]).values()) == {SessionState.RUNNING}
        assert {result.outcome for result in threads.map(Session.end, sessions)} == {SessionOutcome.OK}


def test_what_a_run_leaves_is_what_the_daemon_reads(engine: Engines) -> None:
    """Five megabytes come with their hash, and a file that was changed since is no result."""
    with open_on(engine, engine.make()) as session:
        make = f"{sys.executable} -c \"open('r.csv','wb').write(bytes(range(250)) * 20000)\""
        answer = session.run(engine.host.make_order(1, make))
        (file,) = answer.files
        content = (session.directory / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (5_000_000, hashlib.sha256(content).hexdigest())
        assert content == bytes(range(250)) * 20000
        (session.directory / file.path).write_bytes(content[::-1])
        assert (
            find_difference(session.directory, answer, late_s=0.0)
            == f"{file.path} is not what was collected: its hash differs"
        )


@pytest.mark.parametrize("count", [pytest.param(2, id="short"), pytest.param(10, id="long", marks=pytest.mark.slow)])
def test_what_is_cancelled_is_no_failing_candidate(engine: Engines, count: int) -> None:
    """However a session is ended in the middle of a run, by its marker or by signals to all of it: thirty of thirty."""
    executor = engine.make()
    outcomes = [_cancel(engine, executor, f"{way}-{number}", way) for number in range(count) for way in range(3)]
    assert outcomes == [RunOutcome.CANCELLED] * (3 * count)


def _cancel(engine: Engines, executor: object, name: str, way: int) -> RunOutcome:
    """Cancel a run by a wish; by marker and signals to all processes; by signals alone, as a site does."""
    session = open_on(engine, executor, name)
    started = engine.host.root / f"started-{name}"

    def tick() -> StopWish | None:
        if not started.exists():
            return None
        if way == 0:
            return StopWish("stop was asked")
        if way == 1:
            (session.directory / CANCEL).touch()
        engine.signal_all(session, signal.SIGTERM)
        started.unlink()
        return None

    answer = session.run(engine.host.make_order(1, f"touch {started}; sleep 60"), tick)
    executor.cancel(session.directory)
    assert session.end().outcome is SessionOutcome.CANCELLED
    return answer.outcome


def test_a_run_that_lasts_too_long_goes_with_all_it_started(engine: Engines) -> None:
    """A step timeout is the candidate's, and no process of it lives, not even one that left its parent and session."""
    script = f"(setsid sh -c 'sleep 300 # {engine.host.root}' & ) ; sleep 300 # {engine.host.root}"
    with open_on(engine, engine.make()) as session:
        answer = session.run(engine.host.make_order(1, script, timeout_s=0.5))
        assert answer.outcome is RunOutcome.STEP_TIMEOUT
        assert not find_writers(engine.host.root, "sleep 300")
        assert session.run(engine.host.make_order(2, "true")).outcome is RunOutcome.OK


def test_a_card_that_is_not_idle_is_not_taken(engine: Engines) -> None:
    """Whoever granted the card, the worker looks whether it is idle, and says what it saw."""
    engine.host.set_cards({"use_pct": 60.0}, {"use_pct": 60.0})
    opened = open_session(engine.make(), engine.sessions / "s1", engine.host.make_request())
    assert isinstance(opened, SessionResult)
    assert (opened.outcome, "60 %" in opened.why[0]) == (SessionOutcome.BUSY_GPU, True)


def test_a_killed_worker_is_lost_and_its_child_with_it(engine: Engines) -> None:
    """A worker that is killed in the middle of a run is told as lost, never as a result."""
    session = open_on(engine, engine.make())
    started = engine.host.root / "started"

    def tick() -> StopWish | None:
        if started.exists():
            started.unlink()
            kill_worker(session)
        return None

    script = f"touch {started}; sleep 301 # {engine.host.root}"
    assert session.run(engine.host.make_order(1, script), tick).outcome is RunOutcome.LOST
    assert session.end() == SessionResult(outcome=SessionOutcome.LOST)
    wait_until(lambda: not find_writers(engine.host.root, "sleep 301"), "the child is gone")


def test_sessions_outlive_their_daemon_until_they_are_adopted(engine: Engines) -> None:
    """After SIGKILL to a daemon in the middle of a run, the next one finds its session and ends it."""
    daemon = start_daemon(engine)
    session_dir = engine.sessions / "s1"
    wait_until((engine.host.root / "started").exists, "the run goes on")
    daemon.kill()
    daemon.wait()
    executor = engine.make()
    state = executor.adopt([session_dir])[session_dir]
    assert state in {*OPEN, SessionState.DONE}
    executor.cancel(session_dir)
    result = read_result(session_dir)
    assert result is not None
    assert result.outcome in {SessionOutcome.CANCELLED, SessionOutcome.OWNER_GONE}
    assert executor.adopt([session_dir]) == {session_dir: SessionState.DONE}


def test_a_session_whose_daemon_is_gone_ends_by_itself(engine: Engines) -> None:
    """When nobody adopts it, it lets go of the card after a while, and nothing of its run lives."""
    daemon = start_daemon(engine)
    wait_until((engine.host.root / "started").exists, "the run goes on")
    daemon.kill()
    daemon.wait()
    wait_until(lambda: read_result(engine.sessions / "s1") is not None, "the session has ended")
    result = read_result(engine.sessions / "s1")
    assert result is not None
    assert result.outcome is SessionOutcome.OWNER_GONE
    assert not find_writers(engine.host.root, "sleep 302")


def start_daemon(engine: Engines) -> subprocess.Popen[bytes]:
    """Start a daemon of this engine that opens a session, runs something long in it, and never gets to see its end."""
    engine.host.drop_owner_lock()
    order = engine.host.make_order(1, f"touch {engine.host.root}/started; sleep 302 # {engine.host.root}")
    write_record(engine.host.root / "order.json", order)
    write_record(engine.host.root / "request.json", engine.host.make_request())
    command = [sys.executable, "-m", "tests.executors.daemon_parent", str(engine.host.root), engine.name]
    return subprocess.Popen(command, cwd=ROOT)


def test_another_protocol_is_refused_before_anything_runs(engine: Engines) -> None:
    """A worker of another version says so; that is a fault of the installation, not of a candidate."""
    request = replace(engine.host.make_request(), protocol=1)
    opened = open_session(engine.make(), engine.sessions / "s1", request)
    assert isinstance(opened, SessionResult)
    assert opened.outcome is SessionOutcome.PROTOCOL_MISMATCH
    assert "protocol 1" in opened.why[0]


def test_a_lost_session_is_told_and_another_one_may_follow(engine: Engines) -> None:
    """What takes a session away without a word makes it lost; the next one is as good as any."""
    executor = engine.make()
    session = open_on(engine, executor, "s1")
    pid = read_mark(session).pid
    kill_worker(session)
    wait_until(lambda: read_start_ticks(pid) is None, "the worker is gone")
    wait_until(lambda: state_of(executor, session.directory) is SessionState.LOST, "the session is lost")
    with open_on(engine, executor, "s2") as second:
        assert second.run(engine.host.make_order(1, "true")).outcome is RunOutcome.OK
