"""`kernel-opt finish`: what is refused before anything is measured, and what --dry-run tells."""

import fcntl
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.places import RunPlace
from tests.cli.compare_toy import interrupt, make_compare_toy
from tests.cli.finished_run import make_finished
from tests.cli.toy_run import Toy, call
from tests.e2e.survivors import living
from tests.e2e.toy import Toy as Repo
from tests.e2e.toy import hold, kernel
from tests.edges.toy_repository import user_git
from tests.edges.waiting import wait_until
from tests.views.canned import Canned, save


def run_of(toy: Toy, run: Canned) -> RunPlace:
    """Write a journal down as that of the toy repository."""
    run.state = replace(run.state, repository=str(toy.repo), worktree=str(toy.worktree))
    return save(run, toy.state)


def test_a_dry_run_tells_the_commits_and_makes_nothing(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Also while the daemon works; not even an object is written."""
    place = run_of(toy, Canned().baseline().keep(sentence="Tile by 64.").split().drop())
    objects = sorted((toy.repo / ".git/objects").rglob("*"))
    with Path(place.lock).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert call("finish", "--dry-run", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert [(one["subject"], one["round"]) for one in told["commits"]] == [("Tile by 64", 1), ("Wider tiles", 2)]
        assert (told["tip"], told["branch"]) == (None, None)
        assert call("finish", "--dry-run") == 0
        assert "would be made: 2 commits" in capsys.readouterr().out
        assert call("finish") == 2
        assert "run apr16 still goes on; `kernel-opt stop --tag apr16` first" in capsys.readouterr().err
    assert sorted((toy.repo / ".git/objects").rglob("*")) == objects


def test_without_a_win_there_is_nothing_to_hand_out(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and where to look."""
    run_of(toy, Canned().baseline().drop())
    assert call("finish") == 1
    assert "run apr16 has no kept commit to hand out; `kernel-opt history --tag apr16`" in capsys.readouterr().err


def test_commits_that_somebody_removed_are_told(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """The journal tells of them, the repository has them no more."""
    run_of(toy, Canned().baseline().keep())
    assert call("finish") == 1
    assert "commit bbbbbbbbbbbb of the run is gone" in capsys.readouterr().err


def test_slips_are_refused(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """No run; a branch and patches at once."""
    user_git(toy.repo, "branch", "other")
    assert call("finish") == 2
    assert "there is no run yet" in capsys.readouterr().err
    assert call("finish", "--branch", "x", "--patches", "y") == 2
    assert "not allowed with argument" in capsys.readouterr().err


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository whose commits can be measured."""
    return make_compare_toy(tmp_path, monkeypatch)


def refs(repo: Repo) -> str:
    return user_git(repo.repository, "for-each-ref")


def test_wins_become_a_branch_once(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """Measured first; the same again measures nothing and makes nothing; other names are the user's."""
    make_finished(repo, [kernel(90, 180), kernel(80, 160)])
    assert call("finish") == 0
    told = capsys.readouterr()
    assert told.out.startswith("the branch kernel-opt-apr16: 2 commits on ")
    assert "is the series right?" in told.err
    log = user_git(repo.repository, "log", "--reverse", "--format=%s", "main..kernel-opt-apr16").split("\n")
    assert log[:2] == ["Win 1", "Win 2"]
    assert user_git(repo.repository, "diff", "--name-only", "main", "kernel-opt-apr16") == "kernels/k.py\n"
    before = refs(repo)
    assert call("finish") == 0
    again = capsys.readouterr()
    assert "holds this series already" in again.out
    assert again.err == ""
    assert call("finish", "--branch", "main") == 2
    assert "main exists and holds something else; name another with --branch" in capsys.readouterr().err
    assert call("finish", "--patches", str(repo.base / "tmp" / "out"), "--unmeasured", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["branch"], made["afresh"], len(made["commits"])) == (None, None, 2)
    assert len(list((repo.base / "tmp/out").glob("*.patch"))) == 2
    assert refs(repo) == before


def test_what_is_not_faster_afresh_is_not_handed_out(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever its rounds said; --force insists and the message tells, --with-report keeps the report."""
    make_finished(repo, [kernel(100, 200) + "# the same\n"])
    before = refs(repo)
    assert call("finish", "--branch", "clean") == 1
    said = capsys.readouterr().err
    assert "measured afresh, the series is not shown to be faster: Tie" in said
    assert "--force hands it out all the same" in said
    assert refs(repo) == before
    assert call("finish", "--branch", "clean", "--force", "--with-report") == 0
    assert "no change shown" in user_git(repo.repository, "log", "-1", "--format=%B", "clean")
    changed = user_git(repo.repository, "diff", "--name-only", "main", "clean").split()
    assert changed == ["kernels/k.py", "performance.md"]


def test_ctrl_c_leaves_no_branch_and_holds_no_card(repo: Repo) -> None:
    """In the middle of the measurement: exit code 130, nothing made, nobody left; then it works."""
    make_finished(repo, [hold(repo.base) + kernel(90, 180)])
    before = refs(repo)
    ended = interrupt(repo, "finish", "--branch", "clean")
    last_words = ended.stderr.splitlines()[-1]
    assert (ended.returncode, last_words) == (130, "kernel-opt: ended by Ctrl-C, nothing of it is left")
    wait_until(lambda: not list(living(repo.base)), "nobody lives on")
    assert (refs(repo), list((repo.base / "tmp").iterdir())) == (before, [])
    repo.holding.unlink()
    assert repo.cli("finish", "--branch", "clean").returncode == 0
    assert user_git(repo.repository, "show", "clean:kernels/k.py") == hold(repo.base) + kernel(90, 180)
