"""One life of the daemon, from inside: what it finds when it begins, and what it leaves."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_opt.daemon.begin import Wish, prepare
from kernel_opt.daemon.loop import Life
from kernel_opt.daemon.plan import read_plan
from kernel_opt.daemon.signals import PAUSE, STOP
from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.log import open_log
from kernel_opt.edges.places import RunPlace
from kernel_opt.journal.failpoints import VARIABLE
from kernel_opt.model.errors import InfrastructureError, RunTakenError, UsageError
from kernel_opt.model.facts import DaemonStarted, Paused, RunStarted, StopAsked
from tests.e2e.toy import TAG, Toy, make_toy

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    """A toy that is lived in this very process, which gets its own signals back afterwards."""
    toy = make_toy(tmp_path / "toy", {})
    for name in ("KERNEL_OPT_STATE", "KERNEL_OPT_LEASE_DIR"):
        monkeypatch.setenv(name, toy.environ[name])
    before = {number: signal.getsignal(number) for number in HANDLED}
    yield toy
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def place_of(toy: Toy, *, resume: bool = False) -> RunPlace:
    config = None if resume else toy.config
    place, _ = prepare(Wish(tag=TAG, repo=toy.repository, config=config, resume=resume, unless_stopped=resume))
    return place


def new_life(place: RunPlace) -> Life:
    return Life(place, read_plan(Path(place.directory)), SystemClock(), open_log(None, console=False))


def test_a_first_life_makes_branch_worktree_and_journal(made: Toy) -> None:
    """When it stands, everything of the run is there, and another daemon is refused until it ends."""
    life = new_life(place_of(made))
    scribe, tools = life.begin()
    assert [type(fact) for fact in made.facts()] == [RunStarted, DaemonStarted]
    assert (scribe.state.tag, tools.tree.path) == (TAG, made.worktree)
    assert (made.worktree / "kernels/k.py").is_file()
    with pytest.raises(RunTakenError):
        new_life(made.place)
    life.end()
    new_life(made.place).end()


def test_a_crash_between_the_branch_and_the_first_fact_is_healed(made: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch without a journal is known as this run's own, not taken for somebody else's."""
    life = new_life(place_of(made))
    monkeypatch.setenv(VARIABLE, "run_tree:before:raise")
    with pytest.raises(InfrastructureError):
        life.begin()
    life.end()
    monkeypatch.delenv(VARIABLE)
    life = new_life(place_of(made, resume=True))
    life.begin()
    life.end()
    assert [type(fact) for fact in made.facts()] == [RunStarted, DaemonStarted]


def test_a_branch_of_somebody_else_is_never_adopted(made: Toy) -> None:
    """Made between the check and the daemon's own look, it is refused, now and at every later start."""
    place = place_of(made)
    made.git("branch", f"kernel-opt/{TAG}")
    for _ in range(2):
        life = new_life(place)
        with pytest.raises(UsageError, match="exists already"):
            life.begin()
        life.end()
    assert made.git("rev-parse", f"kernel-opt/{TAG}") == made.git("rev-parse", "HEAD")


def test_a_restart_after_a_crash_is_nobodys_wish(made: Toy) -> None:
    """Limits count from a person's start; a life that only heals a crash says so, and keeps the wish to rest."""
    life = new_life(place_of(made))
    life.begin()
    life.end()
    (made.folder / "wishes" / PAUSE).touch()
    life = new_life(place_of(made, resume=True))
    life.begin()
    life.end()
    assert [(fact.wished, fact.pause) for fact in made.facts(DaemonStarted)] == [(True, False), (False, True)]


def test_wishes_become_facts_between_two_steps(made: Toy) -> None:
    """Rest and stop are asked by files; each is told once."""
    life = new_life(place_of(made))
    scribe, _ = life.begin()
    assert life._interruption(scribe.state) is None
    (made.folder / "wishes" / PAUSE).touch()
    assert life._interruption(scribe.state) == Paused()
    (made.folder / "wishes" / STOP).touch()
    asked = life._interruption(scribe.state)
    assert asked == StopAsked(by="kernel-opt stop")
    assert life._interruption(scribe.write(asked)) == Paused()
    (made.folder / "wishes" / PAUSE).unlink()
    assert life._interruption(scribe.state) is None
    life.end()
