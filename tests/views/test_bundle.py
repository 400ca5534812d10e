import json
import os
import subprocess
from pathlib import Path

import pytest

from kernel_opt.views.bundle import render_bundle, round_record, verdict_text
from kernel_opt.views.telling import tell_rounds
from tests.views import canned

BENCHMARK = canned.replace(
    canned.SETTINGS.benchmark,
    command=("python3", "bench.py", "it's"),
    csv="out/**/*.csv",
    environment={"PA_MODE": "fast $HOME `x` it's"},
)
SCRIPT = """import os, pathlib, sys
pathlib.Path("out/deep").mkdir(parents=True, exist_ok=True)
pathlib.Path("out/deep/new table.csv").write_text(open("kernel.txt").read())
print(os.environ["PA_MODE"], sys.argv[1], os.environ["MY_CACHE"])
"""


def git(folder: Path, *args: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    identity = ("-c", "user.name=t", "-c", "user.email=t@t")
    return subprocess.run(
        ["git", *identity, *args], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def told(tmp_path):
    """A round whose best and candidate really are commits of a repository with a space in its name."""
    repository = tmp_path / "my repo"
    repository.mkdir()
    git(repository, "init", "-q")
    (repository / "bench.py").write_text(SCRIPT)
    (repository / "kernel.txt").write_text("best\n")
    (repository / "out").mkdir()
    (repository / "out/old.csv").write_text("old\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "best")
    best = git(repository, "rev-parse", "HEAD").strip()
    (repository / "kernel.txt").write_text("candidate\n")
    diff = git(repository, "diff")
    git(repository, "commit", "-qam", "candidate")
    commit = git(repository, "rev-parse", "HEAD").strip()
    git(repository, "reset", "-q", "--hard", best)
    one = next(tell_rounds(canned.running().entries))
    tried = one.attempts[-1]
    one.best, one.attempts = best, [type(tried)(canned.replace(tried.candidate, commit=commit), tried.outcome)]
    return repository, one, diff


def unpack(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)


def call(script: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(script), *args], capture_output=True, text=True, cwd="/")


@pytest.mark.parametrize("is_cleaned", [False, True])
def test_the_scripts_do_the_round_again(told, tmp_path, is_cleaned):
    """Rebuild, rerun and collect work by hand, even without the candidate's commit; the repository is untouched."""
    repository, one, diff = told
    if is_cleaned:
        lost = canned.replace(one.candidate, commit="0" * 39 + "1")
        one.attempts = [type(one.attempts[0])(lost, "right")]
    folder = tmp_path / "round 12"
    unpack(folder, render_bundle(one, repository=str(repository), benchmark=BENCHMARK, diff=diff, caches=("MY_CACHE",)))
    before = git(repository, "status", "--porcelain"), (repository / ".git/index").read_bytes()
    done = call(folder / "rebuild.sh")
    assert done.returncode == 0, done.stderr
    assert (folder / "tree-best/kernel.txt").read_text() == "best\n"
    assert (folder / "tree-candidate/kernel.txt").read_text() == "candidate\n"
    assert before == (git(repository, "status", "--porcelain"), (repository / ".git/index").read_bytes())
    done = call(folder / "rerun.sh")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"fast $HOME `x` it's it's {folder}/cache-candidate/MY_CACHE\n"
    assert call(folder / "collect.sh").returncode == 0
    collected = folder / "collected-candidate"
    assert sorted(path.name for path in collected.iterdir()) == ["new table.csv", "rerun-candidate.log"]
    assert (collected / "new table.csv").read_text() == "candidate\n"


def test_the_scripts_say_what_is_missing(told, tmp_path):
    """A wrong word or a missing tree is one sentence and an exit code."""
    repository, one, diff = told
    folder = tmp_path / "round"
    unpack(folder, render_bundle(one, repository=str(repository), benchmark=BENCHMARK, diff=diff))
    assert "run ./rebuild.sh first" in call(folder / "rerun.sh").stderr
    done = call(folder / "rerun.sh", "worst")
    assert done.returncode == 2
    assert "say best or candidate, not worst" in done.stderr


def test_the_record_is_complete_json():
    """verdict.json holds hypothesis, candidate, numbers and costs, with null for what is unknown."""
    told = list(tell_rounds(canned.running().entries))
    record = json.loads(json.dumps(round_record(told[0])))
    assert record["ending"] == "kept"
    assert record["hypothesis"]["bottlenecks"] == ["h1"]
    assert record["verdict"]["classes"][0]["key"] == canned.KEYS[0]
    assert [one["origin"] for one in record["attempts"]] == ["proposed", "formatted"]
    assert record["spent"] == {"gpu_s": 560.0, "agent_tokens": 10000, "cost_usd": 0.05}
    still_open = round_record(told[-1])
    assert (still_open["ending"], still_open["us"], still_open["verdict"], still_open["rows"]) == (None, None, None, [])


def test_the_text_opens_with_the_verdict():
    """Whoever opens verdict.txt knows after one line."""
    told = list(tell_rounds(canned.running().entries))
    assert verdict_text(told[0]).startswith("Round 1, kept: 7.5 ± 0.4 % faster on all classes\n")
    assert f"{canned.KEYS[0]}    better     10.0 ± 0.4 % faster" in verdict_text(told[0])
    assert "ended       SyntaxError" in verdict_text(told[2])
    told[1].notes.append("an\x1b[2J odd one")
    assert "note        an[2J odd one" in verdict_text(told[1])


def test_a_round_without_candidate_has_no_scripts():
    """There is nothing to rebuild when nothing was proposed; the verdict stands all the same."""
    one = list(tell_rounds(canned.running().entries))[2]
    one.attempts, one.hypothesis = [], None
    files = render_bundle(one, repository="/r", benchmark=BENCHMARK, diff="")
    assert set(files) == {"README.md", "verdict.txt", "verdict.json"}
    assert b"Hypothesis: \xe2\x80\x93" in files["README.md"]


def test_bytes_of_a_diff_survive():
    """A diff of a file in another encoding comes out as it went in."""
    one = next(tell_rounds(canned.running().entries))
    diff = b"+caf\xe9\n".decode("utf-8", "surrogateescape")
    assert render_bundle(one, repository="/r", benchmark=BENCHMARK, diff=diff)["diff.patch"] == b"+caf\xe9\n"
