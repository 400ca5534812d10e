"""Thousands of fake rounds through a real journal in a real process that is killed again and again.

Usage as a child: ``python -m tests.crash.soak DIRECTORY ROUNDS MUTANT``. Its world is one file that stands for the
branch: a publish moves it from what it was to what is sealed, so that a lost or doubled keep shows there.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kernel_opt.edges.files import atomic_write
from kernel_opt.journal.codec import entries
from kernel_opt.journal.mirror import read_mirror
from kernel_opt.journal.store import Store, read_records
from kernel_opt.model.facts import DaemonStarted, Entry, Fact, Purpose, Stopped
from kernel_opt.model.round_facts import BaselineKept, Dropped, Kept, RoundOpened, Sealed
from kernel_opt.model.settings import StopSettings
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Judge, Publish, Seal, Step
from kernel_opt.round.flow import Scribe, carry_on
from tests import fakes
from tests.crash.mutants import MUTANTS
from tests.e2e.toy import ROOT

LONGEST_NAP_S = 0.01  # two or three facts long
JUDGED = ("tie", "worse", "better", "unclear", "worse", "better", "tie")


class World:
    """Answers by the round alone, so that a round played again after a crash is the same; moves the branch."""

    def __init__(self, directory: Path) -> None:
        self._branch = directory / "branch"

    def perform(self, step: Step, state: RunState) -> Fact:
        """See Performer."""
        if isinstance(step, Seal):
            new = hashlib.sha256(f"{state.tip} {step.purpose} {state.round}".encode()).hexdigest()
            return Sealed(purpose=step.purpose, old=state.tip, new=new)
        if isinstance(step, Publish):
            self._move(step)
        if isinstance(step, Judge) and step.purpose is Purpose.ROUND:
            return fakes.find_answer(step, state, JUDGED[state.round % len(JUDGED)])
        return fakes.find_answer(step, state)

    def _move(self, step: Publish) -> None:
        """Move the branch by compare and swap, with a line in its history."""
        moves = self._branch.read_text().splitlines() if self._branch.exists() else ["base"]
        if moves[-1] != step.new:
            assert moves[-1] == step.old, f"the branch is at {moves[-1]}, not {step.old}"
            atomic_write(self._branch, "\n".join([*moves, step.new]).encode())


def be_child(directory: Path, rounds: int) -> None:
    """Carry the run on until it has that many rounds; tell each fact when it is written."""
    journal = any((directory / name).exists() for name in ("journal.db", "journal.jsonl"))
    store = Store.open(directory) if journal else Store.create(directory)
    clock = fakes.FakeClock(time.time())

    def tell(entry: Entry, _: RunState) -> None:
        os.write(1, f"{entry.seq} {type(entry.fact).__name__}\n".encode())

    scribe = Scribe(store, clock.stamp, lambda state: str(state.round).encode(), tell)
    if not scribe.state.tag:
        scribe.write(fakes.run_started())
    scribe.write(DaemonStarted(pid=os.getpid(), wished=False))
    limits = fakes.settings(stop=StopSettings(regressions_in_a_row=0, max_rounds=rounds, empty_rounds=0))
    carry_on(scribe, World(directory), limits, lambda _: None)


@dataclass
class Soaked:
    """What came of it."""

    rounds: int
    kills: int
    lost: int
    doubled: int
    is_right: bool


def soak(directory: Path, rounds: int, facts: int, seed: int, mutant: str = "none") -> Soaked:
    """Run a child again and again, each killed somewhere after about ``facts`` more facts, until the run has ended."""
    directory.mkdir(parents=True)
    chance = random.Random(seed)
    told: list[tuple[int, str]] = []
    kills = 0
    argv = [sys.executable, "-m", "tests.crash.soak", str(directory), str(rounds), mutant]
    while True:
        with (directory / "errors").open("ab") as errors:
            child = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        with child:
            lines = child.stdout or []
            told += _listen(islice(lines, chance.randint(1, 2 * facts)))
            # Not right after a fact was told: also in the middle of the next one.
            time.sleep(chance.random() * LONGEST_NAP_S)
            child.send_signal(signal.SIGKILL)
            told += _listen(lines)
        if child.returncode != -signal.SIGKILL:
            return _sum_up(directory, told, kills, child.returncode)
        kills += 1


def _listen(lines: Iterable[str]) -> list[tuple[int, str]]:
    return [(int(seq), kind) for seq, kind in (line.split() for line in lines if line.endswith("\n"))]


def _sum_up(directory: Path, told: list[tuple[int, str]], kills: int, code: int) -> Soaked:
    past = list(entries(read_records(directory)))
    kinds = {entry.seq: type(entry.fact).__name__ for entry in past}
    opened = [entry.fact.round for entry in past if isinstance(entry.fact, RoundOpened)]
    ended = [entry.round for entry in past if isinstance(entry.fact, Kept | Dropped)]
    published = [entry.fact.commit for entry in past if isinstance(entry.fact, BaselineKept | Kept)]
    moves = (directory / "branch").read_text().splitlines()[1:]
    lost = sum(kinds.get(seq) != kind for seq, kind in told) + len(set(published) - set(moves))
    doubled = len(opened) - len(set(opened)) + len(ended) - len(set(ended)) + len(moves) - len(set(moves))
    same = list(entries(read_mirror(directory / "journal.jsonl"))) == past
    # A kill may come between the last fact and the end of the process: the next one only finds that all is done.
    ends = [entry.fact.best for entry in past if isinstance(entry.fact, Stopped)]
    is_ended = code == 0 and ends == moves[-1:]
    return Soaked(len(opened), kills, lost, doubled, is_ended and same and not lost and not doubled)


if __name__ == "__main__":
    MUTANTS[sys.argv[3]]()
    be_child(Path(sys.argv[1]), int(sys.argv[2]))
