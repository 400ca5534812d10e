"""`kernel-opt service`: a unit that goes on with a run."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from kernel_opt.cli.service_unit import find_program, quote, render_unit, unit_name
from kernel_opt.daemon.begin import Wish, prepare
from kernel_opt.edges.places import RunPlace
from tests.cli.toy_run import Toy, call

PLACE = RunPlace("/s/kernels-0a1b/t1", "t1", "/home/me/my $kernels 100%", "/home/me/kernel-opt-t1")


def put_tool(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def tools(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A systemd that keeps what it was told, and a run to write a unit for."""
    folder = toy.root / "bin"
    put_tool(folder, "systemctl", f'echo "$@" >> {toy.root}/told')
    put_tool(folder, "loginctl", "echo Linger=no")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(toy.root / "config"))
    prepare(Wish(tag="t1", repo=toy.repo))
    return folder


def test_the_unit_goes_on_with_the_run() -> None:
    """It resumes unless the run has ended, restarts after a failure, and takes every child with it."""
    unit = render_unit(PLACE, ("/opt/k/kernel-opt",), "/opt/rocm/bin:/usr/bin")
    assert (
        'ExecStart="/opt/k/kernel-opt" "start" "--tag" "t1" "--repo" "/home/me/my $$kernels 100%%" '
        '"--resume" "--unless-stopped" "--foreground"\n'
    ) in unit
    assert 'Environment="PATH=/opt/rocm/bin:/usr/bin"\n' in unit
    assert "KERNEL_OPT_STATE=" in unit
    for line in ("Restart=on-failure", "RestartPreventExitStatus=75 2", "KillMode=control-group", "KillSignal=SIGKILL"):
        assert f"\n{line}\n" in unit
    assert unit_name(PLACE) == "kernel-opt-kernels-0a1b-t1.service"


@pytest.mark.parametrize(
    ("word", "quoted"),
    [("a b", '"a b"'), ('a"b', '"a\\"b"'), ("a\\b", '"a\\\\b"'), ("a%n", '"a%%n"'), ("a\nb", '"a\\nb"')],
)
def test_words_reach_systemd_as_they_are(word: str, quoted: str) -> None:
    """Blanks, quotes, backslashes and specifiers mean nothing."""
    assert quote(word) == quoted


def test_the_program_is_named_by_its_path() -> None:
    """systemd has another PATH than the person."""
    program = find_program()
    assert Path(program[0]).is_absolute()
    assert subprocess.run([*program, "--version"], capture_output=True).returncode == 0


def test_a_unit_is_printed(toy: Toy, tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --install nothing is written."""
    assert tools.exists()
    assert call("service", "--tag", "t1") == 0
    assert capsys.readouterr().out.startswith(f"[Unit]\nDescription=kernel-opt, run t1 of {toy.repo}\n")
    assert not (toy.root / "config").exists()


def test_a_unit_is_installed(toy: Toy, tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written, made known and enabled; without lingering the way to it is told. Twice is fine."""
    assert tools.exists()
    assert call("service", "--tag", "t1", "--install") == 0
    (unit,) = (toy.root / "config/systemd/user").glob("*.service")
    assert "ExecStart=" in unit.read_text()
    assert stat.S_IMODE(unit.stat().st_mode) == 0o644
    told = (toy.root / "told").read_text().splitlines()
    assert told == ["--user daemon-reload", f"--user enable {unit.name}"]
    assert "loginctl enable-linger" in capsys.readouterr().out
    put_tool(tools, "loginctl", "echo Linger=yes")
    assert call("service", "--tag", "t1", "--install") == 0
    assert "loginctl enable-linger" not in capsys.readouterr().out


def test_a_host_without_systemd_is_told(toy: Toy, tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The unit is written all the same; the reason and what is left to do are said."""
    put_tool(tools, "systemctl", "echo Failed to connect to bus: No medium found >&2; exit 1")
    assert call("service", "--tag", "t1", "--install") == 1
    told = capsys.readouterr().out
    assert "not enabled: systemctl --user daemon-reload: exit code 1; last it said: Failed to connect to bus" in told
    assert "systemctl --user daemon-reload && systemctl --user enable kernel-opt-" in told
    assert list((toy.root / "config/systemd/user").glob("*.service"))
