"""What a real Slurm does to sessions: it forgets jobs, goes away, loses nodes, and has queues."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel_opt.edges.executors.executor import Executor, SessionState, read_result
from kernel_opt.edges.executors.slurm_job import read_job
from kernel_opt.edges.measuring import Patience, Session, StillQueued, open_session
from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_files import WORKER, WorkerMark
from kernel_opt.edges.session_records import RunOutcome, SessionOutcome, SessionResult
from tests.edges.waiting import wait_until
from tests.executors.conftest import slurm_engine
from tests.executors.engines import SlurmEngine, open_on, read_mark, state_of
from tests.executors.slurm_site import Site
from tests.worker.conftest import Host

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(host: Host, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmEngine]:
    """Slurm; whatever a test has killed of it is there again afterwards."""
    host.set_cards({}, {})
    made = slurm_engine(host, site, monkeypatch)
    yield made
    if "slurmctld" not in site.children:
        site.start_controller()
    for name in site.names:
        if name not in site.children:
            site.start_node(name)
    made.end()
    site.wait(lambda: site.ask("sinfo", "-h", "-t", "idle", "-o", "%D").strip() == str(site.nodes), "idle nodes")


def hold_all(engine: SlurmEngine, executor: Executor) -> list[Session]:
    """Take every card of the site."""
    with ThreadPoolExecutor(engine.cards) as threads:
        return list(
            threads.map(lambda lane: open_on(engine, executor, f"held{lane}", idle_order_s=300.0), range(engine.cards))
        )


def test_the_jobs_number_is_no_identity(engine: SlurmEngine) -> None:
    """A session is its job's name; one that the site cancels while it waits is lost, and the next one is granted."""
    executor = engine.make()
    held = hold_all(engine, executor)
    waiting = engine.sessions / "waiting"
    executor.submit(waiting, engine.host.make_request(id="waiting"))
    wait_until(lambda: "PENDING" in executor.describe(waiting), "it stands in the queue")
    record = read_job(waiting)
    assert record is not None
    engine.site.ask("scancel", f"--name={record.name}")
    wait_until(lambda: state_of(executor, waiting) is SessionState.LOST, "it is lost")
    assert "CANCELLED" in executor.describe(waiting)
    for session in held:
        session.end()
    open_on(engine, executor, "next").end()


def test_without_a_controller_nothing_is_concluded(engine: SlurmEngine) -> None:
    """While it is away a session is unknown, its run goes on, and its result is read from the disk."""
    executor = engine.make()
    session = open_on(engine, executor)
    assert session.run(engine.host.make_order(1, "true")).outcome is RunOutcome.OK
    engine.site.stop_controller()
    wait_until(lambda: state_of(executor, session.directory) is SessionState.UNKNOWN, "nobody knows")
    assert session.run(engine.host.make_order(2, "exit 3")).exit_code == 3
    assert session.end().outcome is SessionOutcome.OK
    assert state_of(executor, session.directory) is SessionState.DONE
    patience = Patience(limit_s=0.5)
    queued = open_session(executor, engine.sessions / "s2", engine.host.make_request(id="s2"), None, patience)
    assert isinstance(queued, StillQueued)
    engine.site.start_controller()
    open_on(engine, executor, "s3").end()


def test_a_session_whose_node_dies_is_lost_and_the_next_one_goes_elsewhere(engine: SlurmEngine) -> None:
    """A dead node is never a failing candidate; no job of ours is sent there again for a while."""
    executor = engine.make()
    session = open_on(engine, executor)
    node = read_mark(session).host
    started = engine.host.root / "started"

    def tick() -> None:
        if started.exists():
            started.unlink()
            engine.site.kill_node(node)

    answer = session.run(engine.host.make_order(1, f"touch {started}; sleep 60"), tick)
    assert answer.outcome is RunOutcome.LOST
    assert session.end().outcome is SessionOutcome.LOST
    second = open_on(engine, executor, "s2")
    assert read_mark(second).host != node
    second.end()


def test_a_card_in_use_sends_the_next_session_elsewhere(engine: SlurmEngine) -> None:
    """The scheduler grants a card that somebody uses behind its back: the next session gets another node."""
    busy = {"use_pct": 90.0}
    engine.host.set_cards(busy, busy)
    executor = engine.make()
    first = open_session(executor, engine.sessions / "s1", engine.host.make_request(id="s1"))
    assert isinstance(first, SessionResult)
    assert first.outcome is SessionOutcome.BUSY_GPU
    mark = read_record(engine.sessions / "s1" / WORKER, WorkerMark)
    assert mark is not None
    (engine.host.root / "cards").rename(engine.host.root / f"cards.{mark.host}")
    engine.host.set_cards({}, {})
    second = open_on(engine, executor, "s2")
    assert read_mark(second).host != mark.host
    second.end()


def test_a_place_in_the_queue_is_kept_for_the_next_look(engine: SlurmEngine) -> None:
    """With all cards taken a look ends without a session; the next one takes over the job that waits, and no other."""
    executor = engine.make()
    held = hold_all(engine, executor)
    patience = Patience(limit_s=1.0)
    first = open_session(executor, engine.sessions / "s1", engine.host.make_request(id="s1"), None, patience)
    assert isinstance(first, StillQueued)
    assert first.waited_s >= 1.0
    job = read_job(engine.sessions / "s1")
    second = open_session(executor, engine.sessions / "s2", engine.host.make_request(id="s2"), None, patience)
    assert isinstance(second, StillQueued)
    assert "PENDING" in second.why
    assert read_job(engine.sessions / "s2") == job
    gone = read_result(engine.sessions / "s1")
    assert gone is not None
    assert gone.outcome is SessionOutcome.CANCELLED
    held.pop().end()
    third = open_on(engine, executor, "s3")
    assert read_job(third.directory) == job
    third.end()
    for session in held:
        session.end()


def test_few_jobs_wait_in_the_queue_and_the_others_at_home(engine: SlurmEngine) -> None:
    """Beside the jobs on cards two stand in the queue; what is cancelled at home never gets there."""
    executor = engine.make()
    held = hold_all(engine, executor)
    waiting = [engine.sessions / f"s{number}" for number in range(5)]
    for directory in waiting:
        executor.submit(directory, engine.host.make_request(id=directory.name))
    # Who waits also polls: a look from before the jobs on cards began counts them as waiting, the next one does not.
    wait_until(lambda: executor.poll(waiting) and _count_pending(engine.site) == 2, "two stand in the queue")
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        states = executor.poll(waiting)
        assert set(states.values()) == {SessionState.PENDING}
        assert _count_pending(engine.site) <= 2
    assert "waits at home" in executor.describe(waiting[4])
    for directory in waiting:
        executor.cancel(directory)
    assert set(executor.poll(waiting).values()) == {SessionState.DONE}
    wait_until(lambda: _count_pending(engine.site) == 0, "the queue is empty")
    for session in held:
        session.end()


def _count_pending(site: Site) -> int:
    return len(site.ask("squeue", "-h", "-t", "PENDING", "-o", "%i").split())
