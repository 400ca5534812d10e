"""What a power cut would take: at every acknowledged fact, was all of the journal's database on the disk?"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.toy import ROOT

_CALL = re.compile(r"^(\w+)\((?:\d+<([^>]*)>)?(.*)")
_WRITES = ("write", "pwrite64", "ftruncate")
TRACED = ("fsync", "fdatasync", "unlink", *_WRITES)


@dataclass
class Cut:
    """How many facts were acknowledged, and how many of them a power cut in that moment could lose."""

    told: int
    at_risk: int


def trace(directory: Path, rounds: int, mutant: str = "none") -> Cut:
    """Carry out a run of fake rounds under strace and read what it wrote, synced and told, in that order."""
    directory.mkdir(parents=True)
    calls = directory / "calls"
    command = [sys.executable, "-m", "tests.crash.soak", str(directory), str(rounds), mutant]
    strace = ["strace", "-y", "-o", str(calls), "-e", f"trace={','.join(TRACED)}"]
    subprocess.run([*strace, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return weigh(calls.read_text(errors="replace").splitlines(), directory)


def weigh(lines: list[str], directory: Path) -> Cut:
    """Walk the calls: what is written is at risk until it is synced, a removed rollback journal until its folder is."""
    database, rollback, cut, dirty = str(directory / "journal.db"), "journal.db-journal", Cut(0, 0), set[str]()
    for line in lines:
        call = _CALL.match(line)
        if call is None:
            continue
        name, path, rest = call.groups()
        if name == "unlink" and rollback in rest:
            dirty.add(str(directory))
        elif name in ("fsync", "fdatasync"):
            dirty.discard(path)
        elif name in _WRITES and path == database:
            dirty.add(path)
        elif name == "write" and line.startswith("write(1<"):
            cut.told += 1
            cut.at_risk += bool(dirty)
    return cut
