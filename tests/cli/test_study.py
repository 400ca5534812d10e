"""A study: two arms, each a run of its own, carried out one after the other, gone on with, told."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from kernel_opt.cli.study_plan import read_study
from kernel_opt.cli.study_tracks import look
from kernel_opt.edges.places import place_run
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.facts import RunStarted
from tests.cli.toy_run import call
from tests.e2e.toy import AGENT, Toy, hold, kernel, make_toy, writes

STUDY = """\
name = "toy"
repository = "user/repo"
config = "toy.toml"
seeds = 1
rounds = 1
[[arms]]
name = "fast"
[[arms]]
name = "slow"
settings.agent.command = {command}
settings.brief.evidence = false
"""


def make_study(base: Path) -> Toy:
    """The first arm's candidate waits as long as the file ``hold`` is there."""
    toy = make_toy(base, {"1:propose": writes(hold(base) + kernel(50, 100), sentence="fast")})
    slow = {"1:propose": asdict(writes(kernel(90, 180), sentence="slow"))}
    (base / "slow.json").write_text(json.dumps(slow))
    command = [sys.executable, "-S", str(AGENT), str(base / "slow.json")]
    (base / "study.toml").write_text(STUDY.format(command=json.dumps(command)))
    return toy


def study(toy: Toy, *words: str) -> subprocess.CompletedProcess[str]:
    return toy.cli("study", str(toy.base / "study.toml"), *words)


def begin(toy: Toy) -> subprocess.Popen[str]:
    """Start it and return when the first track's candidate waits."""
    toy.held.unlink(missing_ok=True)
    argv = toy.command("study", str(toy.base / "study.toml"))
    child = subprocess.Popen(argv, env=toy.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    toy.wait(lambda: toy.held.exists() or child.poll() is not None, "a candidate waits")
    return child


@pytest.mark.slow
def test_stopped_interrupted_and_gone_on_with(tmp_path: Path) -> None:
    """Whatever cuts it off, the same command goes on, and what is done is not done again."""
    toy = make_study(tmp_path / "toy")
    child = begin(toy)
    assert toy.cli("stop", "--now", "--tag", "study-toy-fast-1").returncode == 0
    out, said = child.communicate(timeout=60)
    assert (child.returncode, out) == (1, "")
    assert "track study-toy-fast-1 has not come to its end: stopped by kernel-opt stop" in said

    child = begin(toy)
    daemon = int(Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text())
    os.kill(daemon, signal.SIGSTOP)  # it hears the second signal before it has looked at the first
    child.send_signal(signal.SIGINT)
    assert child.stderr is not None
    assert "goes on" in child.stderr.readline()
    assert "after its current step" in child.stderr.readline()
    child.send_signal(signal.SIGTERM)
    assert "ending what runs" in child.stderr.readline()
    os.kill(daemon, signal.SIGCONT)
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "0 of 2 tracks are done" in out

    toy.holding.unlink()
    done = study(toy, "--json", "--picture", str(tmp_path / "s.svg"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [
        one["speed_up"] == pytest.approx(gain, rel=0.01) for one, gain in zip(found["tracks"], (2, 1.1), strict=True)
    ]
    assert [(one["is_done"], one["keeps"]) for one in found["tracks"]] == [(True, 1), (True, 1)]
    assert found["at_end"]["difference"]["value"] == pytest.approx(1.8, rel=0.01)
    assert (tmp_path / "s.svg").read_text().startswith("<svg")
    again = study(toy)
    assert (again.returncode, again.stderr) == (0, "")
    assert study(toy, "--tell").stdout == again.stdout
    settings = [facts_of(toy, f"study-toy-{arm}-1").settings for arm in ("fast", "slow")]
    assert [one["brief"]["evidence"] for one in settings] == [True, False]
    assert [one["search"]["seed"] for one in settings] == [1, 1]

    text = (toy.base / "study.toml").read_text()
    (toy.base / "study.toml").write_text(text.replace("evidence = false", "evidence = true"))
    other = study(toy, "--tell")
    assert (other.returncode, "begun with other settings: [brief]" in other.stderr) == (2, True)


def facts_of(toy: Toy, tag: str) -> RunStarted:
    place = place_run(str(toy.repository), tag, "")
    folder = toy.base.joinpath("state", *Path(place.directory).parts[-2:])
    return next(fact for one in entries(read_records(folder)) if isinstance(fact := one.fact, RunStarted))


def test_a_track_that_cannot_begin_says_why(tmp_path: Path) -> None:
    """In the words of `kernel-opt start`."""
    toy = make_study(tmp_path / "toy")
    toy.git("branch", "kernel-opt/study-toy-fast-1")
    done = study(toy)
    assert done.returncode == 1
    assert "track study-toy-fast-1: the branch kernel-opt/study-toy-fast-1 exists already" in done.stderr


def test_all_tracks_begin_at_the_same_commit(tmp_path: Path) -> None:
    """Else the second arm would be tuned from another kernel."""
    toy = make_study(tmp_path / "toy")
    child = begin(toy)
    toy.git("commit", "--allow-empty", "--quiet", "--message=later")
    toy.holding.unlink()
    _, said = child.communicate(timeout=60)
    assert (child.returncode, "track study-toy-fast-1 began at" in said) == (2, True)


def test_a_live_daemon_is_left_alone(tmp_path: Path) -> None:
    """The study that began it may have been killed: its track runs on."""
    toy = make_study(tmp_path / "toy")
    child = begin(toy)
    child.kill()
    child.communicate()
    refused = study(toy)
    assert (refused.returncode, "has a live daemon already" in refused.stderr) == (1, True)
    assert toy.cli("stop", "--now", "--tag", "study-toy-fast-1").returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seeds = 1", "seeds = 99", "cannot be read: Expected `int` <= 16 - at `$.seeds`"),
        ("seeds = 1", "sedes = 1", "unknown field `sedes`"),
        ("seeds = 1", "seeds = ", "cannot be read: Invalid value"),
        ("settings.brief.evidence", "settings.stop.empty_rounds", "arm slow sets [stop], by which both arms must be"),
        ("settings.brief.evidence", "settings.brief.evidense", "arm slow: [brief] unknown key `evidense`"),
        ("user/repo", "user", "is not in a git repository"),
        ("toy.toml", "other.toml", "other.toml does not exist"),
    ],
)
def test_a_slip_in_the_file_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, says: str
) -> None:
    """One line, with the file and the place."""
    toy = make_study(tmp_path / "toy")
    path = toy.base / "study.toml"
    path.write_text(path.read_text().replace(old, new))
    assert call("study", str(path)) == 2
    assert says in capsys.readouterr().err
    assert not (toy.base / "state").exists()


def test_a_file_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Missing, too large, no text."""
    (tmp_path / "large.toml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name, says in (("none", "No such file"), ("large", "larger than a megabyte"), ("binary", "cannot be read")):
        assert call("study", str(tmp_path / f"{name}.toml")) == 2
        assert says in capsys.readouterr().err


def test_nothing_is_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is told so, and nothing is made."""
    toy = make_study(tmp_path / "toy")
    monkeypatch.setenv("KERNEL_OPT_STATE", str(tmp_path / "state"))
    found = read_study(toy.base / "study.toml")
    assert [look(found, one).why for one in found.tracks] == ["not begun", "not begun"]
    assert not (tmp_path / "state").exists()
