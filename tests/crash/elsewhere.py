"""Kills at the steps that the story does not take: resting, asking for a message, ending on a branch that was moved."""

import os
import signal
from pathlib import Path

from kernel_opt.daemon.signals import PAUSE
from kernel_opt.model.facts import Stopped
from tests.crash.lives import LIMIT_S, begin, is_killed, last_words, live
from tests.e2e.proof import prove_journal, prove_none_doubled, prove_quiet, prove_user
from tests.e2e.toy import TAG, Toy

ELSEWHERE = ("rest", "finish", "explain", "rebase")
"""The steps that are reached here, and by runs with lanes."""


def kill_at_rest(toy: Toy, mutant: str = "none") -> int:
    """Kill a paused run before it rests and just after it was woken; return how many kills that were."""
    _die_at(toy, "bench:before:kill", mutant)
    pause = Path(toy.place.wishes) / PAUSE
    pause.touch()
    _die_at(toy, "rest:before:kill", mutant)
    with begin(toy, ["rest:after:kill"], mutant=mutant) as daemon:
        toy.wait(lambda: '"Rest"' in Path(toy.place.log).read_text(), "it rests")
        pause.unlink()
        os.kill(daemon.pid, signal.SIGUSR1)
        assert is_killed(daemon.wait(LIMIT_S)), last_words(toy)
    return 3


def kill_at_explaining(toy: Toy) -> None:
    """Kill a run before and after its agent is asked why the candidate works."""
    _die_at(toy, "explain:before:kill", "none")
    _die_at(toy, "explain:after:kill", "none")


def kill_at_forced_end(toy: Toy, mutant: str = "none") -> int:
    """Move the branch as its user under a dead daemon, kill it twice when it gives up; return how many kills."""
    _die_at(toy, "seal:after:kill@2", mutant)
    mine = toy.git("commit-tree", "-m", "mine", "HEAD^{tree}").strip()
    toy.git("update-ref", f"refs/heads/kernel-opt/{TAG}", mine)
    _die_at(toy, "finish:before:kill", mutant)
    _die_at(toy, "finish:after:kill", mutant)
    return 3


def prove_forced_end(toy: Toy) -> None:
    """It ended once, for that reason, and nothing of the user's was overwritten or lost."""
    prove_quiet(toy)
    past = toy.entries()
    prove_journal(toy, past)
    prove_none_doubled(past, stops=1)
    prove_user(toy)
    assert toy.facts(Stopped)[0].code == "foreign-change"
    assert toy.git("log", "-1", "--format=%s", f"kernel-opt/{TAG}").strip() == "mine"


def _die_at(toy: Toy, place: str, mutant: str) -> None:
    assert is_killed(live(toy, [place], mutant=mutant)), last_words(toy)
