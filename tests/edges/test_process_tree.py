"""Promises of knowing and ending a process tree by /proc."""

import os
import subprocess

from kernel_opt.edges.process_tree import find_descendants, kill_tree, read_parent, read_start_ticks
from tests.edges.waiting import wait_until

GONE = 4_194_304
"""Above the largest PID Linux gives."""


def test_descendants_are_found_through_generations() -> None:
    """Children and their children are found and ended; brackets and blanks in a process's name do not confuse."""
    script = "echo 'a) b (' >/proc/$$/comm; sleep 600 & sleep 601 & echo ready; wait"
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        wait_until(lambda: len(find_descendants(child.pid)) == 2, "both grandchildren are there")
        found = find_descendants(child.pid)
        assert {read_parent(pid) for pid in found} == {child.pid}
        assert {child.pid, *found} <= set(find_descendants(os.getpid()))
        killed, living = kill_tree(lambda: find_descendants(child.pid), lambda: None, 20.0)
    assert (killed, living) == (2, [])


def test_a_dead_process_has_no_start() -> None:
    """Neither a number nobody has, nor a zombie, counts as living."""
    assert read_start_ticks(GONE) is None
    assert read_parent(GONE) is None
    with subprocess.Popen(["true"]) as child:
        wait_until(lambda: read_start_ticks(child.pid) is None, "it is a zombie")
        assert child.pid not in find_descendants(os.getpid())


def test_a_start_tells_processes_apart() -> None:
    """Our own start is known and stays the same."""
    assert read_start_ticks(os.getpid()) == read_start_ticks(os.getpid()) is not None


def test_what_cannot_be_killed_is_given_up() -> None:
    """Killing is bounded: what is still named after the grace is told, not waited for."""
    with subprocess.Popen(["true"]) as zombie:
        wait_until(lambda: read_start_ticks(zombie.pid) is None, "it is a zombie, which no signal ends")
        killed, living = kill_tree(lambda: [zombie.pid], lambda: None, 0.05)
    assert (killed, living) == (1, [zombie.pid])


def test_nobody_is_killed_when_nobody_is_there() -> None:
    """An empty tree is ended already."""
    assert kill_tree(list, lambda: None, 0.0) == (0, [])
