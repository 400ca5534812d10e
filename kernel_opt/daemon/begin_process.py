"""Start the daemon's process, learn whether the run stands, and take back what a failed start left."""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

from kernel_opt.daemon.lock import read_holder
from kernel_opt.edges.places import RunPlace
from kernel_opt.model.errors import KernelOptError

READY_LIMIT_S = 60.0  # making a worktree of a large repository on a slow disk
ENDING_LIMIT_S = 10.0


def spawn(place: RunPlace) -> int:
    """Start the detached daemon and return its pid once the run stands."""
    read_fd, write_fd = os.pipe()
    with (Path(place.directory) / "daemon.out").open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "kernel_opt.daemon", place.directory, "--ready-fd", str(write_fd)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            pass_fds=(write_fd,),
            start_new_session=True,
        )
    os.close(write_fd)
    return _await_ready(child, read_fd, place)


def _await_ready(child: subprocess.Popen[bytes], read_fd: int, place: RunPlace) -> int:
    said = b""
    with os.fdopen(read_fd, "rb", buffering=0) as pipe:
        while b"\n" not in said:
            ready, _, _ = select.select([pipe], [], [], READY_LIMIT_S)
            chunk = pipe.read(65536) if ready else b""
            if not chunk:
                break
            said += chunk
    if b"\n" not in said:
        state = "ended" if child.poll() is not None else f"gave no sign for {READY_LIMIT_S:.0f} s"
        raise KernelOptError(f"the daemon {state} before the run stood", f"see {place.directory}/daemon.out")
    message = json.loads(said)
    if "error" in message:
        # It holds the run's lock until its very end.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(ENDING_LIMIT_S)
        error = KernelOptError(message["error"], message["mend"])
        error.exit_code = message["exit_code"]
        raise error
    return int(message["pid"])


def stay(place: RunPlace) -> int:
    """Carry the run out in this very process, attached to the terminal."""
    argv = [sys.executable, "-m", "kernel_opt.daemon", place.directory, "--console"]
    os.execv(sys.executable, argv)  # noqa: S606 -- the same interpreter with the same arguments


def undo(place: RunPlace) -> None:
    """Remove a state directory in which nothing has happened yet, so that the tag is free again."""
    folder = Path(place.directory)
    # A journal may be there, but no fact is in it before the worktree is made.
    if not (folder / "tree-made").exists() and read_holder(Path(place.lock)) is None:
        shutil.rmtree(folder, ignore_errors=True)
