"""What must hold after any run that ended, however often it was killed on the way."""

import fcntl
import hashlib
import json
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path

from kernel_opt.journal.codec import entries
from kernel_opt.journal.mirror import NAME as MIRROR
from kernel_opt.journal.mirror import read_mirror
from kernel_opt.journal.reader import NAME as DATABASE
from kernel_opt.model.bench import BenchRun
from kernel_opt.model.facts import Benched, Entry, RunStarted, Stopped
from kernel_opt.model.round_facts import BaselineKept, Dropped, Kept, RoundOpened, Sealed
from kernel_opt.views.performance import render_documents
from kernel_opt.views.tsv import render_tsv
from tests.e2e.survivors import living
from tests.e2e.toy import TAG, Toy
from tests.edges.toy_repository import user_git
from tests.edges.waiting import wait_until
from tests.fingerprint import fingerprint, objects

BRANCH = f"refs/heads/kernel-opt/{TAG}"
BEST = f"refs/kernel-opt/{TAG}/best"


def prove(toy: Toy, kernels: list[str] | None = None, stops: int = 1) -> None:
    """Every promise at once; ``kernels`` is the code that best had, one after the other."""
    prove_quiet(toy)
    past = toy.entries()
    prove_journal(toy, past)
    prove_none_doubled(past, stops)
    prove_refs(toy, past, stops)
    prove_views(toy, past)
    prove_measured(toy, past)
    prove_user(toy)
    if kernels is not None:
        assert kept_kernels(toy) == kernels


def prove_quiet(toy: Toy) -> None:
    """No process is left, nobody holds a lock of ours, and no git lock lies about."""
    wait_until(lambda: not list(living(toy.base)), f"these are gone: {list(living(toy.base))}")
    for path in [Path(toy.place.lock), *(toy.base / "leases").glob("*.lock")]:
        with path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not list((toy.repository / ".git").rglob("*.lock"))


def prove_journal(toy: Toy, past: list[Entry]) -> None:
    """The database is whole, its second copy tells the same, and it holds whatever the daemon said it had written."""
    db = sqlite3.connect(toy.folder / DATABASE)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    assert [entry.seq for entry in past] == list(range(1, len(past) + 1))
    assert list(entries(read_mirror(toy.folder / MIRROR))) == past
    assert not lost_facts(toy, past)


def lost_facts(toy: Toy, past: list[Entry]) -> Counter[tuple[str, int]]:
    """Facts that the daemon told in its log, which it does when they are written, and that the journal has not."""
    lines = [json.loads(line) for line in Path(toy.place.log).read_bytes().splitlines() if line.endswith(b"}")]
    told = Counter((line["fact"], line["round"]) for line in lines if line["event"] == "fact")
    return told - Counter((type(entry.fact).__name__, entry.round) for entry in past)


def prove_none_doubled(past: list[Entry], stops: int) -> None:
    """Each round was opened once and ended once; the run began once and ended once."""
    facts = [entry.fact for entry in past]
    rounds = [fact.round for fact in facts if isinstance(fact, RoundOpened)]
    assert rounds == list(range(1, len(rounds) + 1))
    ends = Counter(entry.round for entry in past if isinstance(entry.fact, Kept | Dropped))
    assert all(count == 1 for count in ends.values()), ends
    assert sum(isinstance(fact, RunStarted) for fact in facts) == 1
    assert sum(isinstance(fact, BaselineKept) for fact in facts) <= 1
    assert sum(isinstance(fact, Stopped) for fact in facts) == stops
    assert isinstance(facts[-1], Stopped)


def prove_refs(toy: Toy, past: list[Entry], stops: int) -> None:
    """The branch stands where the journal says, moved once per keep; best, worktree and objects agree."""
    published = [entry.fact.commit for entry in past if isinstance(entry.fact, BaselineKept | Kept)]
    ends = [entry.fact.best for entry in past if isinstance(entry.fact, Stopped)]
    tip = ends[-1]
    assert tip == toy.state().tip
    assert toy.git("for-each-ref", "--format=%(objectname)", BRANCH, BEST).split() == [tip, tip]
    moves = toy.git("log", "--walk-reflogs", "--format=%H", BRANCH).split()
    assert len(moves) == len(set(moves)) == 1 + len(published) + stops, moves
    assert set(published) | set(ends) <= set(moves)
    assert user_git(toy.worktree, "status", "--porcelain", "--ignored", "--untracked-files=all") == ""
    assert user_git(toy.worktree, "rev-parse", "HEAD").strip() == tip
    check = subprocess.run(["git", "fsck", "--full", "--strict"], cwd=toy.repository, capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


def prove_views(toy: Toy, past: list[Entry]) -> None:
    """Every published report is what the journal renders to at that point, and results.tsv is the whole journal."""
    seals = [(place, entry.fact) for place, entry in enumerate(past) if isinstance(entry.fact, Sealed)]
    for place, sealed in seals:
        number = past[place].round
        for name, content in render_documents(past[:place], pending=sealed.purpose, number=number).items():
            assert toy.git("show", f"{sealed.new}:{name}").encode() == content
    if seals:
        assert (toy.worktree / "performance.md").read_text() == toy.git("show", f"{BRANCH}:performance.md")
    assert (toy.folder / "results.tsv").read_text() == render_tsv(past)


def prove_measured(toy: Toy, past: list[Entry]) -> None:
    """The table of every benchmark run lies where the journal says, byte for byte."""
    runs: list[BenchRun] = [entry.fact.run for entry in past if isinstance(entry.fact, Benched)]
    for run in runs:
        found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (toy.folder / run.folder).rglob("*.csv")}
        assert run.csv_sha256 in found, run.folder


def prove_user(toy: Toy) -> None:
    """The user's repository is byte for byte as it was; only objects and refs of ours were added."""
    assert fingerprint(toy.repository) == toy.before
    assert toy.objects_before <= objects(toy.repository)


def kept_kernels(toy: Toy) -> list[str]:
    """The kernel's code along the branch, repeats left out."""
    codes: list[str] = []
    for commit in toy.git("rev-list", "--reverse", BRANCH).split():
        code = toy.git("show", f"{commit}:kernels/k.py")
        if not codes or codes[-1] != code:
            codes.append(code)
    return codes
