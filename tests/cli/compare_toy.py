"""A repository with kernels to compare: each commit says how long its kernel takes."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.survivors import living
from tests.e2e.toy import Toy, make_toy
from tests.edges.toy_repository import user_git
from tests.edges.waiting import wait_until


def make_compare_toy(base: Path, monkeypatch: pytest.MonkeyPatch, **settings: object) -> Toy:
    """A repository, with this process and its children pointed at places of the test's own."""
    toy = make_toy(base, {}, **settings)
    (base / "tmp").mkdir()
    toy.environ["TMPDIR"] = str(base / "tmp")
    for name in ("KERNEL_OPT_STATE", "KERNEL_OPT_LEASE_DIR", "PYTHONPATH", "TMPDIR"):
        monkeypatch.setenv(name, toy.environ[name])
    monkeypatch.setattr("tempfile.tempdir", None)  # it is looked up once
    monkeypatch.chdir(toy.repository)
    return toy


def commit(toy: Toy, name: str, files: dict[str, str | None]) -> str:
    """A commit on top of the branch main, kept as a branch of that name; the checkout is as it was."""
    root = toy.repository
    user_git(root, "checkout", "--quiet", "-b", name, "main")
    for path, text in files.items():
        if text is None:
            (root / path).unlink()
        else:
            (root / path).write_text(text)
    user_git(root, "add", *files)
    user_git(root, "commit", "--quiet", f"--message={name}")
    found = user_git(root, "rev-parse", "HEAD").strip()
    user_git(root, "checkout", "--quiet", "main")
    return found


def prove_nothing_left(toy: Toy) -> None:
    """No process, no temporary file, no ref of ours, no state; the card is free."""
    wait_until(lambda: not list(living(toy.base)), "nobody lives on")
    assert list((toy.base / "tmp").iterdir()) == []
    assert "kernel-opt" not in user_git(toy.repository, "for-each-ref")
    assert not list((toy.base / "state").rglob("*"))
    assert (toy.repository / "README").read_text() == "the user's own unfinished work\n"
    assert user_git(toy.repository, "status", "--short") == " M README\n"


def interrupt(toy: Toy, *words: str) -> subprocess.CompletedProcess[str]:
    """Start a command, wait until a kernel runs, and press Ctrl-C."""
    child = subprocess.Popen(
        toy.command(*words), cwd=toy.repository, env=toy.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    toy.wait_held()
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    return subprocess.CompletedProcess(words, child.returncode, out, err)
