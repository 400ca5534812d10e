"""The suites of the long form: each plays many runs, kills them in its own way, and counts what came of it."""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kernel_opt.edges.session_files import RESULT, WORKER
from kernel_opt.edges.worktree import lanes_folder
from tests.crash.elsewhere import ELSEWHERE, kill_at_forced_end, kill_at_rest, prove_forced_end
from tests.crash.lives import begin, find_places, finish, last_words, live
from tests.crash.power import trace
from tests.crash.soak import soak
from tests.e2e import side_by_side
from tests.e2e.proof import kept_kernels, lost_facts, prove
from tests.e2e.survivors import end_all, living
from tests.e2e.toy import STORY, STORY_KERNELS, Toy, make_toy

CALLS = (
    "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "unlink", "rmdir", "mkdir", "openat",
    "close", "read", "lseek", "fcntl", "flock", "chmod", "symlink", "vfork", "clone3", "wait4", "kill", "pipe2",
    "socketpair", "sendto", "recvfrom", "poll", "pselect6", "getdents64", "newfstatat",
)  # fmt: skip
"""What the daemon asks of the system; a kill lands after the n-th of one kind."""
FAILING = ["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "mkdir", "rename"]
MOST_LIVES = 40
MOST_TOLD = 3  # of a suite; one is enough to look for the reason


@dataclass
class Count:
    """What a suite found."""

    name: str
    points: int = 0
    crashes: int = 0
    runs: int = 0
    right: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, kills: int) -> None:
        """Count kills that all happened."""
        self.points += kills
        self.crashes += kills

    def tell(self) -> str:
        tried = f"{self.points} points tried, {self.crashes} crashes, {self.runs} runs, {self.right} ended right"
        return f"{self.name}: {tried}, {self.lost} facts lost, {self.doubled} doubled"


@dataclass
class Bench:
    """Where the suites work, with what luck, and on which mutant."""

    base: Path
    chance: random.Random
    mutant: str
    lanes: int = 1

    def make(self) -> Toy:
        """The story, or one that may be told in any order where rounds run side by side."""
        base = Path(tempfile.mkdtemp(dir=self.base)) / "toy"
        return make_toy(base, STORY) if self.lanes == 1 else side_by_side.make_story(base, self.lanes)

    def prove(self, toy: Toy) -> None:
        """The story's end, as if nothing had happened."""
        prove(toy, STORY_KERNELS if self.lanes == 1 else None)
        if self.lanes > 1:
            assert sorted(side_by_side.kept_rounds(toy)) == [1, 2, 3]
            assert kept_kernels(toy)[-1] == side_by_side.STORY_END
            assert not lanes_folder(toy.worktree).exists()

    def find_places(self) -> list[str]:
        """The failpoints that the story comes by."""
        elsewhere = ("wait", *(name for name in ELSEWHERE if self.lanes == 1 or name != "rebase"))
        return [place for place in find_places() if place.split(":")[0] not in elsewhere]

    def play(self, count: Count, act: Callable[[Toy], None], proof: Callable[[Toy], None] | None = None) -> None:
        """Play the story once with whatever ``act`` does to it, end it in peace, and prove what must hold."""
        toy = self.make()
        base = toy.base
        count.runs += 1
        try:
            act(toy)
            finish(toy, mutant=self.mutant)
            (proof or self.prove)(toy)
        except Exception:  # noqa: BLE001 (whatever it is: it is told, and the folder is kept)
            if len(count.wrong) < MOST_TOLD:
                count.wrong.append(f"{base}\n{traceback.format_exc()[-1500:]}\n{last_words(toy)[-500:]}")
            _count_losses(toy, count)
        else:
            count.right += 1
            shutil.rmtree(base.parent)
        finally:
            end_all(toy.base)

    def live(self, toy: Toy, count: Count, failpoints: Sequence[str] = (), prefix: Sequence[str] = ()) -> bool:
        """Live once; say whether the run goes on after this."""
        code = live(toy, failpoints, prefix, self.mutant)
        count.crashes += code != 0
        return not (toy.entries() and toy.state().stop is not None and toy.state().stop.is_done)


def _count_losses(toy: Toy, count: Count) -> None:
    """Count what a run that went wrong has lost or doubled."""
    past = toy.entries()
    if past and Path(toy.place.log).exists():
        count.lost += lost_facts(toy, past).total()
    rounds = [entry.fact.round for entry in past if type(entry.fact).__name__ == "RoundOpened"]
    ends = [entry.round for entry in past if type(entry.fact).__name__ in ("Kept", "Dropped")]
    count.doubled += len(rounds) - len(set(rounds)) + len(ends) - len(set(ends))


def _strace(call: str, what: str, nth: int) -> list[str]:
    return ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={nth}"]


def each_failpoint(bench: Bench, kills: int) -> Count:
    """K4: one kill at one pass of one named place, each in a run of its own."""
    count = Count("K4 named places")
    places = bench.find_places()
    for number in range(kills):
        place, nth = places[number % len(places)], 1 + number // len(places)
        count.points += 1
        bench.play(count, lambda toy, at=f"{place}:kill@{nth}": bench.live(toy, count, [at]))
    return count


def each_call(bench: Bench, kills: int) -> Count:
    """K1: kill -9 after the n-th system call of one kind, again and again until the run has ended."""
    count = Count("K1 system calls")
    most = count_calls(bench)

    def act(toy: Toy) -> None:
        for _ in range(MOST_LIVES):
            call = bench.chance.choices(list(most), [number**0.5 for number in most.values()])[0]
            nth = bench.chance.randint(1, most[call])
            count.points += 1
            if not bench.live(toy, count, prefix=_strace(call, "signal=KILL", nth)):
                return

    while count.points < kills:
        bench.play(count, act)
    return count


def count_calls(bench: Bench) -> dict[str, int]:
    """How often the daemon makes each call in a whole undisturbed run."""
    toy = bench.make()
    table = toy.base / "calls"
    assert live(toy, prefix=["strace", "-qq", "-c", "-o", str(table), "-e", f"trace={','.join(CALLS)}"]) == 0
    rows = [line.split() for line in table.read_text().splitlines()]
    found = {row[-1]: int(row[3]) for row in rows if row and row[-1] in CALLS}
    shutil.rmtree(toy.base.parent)
    return found


def twice(bench: Bench, kills: int) -> Count:
    """K2: a crash anywhere, and another one while the next daemon heals it."""
    count = Count("K2 double crashes")
    places = find_places()

    def act(toy: Toy) -> None:
        place, nth = bench.chance.choice(places), bench.chance.randint(1, 6)
        goes_on = bench.live(toy, count, [f"{place}:kill@{nth}"])
        for _ in range(2):
            count.points += 1
            call = bench.chance.choice(("pwrite64", "fsync", "unlink", "rename", "vfork", "ftruncate", "wait4"))
            if goes_on:
                goes_on = bench.live(toy, count, prefix=_strace(call, "signal=KILL", bench.chance.randint(1, 30)))

    while count.points < kills:
        bench.play(count, act)
    return count


def any_child(bench: Bench, kills: int) -> Count:
    """K3: any process of the run but the daemon is killed at any time; the run goes on and keeps nothing wrong."""
    count = Count("K3 children")

    def act(toy: Toy) -> None:
        daemon = begin(toy, mutant=bench.mutant)
        until = time.monotonic() + 240
        while daemon.poll() is None and time.monotonic() < until:
            time.sleep(bench.chance.expovariate(2))
            others = [int(line.partition(":")[0]) for line in living(toy.base)]
            others = [pid for pid in others if pid != daemon.pid]
            if others and count.points < kills + 10:
                count.points += 1
                count.crashes += _kill(bench.chance.choice(others))
        daemon.wait(60)
        # Whose agent or benchmark was killed may have lost its round; what computes wrong numbers is never kept.
        assert all("ERROR = 0" in code for code in kept_kernels(toy))

    while count.points < kills:
        bench.play(count, act, prove)
    return count


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def failing(bench: Bench, kills: int) -> Count:
    """K6: a full disk or a failing call at a named place, or at the n-th call of one kind."""
    count = Count("K6 failures")
    places = bench.find_places()

    def act(toy: Toy) -> None:
        count.points += 1
        if count.points % 2:
            kind, place = bench.chance.choice(("enospc", "raise")), bench.chance.choice(places)
            bench.live(toy, count, [f"{place}:{kind}@{bench.chance.randint(1, 4)}"])
        else:
            call, nth = bench.chance.choice(FAILING), bench.chance.randint(1, 60)
            bench.live(toy, count, prefix=_strace(call, "error=ENOSPC", nth))

    while count.points < kills:
        bench.play(count, act)
    return count


def reboot(bench: Bench, kills: int) -> Count:
    """K7: after a reboot the PIDs in our files are other people's: nobody of theirs is killed."""
    count = Count("K7 reboots")

    def act(toy: Toy) -> None:
        count.points += 1
        bench.live(toy, count, ["bench:after:kill@2"])
        neighbour = subprocess.Popen(["sleep", "600"])
        try:
            for mark in toy.folder.glob("rounds/*/*/session/" + WORKER):
                ours = json.loads(mark.read_text())
                mark.write_text(json.dumps(ours | {"pid": neighbour.pid, "boot_id": "of another boot"}))
                (mark.parent / RESULT).unlink(missing_ok=True)
            goes_on = bench.live(toy, count, ["publish:before:kill"])
            assert goes_on
            assert neighbour.poll() is None, "a process of somebody else was killed"
        finally:
            neighbour.kill()
            neighbour.wait()

    for _ in range(kills):
        bench.play(count, act)
    return count


def long_soak(bench: Bench, rounds: int) -> Count:
    """K11: thousands of fake rounds with kills all the way."""
    found = soak(bench.base / "soak", rounds, 200, bench.chance.randint(1, 10**6), bench.mutant)
    count = Count("K11 soak", found.kills, found.kills, 1, int(found.is_right), found.lost, found.doubled)
    count.name += f" of {found.rounds} rounds"
    return count


def power_cut(bench: Bench, rounds: int) -> Count:
    """K5: each acknowledged fact is on the disk when it is acknowledged, as the traced calls tell."""
    cut = trace(bench.base / "power", rounds, bench.mutant)
    return Count("K5 power cuts", cut.told, 0, 1, int(not cut.at_risk), cut.at_risk, 0)


def at_rest(bench: Bench, kills: int) -> Count:
    """K4: a paused run, killed when it begins to rest and when it was woken."""
    count = Count("K4 at rest")
    for _ in range(kills):
        bench.play(count, lambda toy: count.add(kill_at_rest(toy, bench.mutant)))
    return count


def moved_branch(bench: Bench, kills: int) -> Count:
    """K10: the user moves the branch while the daemon is dead; it is left alone, also by one killed as it gives up."""
    count = Count("K10 branch moved by its user")
    for _ in range(kills):
        bench.play(count, lambda toy: count.add(kill_at_forced_end(toy, bench.mutant)), prove_forced_end)
    return count
