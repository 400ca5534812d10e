"""``python -m kernel_opt.edges.notify_messenger FOLDER``: carries out the errands in a folder, one after the other."""

import fcntl
import os
import signal
import sys
from pathlib import Path

import msgspec

from kernel_opt.edges.notify import FAILED, TAKEN, WAITING
from kernel_opt.edges.notify_ways import deliver
from kernel_opt.model.notify_settings import Errand

LIFE_S = 900
"""Seconds after which a messenger gives up: a dozen errands that all run into their time limits."""


def main(folder: Path) -> int:
    """Take each errand by renaming it, so that nobody does it twice, and carry it out."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time, so that news arrives in order
        for path in sorted(folder.glob(f"[0-9]*{WAITING}")):
            taken = path.with_suffix(TAKEN)
            path.rename(taken)
            problems = _carry_out(taken)
            if problems:
                failed = taken.with_suffix(FAILED)
                taken.rename(failed)
                failed.write_text("; ".join(problems), encoding="utf-8")
    return 0


def _carry_out(path: Path) -> list[str]:
    try:
        errand = msgspec.json.decode(path.read_bytes(), type=Errand)
    except msgspec.MsgspecError as error:
        return [f"the errand cannot be read: {error}"]
    return deliver(errand, path, dict(os.environ))


if __name__ == "__main__":
    signal.alarm(LIFE_S)
    sys.exit(main(Path(sys.argv[1])))
