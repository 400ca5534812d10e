"""One daemon per run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_opt.daemon.lock import RunLock, read_holder
from kernel_opt.model.errors import RunTakenError


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    """The second is told who has it and what to do; after a release it may have it."""
    first = RunLock(tmp_path / "state/lock", "t1")
    assert read_holder(tmp_path / "state/lock") == os.getpid()
    with pytest.raises(RunTakenError) as caught:
        RunLock(tmp_path / "state/lock", "t1")
    assert f"(pid {os.getpid()})" in caught.value.message
    assert "kernel-opt stop --tag t1" in caught.value.mend
    assert caught.value.exit_code == 75
    first.release()
    assert read_holder(tmp_path / "state/lock") is None
    RunLock(tmp_path / "state/lock", "t1").release()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """The lock ends with the process, however it ends; what it wrote stays and means nothing."""
    code = (
        "import os, signal, sys; from pathlib import Path; from kernel_opt.daemon.lock import RunLock;"
        "lock = RunLock(Path(sys.argv[1]), 't1'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")])
    assert "pid" in json.loads((tmp_path / "lock").read_text())
    assert read_holder(tmp_path / "lock") is None


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"pid": null}', "\xff"])
def test_a_holder_that_wrote_nothing_useful_is_still_a_holder(tmp_path: Path, text: str) -> None:
    """Somebody holds it, whoever that is: 0 instead of a pid, and no pid in the error."""
    lock = RunLock(tmp_path / "lock", "t1")
    (tmp_path / "lock").write_text(text, encoding="latin-1")
    assert read_holder(tmp_path / "lock") == 0
    with pytest.raises(RunTakenError, match="run t1 is carried out by a daemon already;"):
        RunLock(tmp_path / "lock", "t1")
    lock.release()


def test_a_run_that_never_began_has_no_holder(tmp_path: Path) -> None:
    """Without the file nobody holds it, and looking makes none."""
    assert read_holder(tmp_path / "lock") is None
    assert not (tmp_path / "lock").exists()
