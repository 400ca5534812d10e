"""`kernel-opt doctor`: every precondition, and what to do."""

import datetime as dt
import json
import os
import re
import threading
from pathlib import Path

import pytest

from kernel_opt.cli.doctor_checks import carry_out
from kernel_opt.cli.doctor_machine import check_clock, check_logout, check_state
from kernel_opt.cli.doctor_platform import check_access, check_tracer
from kernel_opt.cli.doctor_programs import check_git
from kernel_opt.edges.gpus.probe import Probe
from kernel_opt.edges.repository import Repository
from kernel_opt.rules.doctor import Check, Level, ok
from tests.cli.toy_run import ROOT, Toy, call
from tests.edges.toy_repository import user_git
from tests.rocm.tree import build_tree

CARDS = [{"bdf": "0000:05:00.0", "unique_id": "0x8d", "node_id": 1, "guid": 28851}]


class FakeClock:
    """A clock that stands."""

    def __init__(self, year: int) -> None:
        self._now = dt.datetime(year, 1, 1, tzinfo=dt.UTC)

    def utc(self) -> dt.datetime:
        return self._now


def tools(folder: Path, **scripts: str) -> Probe:
    """Status tools that print what a script says."""
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return Probe(5.0, {name: str(folder / name) for name in scripts}, {"PATH": "/nowhere"})


def seen(capsys: pytest.CaptureFixture[str]) -> dict[str, dict]:
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    return {check["name"]: check for check in document["checks"]}


def test_a_machine_where_all_is_well(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, every precondition named, nothing to do; nothing is left behind."""
    assert toy.state.exists() is False
    assert call("doctor") == 0
    told = capsys.readouterr().out
    for name in ("python", "git", "repository", "settings", "benchmark", "edits", "cards", "proposer", "clock"):
        assert f"ok    {name}: " in told
    assert "FAIL" not in told
    assert re.match(r"0 of \d+ checks fail", told.splitlines()[-1])
    assert not toy.state.exists()


def test_as_json_every_check_has_its_level(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: name, level, what was found, what to do."""
    toy.settings.write_text(toy.settings.read_text().replace('["sh", "-c", "exit 75"]', '["no-such-agent"]'))
    assert call("doctor", "--json") == 1
    checks = seen(capsys)
    assert checks["git"]["level"] == "ok"
    assert checks["proposer"]["level"] == "fail"
    assert "no-such-agent is not installed" in checks["proposer"]["told"]
    assert "--agent" in checks["proposer"]["mend"]


def test_outside_a_repository_the_machine_is_still_looked_at(
    toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be looked at is left out, what can is told."""
    assert toy.repo.exists()
    (tmp_path / "empty").mkdir()
    assert call("doctor", "--json", "--repo", str(tmp_path / "empty")) == 1
    checks = seen(capsys)
    assert checks["repository"]["level"] == checks["settings"]["level"] == "fail"
    assert "kernel-opt init" in checks["settings"]["mend"]
    assert "benchmark" not in checks
    assert checks["state directory"]["level"] == "ok"


def test_a_repository_that_does_not_fit_is_told(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing benchmark, nothing to edit, a branch in the way, a program that is not there, submodules."""
    user_git(toy.repo, "branch", "kernel-opt")
    text = toy.settings.read_text()
    toy.settings.write_text(text.replace('file = "bench.py"', 'file = "b.py"').replace("kernels/**", "kern/**"))
    assert call("doctor", "--json") == 1
    checks = seen(capsys)
    assert {checks[name]["level"] for name in ("benchmark", "edits", "branch")} == {"fail"}
    toy.settings.write_text(text.replace(text.split('command = ["')[1].split('"')[0], "no-such-python", 1))
    user_git(toy.repo, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},third_party/x")
    user_git(toy.repo, "commit", "--quiet", "--message=module")
    assert call("doctor", "--json") == 1
    checks = seen(capsys)
    assert "no-such-python is not on PATH" in checks["benchmark"]["told"]
    assert "third_party/x" in checks["submodules"]["told"]


def test_a_rocm_host_is_looked_at(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tracer's version, the right to the device, and the cards; what is missing is told with a mend."""
    script = tmp_path / "host.json"
    script.write_text(json.dumps({"cards": CARDS, "moments": [{}]}))
    options = build_tree(tmp_path / "tree", CARDS)
    (tmp_path / "tree/dev/kfd").touch()
    monkeypatch.setenv("SCRIPTED_HOST", str(script))
    monkeypatch.setenv("PATH", f"{ROOT / 'tests/rocm'}:/usr/bin:/bin")
    lines = toy.settings.read_text().splitlines()
    written = ", ".join(f"{name} = {json.dumps(value)}" for name, value in options.items())
    place = next(number for number, line in enumerate(lines) if line.startswith("name = "))
    lines[place : place + 2] = ['name = "rocm"', f"options = {{ {written} }}"]
    toy.settings.write_text("\n".join(lines) + "\n")
    assert call("doctor", "--json") == 0
    checks = seen(capsys)
    assert checks["tracer"]["told"] == "rocprofv3 1.0.0 (ROCm 7.0.0)"
    assert checks["cards"]["told"] == "1 read by rocm-smi"
    (tmp_path / "tree/dev/kfd").unlink()
    monkeypatch.setenv("SCRIPTED_TRACER", '{"fault": "broken"}')
    assert call("doctor", "--json") == 1
    checks = seen(capsys)
    assert "error while loading shared libraries" in checks["tracer"]["told"]
    assert "--device /dev/kfd" in checks["access"]["mend"]


def test_a_host_without_rocm_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """rocprofv3 is missing, and the device belongs to others."""
    monkeypatch.setenv("PATH", "/nowhere")
    (check,) = check_tracer()
    assert (check.level, check.told) == (Level.FAIL, "rocprofv3 is not on PATH")
    assert check_access(tmp_path / "kfd")[0].level is Level.FAIL


def test_a_host_without_cards_is_told(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """None at all, none that can be read, and a platform that cannot be opened: each fails with its reason."""
    for state, said in (([], "this host has none"), ({"fail": "the driver is lost"}, "the driver is lost")):
        toy.set_cards(state)
        assert call("doctor", "--json") == 1
        assert seen(capsys)["cards"]["told"] == said
    toy.settings.write_text(toy.settings.read_text().replace("options = {", "options = { colour = 1,"))
    assert call("doctor", "--json") == 1
    assert "cannot be opened" in seen(capsys)["cards"]["told"]


def test_too_little_room_is_told(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """By the measure of the settings."""
    toy.settings.write_text(toy.settings.read_text().replace("min_free_mb = 1.0", "min_free_mb = 1e12"))
    assert call("doctor") == 1
    told = capsys.readouterr().out
    assert "FAIL  state directory: " in told
    assert "      -> make room, or set KERNEL_OPT_STATE" in told


def test_the_cpu_needs_a_compiler(
    toy: Toy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the host platform the tracer is compiled; the compiler is named, and so are the cores."""
    lines = toy.settings.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("name = "))
    lines[place : place + 2] = ['name = "host"']
    toy.settings.write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("CC", "my-cc -O1")
    assert call("doctor", "--json") == 0
    checks = seen(capsys)
    assert checks["compiler"]["told"] == "my-cc -O1"
    assert checks["cards"]["told"].endswith("read by host")


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("git version 2.39.5", Level.OK),
        ("git version 2.34.1", Level.WARN),
        ("git version 2.17.0", Level.FAIL),
        ("segmentation fault", Level.FAIL),
    ],
)
def test_an_old_git_is_told(tmp_path: Path, said: str, level: Level) -> None:
    """Before 2.36 a power cut may cost refs; much older ones cannot be used."""
    (check,) = check_git(tools(tmp_path / "bin", git=f"echo {said}"))
    assert check.level is level
    assert (check.mend == "") == (level is Level.OK)


def test_without_git_nothing_goes(tmp_path: Path) -> None:
    """It is said what to install."""
    (check,) = check_git(Probe(5.0, {}, {"PATH": str(tmp_path)}))
    assert (check.level, check.mend) == (Level.FAIL, "install git 2.36 or newer")


def test_a_logout_that_would_end_the_daemon_is_told(tmp_path: Path) -> None:
    """With KillUserProcesses a unit is offered; without, or without a login manager, all is well."""
    ends = tools(tmp_path / "a", loginctl="echo KillUserProcesses=yes; echo Linger=no")
    (check,) = check_logout(ends)
    assert check.level is Level.WARN
    assert "kernel-opt service --install" in check.mend
    lives = tools(tmp_path / "b", loginctl="echo KillUserProcesses=no; echo Linger=yes")
    assert check_logout(lives)[0].told == "a daemon lives on; units restart at boot"
    assert check_logout(Probe(5.0, {}, {"PATH": str(tmp_path)}))[0].level is Level.OK


def test_a_state_directory_that_cannot_be_is_told(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the way; also too little room, by the settings' own measure."""
    toy.state.write_text("")
    monkeypatch.setenv("KERNEL_OPT_STATE", str(toy.state / "below"))
    (check,) = check_state(None)
    assert check.level is Level.FAIL
    assert "is in the way" in check.told


def test_a_clock_before_head_is_told(toy: Toy) -> None:
    """A clock that says a time long before the last commit is wrong; one after it may be right."""
    repository = Repository.find(toy.repo)
    assert check_clock(repository, FakeClock(2000))[0].level is Level.WARN
    assert check_clock(repository, FakeClock(2024))[0].level is Level.OK
    assert check_clock(None, FakeClock(2000))[0].level is Level.OK


def test_a_check_that_hangs_does_not_hang_the_doctor() -> None:
    """It is left behind and told; a check that meets an error of the system tells that; the others are made."""
    release = threading.Event()

    def hang() -> list[Check]:
        release.wait()
        return []

    def fall() -> list[Check]:
        raise PermissionError(13, os.strerror(13), "/x")

    plan = [("disk", hang), ("folder", fall), ("python", lambda: [ok("python", "here")])]
    checks = carry_out(plan, lambda: None, limit_s=0.05)
    release.set()
    assert [(check.name, check.level.value) for check in checks] == [
        ("disk", "fail"),
        ("folder", "fail"),
        ("python", "ok"),
    ]
    assert checks[0].told == "no answer within 0.05 s"
    assert "Permission denied" in checks[1].told
