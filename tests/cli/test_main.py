"""The command line as a whole: help, slips, and output that nobody takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.cli.main import VERBS, build_parser
from tests.cli.toy_run import Toy, call


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help of each verb ends in order and shows how it is called."""
    assert call(verb, "--help") == 0
    told = capsys.readouterr().out
    assert f"kernel-opt {verb}" in told
    assert "example" in told


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer finds all verbs on one page."""
    assert call("--help") == 0
    told = capsys.readouterr().out
    assert all(verb in told for verb in VERBS)


def test_only_the_verb_that_is_called_is_loaded() -> None:
    """`status` must start at once, so no other verb's needs are loaded for it."""
    probe = "import sys; from kernel_opt.cli.main import build_parser as b; b(('status',)); print('git' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_all_verbs_can_be_loaded_together() -> None:
    """Completion needs them all at once."""
    assert build_parser().parse_args(["clean", "--tag", "t1"]).tag == "t1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["strat"], "invalid choice: 'strat'"),
        (["start"], "the following arguments are required: --tag"),
        (["start", "--tag", "t1", "--fast"], "unrecognized arguments: --fast"),
        (["start", "--tag", "t1", "--max-rounds", "0"], "at least 1"),
        (["start", "--tag", "t1", "--max-hours", "nan"], "a positive number of hours"),
        (["stop", "--timeout", "soon"], "invalid float value"),
        ([], "the following arguments are required: VERB"),
    ],
)
def test_a_slip_is_one_line_and_exit_code_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is wrong and where to look."""
    assert call(*words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "--help`" in told
    assert told.count("\n") == 1


def test_a_reader_that_has_had_enough_is_no_error(toy: Toy) -> None:
    """A closed pipe ends the command without a word, with the code a shell expects."""
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    done = toy.run("completion", "bash", capture_output=False, stdout=write_fd, stderr=subprocess.PIPE)
    os.close(write_fd)
    assert (done.returncode, done.stderr) == (141, "")


def test_output_that_cannot_be_written_is_told(toy: Toy) -> None:
    """A full disk behind stdout is one line and exit code 1."""
    with Path("/dev/full").open("w") as full:
        done = toy.run("completion", "bash", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith("kernel-opt: standard output: No space left on device")
    assert done.stderr.count("\n") == 1


def test_closed_streams_are_no_trap(toy: Toy) -> None:
    """With all three standard streams closed a verb does its work, and no file takes their numbers."""
    command = f"exec {sys.executable} -m kernel_opt.cli.main init --platform host <&- >&- 2>&-"
    done = subprocess.run(["sh", "-c", f"rm kernel-opt.toml; {command}"], cwd=toy.repo, env=toy.environ, timeout=60)
    assert done.returncode == 0
    assert "us_kernel" in toy.settings.read_text()
