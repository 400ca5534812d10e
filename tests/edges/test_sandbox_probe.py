"""Promises of finding out what works here."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_opt.edges import sandbox_probe
from kernel_opt.edges.containment import probe_containment
from kernel_opt.edges.landlock import read_abi
from kernel_opt.edges.sandbox_probe import FoundSandbox, main, probe_sandbox, try_level
from kernel_opt.model.sandbox import SandboxLevel
from tests.edges.walls import needs_s3

S1, S2, S3 = SandboxLevel.S1, SandboxLevel.S2, SandboxLevel.S3


@pytest.fixture(autouse=True)
def fresh_probe() -> Iterator[None]:
    """What was found in one test is not known in the next."""
    for probe in (probe_sandbox, probe_containment):
        probe.cache_clear()
    yield
    for probe in (probe_sandbox, probe_containment):
        probe.cache_clear()


def put_bwrap(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a stand-in for bubblewrap before the true one."""
    (folder / "bwrap").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_bubblewrap_that_may_not_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where namespaces are forbidden the next level is taken, and what bubblewrap said is kept for people."""
    put_bwrap(tmp_path, monkeypatch, "echo bwrap: No permissions to create new namespace >&2; exit 1")
    found = probe_sandbox()
    assert found.level is (S2 if read_abi() else S1)
    assert "No permissions to create new namespace" in found.missing[0]


def test_a_bubblewrap_that_holds_nothing_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that starts the child without any walls is found out by what the child can do."""
    put_bwrap(tmp_path, monkeypatch, 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    assert "could write what it must not" in str(try_level(S3))


def test_without_bubblewrap_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is known from what is missing."""
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probe_sandbox().missing[0] == "S3: bubblewrap (bwrap) is not installed"


def test_nothing_at_all_is_the_weakest_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bubblewrap and without Landlock limits are what is left, and both reasons are told."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sandbox_probe, "read_abi", lambda: 0)
    found = probe_sandbox()
    assert found.level is S1
    assert len(found.missing) == 2
    assert found.limit(S3) is S1
    assert FoundSandbox(S3, sized=True, missing=()).limit(S2) is S1


def test_a_wished_limit_is_kept() -> None:
    """A firmer level than wished is not used."""
    found = FoundSandbox(S3, sized=True, missing=())
    assert (found.limit(S3), found.limit(S1)) == (S3, S1)
    assert found.limit(S2) is (S2 if read_abi() else S1)


@needs_s3
def test_an_old_bubblewrap_is_used_unsized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot bound what it makes in memory still holds files and processes."""
    put_bwrap(
        tmp_path,
        monkeypatch,
        'case " $* " in *" --size "*) echo bwrap: Unknown option --size >&2; exit 1;; esac\n'
        f'exec {shutil.which("bwrap")} "$@"',
    )
    found = probe_sandbox()
    assert (found.level, found.sized) == (S3, False)


def test_the_probe_can_be_asked_as_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """Who cannot start children itself gets the level as JSON."""
    main()
    assert f'"level": "{probe_sandbox().level.value}"' in capsys.readouterr().out
