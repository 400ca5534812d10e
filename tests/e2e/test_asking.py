"""People ask a running daemon for things, from other processes: everything here is real but the card."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.model.facts import Benched, Paused, StopAsked, Stopped, Unpaused
from kernel_opt.model.round_facts import Dropped, Ending, RoundOpened
from tests.crash.lives import is_killed, live
from tests.e2e.proof import prove, prove_quiet, prove_user
from tests.e2e.toy import HANG, STORY, STORY_KERNELS, TAG, Toy, hold, kernel, make_toy, writes

SLOWER = kernel(110, 220)
ON_A_TERMINAL = "import os, sys; os.open(os.ttyname(0), os.O_RDWR); os.execv(sys.argv[1], sys.argv[1:])"


def one_round(base: Path, before: str = "") -> Toy:
    """A run of one round, a regression; ``before`` is put before the kernel's code."""
    return make_toy(base, {"1:propose": writes(before + SLOWER)})


def endings(toy: Toy) -> list[Ending]:
    return [fact.ending for fact in toy.facts(Dropped)]


def test_a_run_from_start_to_end(tmp_path: Path) -> None:
    """Started, seen and refused a second time from other processes, it ends with two keeps and everything put away."""
    toy = make_toy(tmp_path / "toy", STORY)
    toy.start()
    seen = toy.cli("status", "--json")
    assert (seen.returncode, json.loads(seen.stdout)["runs"][0]["pid"]) == (0, toy.pid())
    again = toy.cli("start", "--tag", TAG, "--resume")
    assert (again.returncode, again.stdout) == (75, "")
    assert "already" in again.stderr
    toy.wait_end()
    assert toy.cli("status").returncode == 3
    prove(toy, STORY_KERNELS)


def test_a_paused_run_rests_also_through_a_crash(tmp_path: Path) -> None:
    """Paused, killed and started again by nobody's wish it still rests; resumed it goes on to the end."""
    toy = one_round(tmp_path / "toy", hold(tmp_path / "toy"))
    toy.start()
    toy.wait_held()
    assert toy.cli("pause").returncode == 0
    toy.holding.unlink()
    toy.wait_fact(Paused)
    os.kill(toy.pid() or 0, signal.SIGKILL)
    toy.wait_end()
    assert is_killed(live(toy, ["rest:before:kill"]))
    toy.resume("--unless-stopped")
    assert not endings(toy)
    assert toy.cli("resume").returncode == 0
    toy.wait_fact(Unpaused)
    toy.wait_end()
    assert endings(toy) == [Ending.REGRESSION]
    prove(toy)


def test_stop_waits_for_the_step_and_resume_goes_on(tmp_path: Path) -> None:
    """The step under way is finished and written down; a resumed run takes the next one, and counts rounds anew."""
    toy = one_round(tmp_path / "toy", hold(tmp_path / "toy"))
    toy.start()
    toy.wait_held()
    assert toy.cli("stop", "--no-wait").returncode == 0
    toy.holding.unlink()
    toy.wait_end()
    assert len(toy.facts(Benched)) == 2
    assert "Stop Summary" in (toy.worktree / "performance.md").read_text()
    prove(toy)
    toy.resume()
    toy.wait_end()
    assert endings(toy) == [Ending.REGRESSION, Ending.GAVE_NOTHING]
    prove(toy, stops=2)


def test_stop_now_ends_what_runs(tmp_path: Path) -> None:
    """A benchmark under way is killed; what it would have told is measured again after a resume."""
    toy = one_round(tmp_path / "toy", hold(tmp_path / "toy"))
    toy.start()
    toy.wait_held()
    assert toy.cli("stop", "--now").returncode == 0
    assert (len(toy.facts(Benched)), len(toy.facts(RoundOpened))) == (1, 1)
    prove(toy)
    toy.holding.unlink()
    toy.resume()
    toy.wait_end()
    assert endings(toy) == [Ending.REGRESSION, Ending.GAVE_NOTHING]
    prove(toy, stops=2)


def test_one_signal_stops_after_the_step(tmp_path: Path) -> None:
    """SIGTERM is `stop`: what runs is finished first."""
    toy = one_round(tmp_path / "toy", hold(tmp_path / "toy"))
    toy.start()
    toy.wait_held()
    os.kill(toy.pid() or 0, signal.SIGTERM)
    toy.holding.unlink()
    toy.wait_end()
    assert (len(toy.facts(Benched)), toy.facts(Stopped)[0].code) == (2, "asked")
    prove(toy)


def test_two_signals_stop_now(tmp_path: Path) -> None:
    """Asked again and again, it does not wait for a benchmark that never ends."""
    toy = one_round(tmp_path / "toy", hold(tmp_path / "toy") + HANG)
    toy.start()
    toy.wait_held()

    def is_gone() -> bool:
        pid = toy.pid()
        if pid:  # two that arrive at the same moment are one
            os.kill(pid, signal.SIGTERM)
        return pid is None

    toy.wait(is_gone, "the daemon is gone")
    assert [fact.by for fact in toy.facts(StopAsked)] == ["a second signal"]
    prove(toy)


@pytest.mark.parametrize("how", [[], ["--foreground"]])
def test_a_closed_terminal_ends_nothing(tmp_path: Path, how: list[str]) -> None:
    """The terminal goes away under a running daemon, attached or not; the run goes on to its end."""
    toy = one_round(tmp_path / "toy", hold(tmp_path / "toy"))
    ours, theirs = os.openpty()
    words = toy.command("start", "--tag", TAG, "--config", str(toy.config), *how)
    with subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, *words],
        cwd=toy.repository,
        env=toy.environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as started:
        os.close(theirs)
        toy.wait_held()
        os.close(ours)
        toy.holding.unlink()
        toy.wait_end()
        started.wait()
    assert (endings(toy), toy.facts(Stopped)[0].code) == ([Ending.REGRESSION], "max-rounds")
    prove(toy)


def test_a_branch_that_the_user_moved_is_left_as_it_is(tmp_path: Path) -> None:
    """The run stops and says so; nothing of the user's is overwritten."""
    book = {"1:propose": writes(hold(tmp_path / "toy") + kernel(90, 180))}
    toy = make_toy(tmp_path / "toy", book)
    toy.start()
    toy.wait_held()
    mine = toy.git("commit-tree", "-m", "mine", "HEAD^{tree}").strip()
    toy.git("update-ref", f"refs/heads/kernel-opt/{TAG}", mine)
    toy.holding.unlink()
    toy.wait_end()
    assert toy.facts(Stopped)[0].code == "foreign-change"
    assert toy.git("rev-parse", f"kernel-opt/{TAG}").strip() == mine
    prove_quiet(toy)
    prove_user(toy)
