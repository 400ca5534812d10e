"""`kernel-opt stop`: a run ends in order, from any terminal."""

import os
import signal

from kernel_opt.cli.runs import find_run, is_alive
from kernel_opt.daemon.asking import is_stopped
from tests.cli.toy_run import Toy


def test_a_run_that_waits_stops_at_once(toy: Toy) -> None:
    """stop returns when the daemon is gone, and says where the report lies."""
    toy.start()
    done = toy.run("stop")
    assert done.returncode == 0
    assert f"{toy.worktree}/performance.md" in done.stdout
    place = find_run("t1", str(toy.repo))
    assert is_alive(place) is None
    assert is_stopped(place)


def test_asking_only_does_not_wait(toy: Toy) -> None:
    """--no-wait leaves the wish and returns; the run ends by it."""
    toy.start()
    done = toy.run("stop", "--no-wait")
    assert (done.returncode, done.stdout) == (0, "run t1 was asked to stop\n")
    # Waiting is another stop's work; it may come too late to find a daemon.
    assert toy.run("stop", "--now").returncode in {0, 1}
    assert is_stopped(find_run("t1", str(toy.repo)))


def test_nothing_is_stopped_twice(toy: Toy) -> None:
    """Without a live daemon stop fails and says how to go on."""
    toy.start()
    toy.run("stop")
    done = toy.run("stop")
    assert done.returncode == 1
    assert "no daemon carries out run t1 now; `kernel-opt start --tag t1 --resume` goes on" in done.stderr


def test_a_daemon_that_dies_while_one_waits_is_told(toy: Toy) -> None:
    """A run that did not end in order is not reported as stopped."""
    toy.start()
    place = find_run("t1", str(toy.repo))
    pid = is_alive(place)
    assert pid
    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    done = toy.run("stop")
    assert done.returncode == 1
    assert "kernel-opt start --tag t1 --resume" in done.stderr
