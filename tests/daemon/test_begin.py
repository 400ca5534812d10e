"""Everything that can be refused is refused before anything is made."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel_opt.daemon.begin import Wish, prepare
from kernel_opt.daemon.begin_machine import make_state_folder, refuse_unfit_place
from kernel_opt.daemon.begin_process import undo
from kernel_opt.daemon.lock import RunLock
from kernel_opt.daemon.plan import read_plan
from kernel_opt.edges.places import RunPlace, read_about
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import read_settings
from kernel_opt.model.errors import KernelOptError, RunTakenError, UsageError
from tests.cli.toy_run import Toy
from tests.edges.toy_repository import make_repository, user_git

NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user without rights: root may do everything."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def begin(toy: Toy, **more: object) -> tuple[RunPlace, list[str]]:
    return prepare(Wish(tag="t1", repo=toy.repo, **more))


def nothing_was_made(toy: Toy) -> bool:
    return not list(toy.state.glob("*/*")) and not toy.worktree.exists()


def test_a_plan_says_all_that_the_daemon_needs(toy: Toy) -> None:
    """Place, base, settings and limits stand on disk; the person is told what counts."""
    place, notes = begin(toy, max_rounds=3)
    plan = read_plan(Path(place.directory))
    assert read_about(place.directory) == place
    assert (plan.tag, plan.max_rounds, plan.wished) == ("t1", 3, True)
    assert plan.base == Repository.find(toy.repo).head_commit()
    assert plan.settings["benchmark"]["metric"] == "us_kernel"
    assert notes == [f"settings: {toy.settings}", f"base: {plan.base[:12]}", f"state: {place.directory}"]


def test_uncommitted_work_is_said_and_left_alone(toy: Toy) -> None:
    """A dirty checkout is fine."""
    (toy.repo / "kernels/k.py").write_text("TILE = 32\n")
    _, notes = begin(toy)
    assert "your checkout has uncommitted work: it is left alone and is not part of the run" in notes
    assert (toy.repo / "kernels/k.py").read_text() == "TILE = 32\n"


def test_a_tag_names_one_run(toy: Toy) -> None:
    """A second start is refused: with a state directory, a branch or a worktree of that name there already."""
    begin(toy)
    with pytest.raises(UsageError, match=r"run t1 of .* exists already; take another tag, or .* --resume"):
        begin(toy)
    shutil.rmtree(toy.state)
    toy.worktree.mkdir()
    with pytest.raises(UsageError, match="kernel-opt-t1 exists already"):
        begin(toy)
    toy.worktree.rmdir()
    user_git(toy.repo, "branch", "kernel-opt/t1")
    with pytest.raises(UsageError, match="the branch kernel-opt/t1 exists already"):
        begin(toy)
    assert nothing_was_made(toy)


def test_a_live_run_is_known_before_anything_else(toy: Toy) -> None:
    """Also to --resume, which would else give the daemon's next life another plan."""
    place, _ = begin(toy, max_rounds=3)
    lock = RunLock(Path(place.lock), "t1")
    for resume in (True, False):
        with pytest.raises(RunTakenError, match="run t1 is carried out by a daemon already"):
            begin(toy, resume=resume)
    lock.release()
    assert read_plan(Path(place.directory)).max_rounds == 3


def test_a_resume_brings_new_limits_and_a_restart_keeps_them(toy: Toy) -> None:
    """A person who resumes wishes something; whoever restarts after a crash wishes nothing."""
    folder = Path(begin(toy, max_rounds=3)[0].directory)
    begin(toy, resume=True, unless_stopped=True)
    assert (read_plan(folder).max_rounds, read_plan(folder).wished) == (3, False)
    begin(toy, resume=True, max_hours=2.0)
    plan = read_plan(folder)
    assert (plan.max_rounds, plan.max_hours, plan.wished) == (0, 2.0, True)


def test_a_resume_needs_a_run_and_brings_no_settings(toy: Toy) -> None:
    """Settings are for life, and what was never started cannot be resumed."""
    with pytest.raises(UsageError, match=r"there is no run t1 .* start it without --resume"):
        begin(toy, resume=True)
    begin(toy)
    for more in ({"agent": "command"}, {"config": toy.settings}):
        with pytest.raises(UsageError, match="a run keeps its settings for life"):
            begin(toy, resume=True, **more)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('file = "bench.py"', 'file = "other.py"', r"the benchmark other.py is not in commit \w{12} \(HEAD\)"),
        ('["sh", "-c", "exit 75"]', '["no-such-agent"]', "the proposer 'command' cannot be used: no-such-agent"),
        ("min_free_mb = 1.0", "min_free_mb = 1e12", r"MB are free at .*; 1000000000000 MB are wanted"),
    ],
)
def test_what_a_run_needs_is_asked_for_first(toy: Toy, old: str, new: str, said: str) -> None:
    """Benchmark, proposer and room: each with one sentence, and nothing is left behind."""
    text = toy.settings.read_text()
    assert old in text
    toy.settings.write_text(text.replace(old, new))
    with pytest.raises(UsageError, match=said):
        begin(toy)
    assert nothing_was_made(toy)


def test_the_agent_of_one_run(toy: Toy) -> None:
    """A word is a proposer's name, anything longer or with a slash is a command."""
    with pytest.raises(UsageError, match=r"agent.name is 'nobody'"):
        begin(toy, agent="nobody")
    place, _ = begin(toy, agent="/bin/sh")
    assert read_plan(Path(place.directory)).settings["agent"]["command"] == ["/bin/sh"]


@pytest.mark.parametrize(("said", "lanes"), [("3", 3), ("auto", "auto"), ("", 1)])
def test_the_lanes_of_one_run(toy: Toy, said: str, lanes: int | str) -> None:
    """They are a setting like any other: kept for the run's life, and refused at a resume."""
    place, _ = begin(toy, lanes=said)
    assert read_plan(Path(place.directory)).settings["lanes"] == lanes
    with pytest.raises(UsageError, match="keeps its settings for life"):
        begin(toy, resume=True, lanes="2")


def test_lanes_in_the_way_are_refused(toy: Toy) -> None:
    """Somebody's folder where the worktrees of lanes would go."""
    lanes = toy.worktree.with_name(f"{toy.worktree.name}.lanes")
    lanes.mkdir()
    with pytest.raises(UsageError, match="lanes exists already"):
        begin(toy)
    assert nothing_was_made(toy)


def test_a_network_file_system_is_refused_unless_insisted_on(toy: Toy) -> None:
    """Locks may not hold there; nothing is left behind by the refusal."""
    place = RunPlace(str(toy.state / "r/t1"), "t1", str(toy.repo), str(toy.worktree))
    settings = read_settings(toy.settings)
    with pytest.raises(UsageError, match=r"is on NFS, a network file system.*--force-network-fs"):
        make_state_folder(place, settings, force=False, kind_of=lambda _: "NFS")
    assert not Path(place.directory).exists()
    make_state_folder(place, settings, force=True, kind_of=lambda _: "NFS")
    assert Path(place.directory).is_dir()


def test_a_worktree_that_cannot_be_made_is_refused() -> None:
    """The directory beside the repository must take it; told with its name."""
    with tempfile.TemporaryDirectory() as folder:
        repository = make_repository(Path(folder) / "toy")
        Path(folder).chmod(0o555)
        try:
            with as_nobody(), pytest.raises(UsageError, match=r"kernel-opt-t1 cannot be made: .*make .* writable"):
                refuse_unfit_place(repository, Path(folder) / "kernel-opt-t1")
        finally:
            Path(folder).chmod(0o755)


def test_a_branch_in_the_way_is_refused(toy: Toy) -> None:
    """git cannot hold kernel-opt/T beside kernel-opt."""
    user_git(toy.repo, "branch", "kernel-opt")
    with pytest.raises(UsageError, match="a branch named kernel-opt; rename it"):
        begin(toy)
    assert nothing_was_made(toy)


def test_a_start_that_made_nothing_is_undone(toy: Toy) -> None:
    """The tag is free again, unless a daemon holds the run or has begun to make its worktree."""
    place, _ = begin(toy)
    lock = RunLock(Path(place.lock), "t1")
    undo(place)
    assert Path(place.directory).exists()
    lock.release()
    mark = Path(place.directory) / "tree-made"
    mark.touch()
    undo(place)
    assert mark.exists()
    mark.unlink()
    undo(place)
    assert nothing_was_made(toy)


def test_every_refusal_says_what_to_do(toy: Toy) -> None:
    """The error carries its mend."""
    with pytest.raises(KernelOptError) as caught:
        prepare(Wish(tag="a..b", repo=toy.repo))
    assert caught.value.mend
