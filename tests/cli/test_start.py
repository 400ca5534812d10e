"""`kernel-opt start` with real processes: a run stands, and a second start knows it."""

import json
from pathlib import Path

from kernel_opt.cli.runs import find_run, is_alive
from kernel_opt.daemon.asking import is_stopped
from kernel_opt.daemon.plan import read_plan
from tests.cli.toy_run import Toy
from tests.edges.toy_repository import user_git


def test_a_run_stands_when_start_returns(toy: Toy) -> None:
    """Daemon, branch and worktree are there; the terminal is told where."""
    toy.set_cards([{"users": [4711]}])
    done = toy.run("start", "--tag", "t1")
    assert (done.returncode, done.stderr) == (0, "")
    place = find_run("t1", str(toy.repo))
    assert f"run t1 stands: daemon {is_alive(place)}, worktree {toy.worktree}" in done.stdout
    assert "kernel-opt status --tag t1" in done.stdout
    assert (toy.worktree / "bench.py").exists()
    assert "kernel-opt/t1" in user_git(toy.repo, "branch", "--list", "kernel-opt/*")


def test_a_live_run_cannot_be_started_again(toy: Toy) -> None:
    """With --resume or without, the daemon that is there is named, and nothing of its run changes."""
    toy.start("--max-rounds", "7")
    for words in (["start", "--tag", "t1"], ["start", "--tag", "t1", "--resume"]):
        done = toy.run(*words)
        assert done.returncode == 75
        assert "run t1 is carried out by a daemon already (pid " in done.stderr
        assert done.stderr.count("\n") == 1
    place = find_run("t1", str(toy.repo))
    assert is_alive(place)
    assert read_plan(Path(place.directory)).max_rounds == 7


def test_a_stopped_run_goes_on_and_is_left_alone_when_asked(toy: Toy) -> None:
    """--resume goes on with it; with --unless-stopped what has ended by itself stays ended, its journal whole."""
    toy.start()
    assert toy.run("stop", "--tag", "t1").returncode == 0
    place = find_run("t1", str(toy.repo))
    assert is_stopped(place)
    copy = Path(place.directory, "journal.jsonl")
    whole = copy.read_bytes()
    copy.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 1])  # as a crash between the two copies leaves it
    left = toy.run("start", "--tag", "t1", "--resume", "--unless-stopped")
    assert (left.returncode, left.stdout) == (0, "run t1 has ended by itself; it is left alone\n")
    assert is_alive(place) is None
    assert copy.read_bytes() == whole
    assert toy.run("start", "--tag", "t1", "--resume").returncode == 0
    assert is_alive(place)


def test_the_foreground_shows_the_log_and_ends_in_order(toy: Toy) -> None:
    """Attached, a run that its own limit ends returns 0."""
    done = toy.run("start", "--tag", "t1", "--foreground", "--max-hours", "0.000001")
    assert done.returncode == 0
    assert "stopped" in done.stderr
    assert is_stopped(find_run("t1", str(toy.repo)))


def test_a_start_that_fails_half_way_can_be_gone_on_with(toy: Toy) -> None:
    """The daemon's own words reach the terminal; when the cause is gone, --resume sets the run up."""
    toy.set_cards([{"users": [4711]}])
    # A ref that reads as not there and cannot be made: only the daemon, which makes it, finds out.
    (toy.repo / ".git/refs/heads/kernel-opt").mkdir(parents=True)
    (toy.repo / ".git/refs/heads/kernel-opt/t1").write_text("garbage\n")
    done = toy.run("start", "--tag", "t1")
    assert done.returncode == 1
    assert done.stderr.startswith("kernel-opt: git update-ref")
    assert done.stderr.count("\n") == 1
    (toy.repo / ".git/refs/heads/kernel-opt/t1").unlink()
    assert toy.run("start", "--tag", "t1").returncode == 2
    assert toy.run("start", "--tag", "t1", "--resume").returncode == 0
    assert is_alive(find_run("t1", str(toy.repo)))


def test_the_agent_may_be_named_for_one_run(toy: Toy) -> None:
    """A command line with quotes is taken apart as a shell does it."""
    toy.start("--agent", "sh -c 'exit 75'")
    plan = read_plan(Path(find_run("t1", str(toy.repo)).directory))
    assert plan.settings["agent"]["command"] == ["sh", "-c", "exit 75"]
    assert json.dumps(plan.settings)
