"""Promises of finding out how children can be held together here."""

from pathlib import Path

import pytest

from kernel_opt.edges.containment import BWRAP, SUBREAPER, Containment, is_working, probe_containment


@pytest.fixture(autouse=True)
def forget():
    """Each test finds out anew."""
    probe_containment.cache_clear()
    yield
    probe_containment.cache_clear()


def make_tool(directory: Path, name: str, script: str) -> None:
    """Put a stand-in on PATH."""
    (directory / name).write_text(f"#!/bin/sh\n{script}\n")
    (directory / name).chmod(0o755)


def test_without_any_tool_the_weakest_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither bwrap nor unshare is there, the subreaper is all there is, and its name says so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probe_containment() is SUBREAPER
    assert not SUBREAPER.is_namespace
    assert is_working(SUBREAPER)


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        'echo "No permissions to create new namespace" >&2; exit 1',
        'while [ $1 != -- ]; do shift; done\nshift\nexec "$@"',
    ],
    ids=["fails", "is forbidden", "makes no namespace"],
)
def test_a_tool_that_does_not_hold_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """A tool that fails, or runs the command without a namespace of its own, is not counted as containment."""
    make_tool(tmp_path, "bwrap", script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not is_working(BWRAP)
    assert probe_containment() is SUBREAPER


def test_a_tool_that_is_no_program_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the right name that cannot be executed is a no."""
    (tmp_path / "bwrap").write_bytes(b"\x7fELFnot")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not is_working(BWRAP)


def test_the_answer_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe runs once per process: what it found stays."""
    monkeypatch.setenv("PATH", str(tmp_path))
    first = probe_containment()
    monkeypatch.undo()
    assert probe_containment() is first


def test_a_namespace_is_named_for_people() -> None:
    """The names differ, since they stand in the journal."""
    names = {level.name for level in (BWRAP, SUBREAPER, Containment("other", (), is_namespace=False))}
    assert len(names) == 3
