"""However a daemon ends, somebody who looks later finds out why."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.daemon.last_words import DEADLY, SIGNALLED

PROGRAM = """
import os, signal, sys
from pathlib import Path
from kernel_opt.daemon.last_words import watch_over
watch_over(Path(sys.argv[1]))
try:
    {}
finally:
    print("put away", flush=True)
"""


def end(log: Path, how: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", PROGRAM.format(how), str(log)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60)


def read(log: Path) -> dict[str, object]:
    (line,) = log.read_text().splitlines()
    return json.loads(line)


def test_an_error_that_nobody_caught_is_told_whole(tmp_path: Path) -> None:
    """In the log as one line with its trace, and where the daemon prints to."""
    ended = end(tmp_path / "log", "{}['no such key']")
    told = read(tmp_path / "log")
    assert (ended.returncode, told["why"], told["level"]) == (1, "KeyError: 'no such key'", "error")
    assert "Traceback" in str(told["trace"])
    assert "KeyError: 'no such key'" in ended.stderr


@pytest.mark.parametrize("number", DEADLY)
def test_a_deadly_signal_is_told_and_everything_put_away(tmp_path: Path, number: signal.Signals) -> None:
    """What would end a process silently ends this one in order."""
    ended = end(tmp_path / "log", f"os.kill(os.getpid(), {number.value})")
    assert (ended.returncode, ended.stdout) == (SIGNALLED + number, "put away\n")
    assert read(tmp_path / "log")["why"] == f"signal {number.name}"
    assert f"signal {number.name}" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_closed_terminal_or_an_early_wish_ends_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """Neither is a reason to end."""
    ended = end(tmp_path / "log", f"os.kill(os.getpid(), {number.value})")
    assert (ended.returncode, ended.stdout, (tmp_path / "log").exists()) == (0, "put away\n", False)


def test_a_crash_of_the_interpreter_leaves_its_stack(tmp_path: Path) -> None:
    """Where the daemon prints to: nothing else can be done then."""
    ended = end(tmp_path / "log", "os.kill(os.getpid(), signal.SIGSEGV)")
    assert ended.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in ended.stderr


def test_without_a_log_it_is_printed(tmp_path: Path) -> None:
    """A log that cannot be written costs the other half of nothing."""
    ended = end(tmp_path / "no such folder" / "log", "{}['no such key']")
    assert "KeyError: 'no such key'" in ended.stderr


def test_a_daemon_that_cannot_begin_says_so_in_its_log(tmp_path: Path) -> None:
    """Also when it never got as far as opening it."""
    argv = [sys.executable, "-m", "kernel_opt.daemon", str(tmp_path)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "run.json cannot be read" in str(read(tmp_path / "daemon.log")["why"])
    assert "run.json cannot be read" in ended.stderr
