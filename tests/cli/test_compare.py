"""`kernel-opt compare`: two commits measured on the spot, and nothing of it left."""

import json
from pathlib import Path

import pytest

from tests.cli.compare_toy import commit, interrupt, make_compare_toy, prove_nothing_left
from tests.cli.toy_run import call
from tests.e2e.toy import BENCH, Toy, hold, kernel
from tests.edges.toy_repository import user_git


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """A repository under no run."""
    return make_compare_toy(tmp_path, monkeypatch)


def compare(toy: Toy, *words: str) -> int:
    return call("compare", *words, "--config", str(toy.config), "--pairs", "2")


def test_a_faster_commit_is_better_and_nothing_is_left(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict first, then every class with its interval and both times; progress is no part of the result."""
    commit(toy, "faster", {"kernels/k.py": kernel(90, 150)})
    assert compare(toy, "main", "faster") == 0
    told = capsys.readouterr()
    assert told.out.startswith("better: faster against main: 1")
    lines = {line.split()[0]: line.split() for line in told.out.splitlines() if line.startswith("shape=")}
    assert lines.keys() == {"shape=small", "shape=large"}
    assert all(words[1] == "better" and {"±", "faster"} <= set(words) for words in lines.values())
    assert "script time; 2 pairs" in told.out
    assert "is faster right?" in told.err
    assert "looking for an idle card" in told.err
    prove_nothing_left(toy)


def test_json_tells_the_same_as_one_object(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """A slower class makes it no tie: exit code 3, and the classes say which."""
    mixed = commit(toy, "mixed", {"kernels/k.py": kernel(120, 150)})
    assert compare(toy, "main", "mixed", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["better_or_tie"]) == ("diverging", False)
    assert told["b"] == {"name": "mixed", "commit": mixed}
    outcomes = {one["key"]: (one["outcome"], round(one["a_us"]), round(one["b_us"])) for one in told["classes"]}
    assert outcomes == {"shape=small": ("worse", 100, 120), "shape=large": ("better", 200, 150)}
    low, high = told["classes"][1]["gain_interval_pct"]
    assert low < told["classes"][1]["gain_pct"] < high
    assert len(told["measurement"]["runs"]) == told["runs"] == 4


def test_a_commit_against_itself_is_a_tie(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Fine: exit code 0."""
    sha = user_git(toy.repository, "rev-parse", "HEAD").strip()
    assert compare(toy, "main", sha) == 0
    assert f"tie: {sha[:12]} against main: no change shown" in capsys.readouterr().out


def test_the_checkout_is_measured_as_it_is(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """With uncommitted and new files, without what git ignores; index and refs stay as they were."""
    root = toy.repository
    (root / ".gitignore").write_text("junk*\n")
    (root / "junk[1]").write_bytes(b"x" * 2_000_000)
    (root / "kernels/extra.py").write_text("FACTOR = 2\n")
    text = kernel(100, 200) + 'exec(open("kernels/extra.py").read())\nUS = {k: v / FACTOR for k, v in US.items()}\n'
    (root / "kernels/k.py").write_text(text)
    before = user_git(root, "status", "--short"), user_git(root, "for-each-ref"), (root / ".git/index").read_bytes()
    assert compare(toy, "main", ".", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["gain_pct"] == pytest.approx(50, abs=1)
    assert told["b"]["name"] == "the checkout"
    after = user_git(root, "status", "--short"), user_git(root, "for-each-ref"), (root / ".git/index").read_bytes()
    assert after == before


def test_a_checkout_that_cannot_be_taken_whole_is_refused(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Another tree than what is there is never measured in its name."""
    (toy.repository / "kernels/link.py").symlink_to("k.py")
    assert compare(toy, "main", ".") == 2
    assert "links or too large to be taken along: kernels/link.py; commit them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"kernels/k.py": kernel(1, 1, error=1)}, "other computes wrong numbers: 2 of 2 configs are wrong"),
        ({"kernels/k.py": "x = = 1\n"}, "other does not run (crash): exit code 1: SyntaxError"),
        ({"kernels/k.py": kernel(1, 1).replace("large", "huge")}, "other cannot be compared (benchmark tampered"),
    ],
)
def test_what_is_not_right_is_no_number(
    toy: Toy, files: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names the side; nothing is left."""
    commit(toy, "other", files)
    assert compare(toy, "main", "other") == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("kernel-opt: ")]
    assert len(errors) == 1
    assert said in errors[0]
    prove_nothing_left(toy)


def test_slips_are_refused_before_any_card_is_looked_for(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown commits, options in their place, a commit without the benchmark, no pairs."""
    commit(toy, "bare", {"tests/bench.py": None})
    for words, said in (
        (("nope", "main"), "nope is no commit of"),
        (("main:README", "main"), "main:README is no commit of"),
        (("main", "bare"), "the benchmark tests/bench.py is not in bare"),
        (("bare", "main"), "the benchmark tests/bench.py is not in bare"),
    ):
        assert compare(toy, *words) == 2
        assert said in capsys.readouterr().err
    assert call("compare", "main", "main", "--pairs", "0") == 2
    assert "--pairs 0 measures nothing" in capsys.readouterr().err


def test_another_benchmark_on_one_side_is_said(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Each side runs its own, and the reader is told."""
    commit(toy, "other", {"tests/bench.py": BENCH + "# the same\n"})
    assert compare(toy, "main", "other") in {0, 3}
    assert "the benchmark tests/bench.py itself differs: each side ran its own" in capsys.readouterr().out


def test_a_busy_card_is_left_alone(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is pushed off, and it says who is there."""
    toy.cards.write_text('[{"users": [4711]}]')
    assert compare(toy, "main", "main") == 1
    assert "no idle card: " in (told := capsys.readouterr().err)
    assert "4711" in told
    prove_nothing_left(toy)


def test_ctrl_c_ends_it_and_leaves_nothing(toy: Toy) -> None:
    """The kernel that runs is ended, the card is free, no file is left; exit code 130 and one line."""
    commit(toy, "slow", {"kernels/k.py": hold(toy.base) + kernel(90, 180)})
    ended = interrupt(toy, "compare", "main", "slow", "--config", str(toy.config))
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.splitlines()[-1] == "kernel-opt: ended by Ctrl-C, nothing of it is left"
    prove_nothing_left(toy)
