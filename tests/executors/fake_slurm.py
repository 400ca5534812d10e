"""Stand-ins for sbatch, squeue, scancel and sinfo: a folder is the controller, and a file says how it answers.

``mode`` holds what every command does instead of its work: a text to fail with, ``hang``, ``garbage`` or ``empty``.
``jobs`` holds the lines that squeue prints; sbatch adds one, scancel takes one away; ``asked`` gets a line a call.
"""

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """\
#!{python} -S
import os, sys, time
folder = {folder!r}
name = os.path.basename(sys.argv[0])
with open(folder + "/asked", "a") as asked:
    asked.write(" ".join([name, *sys.argv[1:]]) + "\\n")
def read(what):
    try:
        with open(folder + "/" + what) as file:
            return file.read()
    except FileNotFoundError:
        return ""
mode = read("mode." + name) or read("mode")
if mode == "hang":
    time.sleep(600)
if mode == "garbage":
    print("\\x00\\xff slurm_load_jobs: what | is this")
    sys.exit(0)
if mode == "empty":
    sys.exit(0)
if mode:
    print(mode, file=sys.stderr)
    sys.exit(1)
lines = [line for line in read("jobs").splitlines() if line]
options = dict(word.lstrip("-").split("=", 1) for word in sys.argv[1:] if "=" in word)
def write():
    with open(folder + "/jobs.new", "w") as jobs:
        jobs.write("".join(line + "\\n" for line in lines))
    os.replace(folder + "/jobs.new", folder + "/jobs")
if name == "sbatch" and "job-name" not in options:
    print("slurm 23.11.4")
elif name == "sbatch":
    with open(folder + "/script", "w") as script:
        script.write(sys.stdin.read())
    lines.append(str(len(lines) + 1) + "|PENDING||Resources|" + options["job-name"])
    write()
    print(len(lines))
if name == "squeue":
    print("\\n".join(lines))
if name == "scancel":
    lines = [line for line in lines if not line.endswith("|" + options["name"])]
    write()
if name == "sinfo":
    print(read("nodes"), end="")
"""


@dataclass
class FakeSlurm:
    """A controller that does what a test says."""

    folder: Path

    def install(self) -> str:
        """Put the commands in a folder, and return PATH with it."""
        bin_dir = self.folder / "bin"
        bin_dir.mkdir(parents=True)
        for name in ("sbatch", "squeue", "scancel", "sinfo"):
            path = bin_dir / name
            path.write_text(SCRIPT.format(python=sys.executable, folder=str(self.folder)))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return os.pathsep.join((str(bin_dir), os.environ["PATH"]))

    def answer(self, mode: str, command: str = "") -> None:
        """Let all commands, or one, fail like this; an empty text: let them work."""
        (self.folder / (f"mode.{command}" if command else "mode")).write_text(mode)

    def set_state(self, state: str, nodes: str = "", reason: str = "None") -> None:
        """Say what has become of all jobs."""
        names = [line.rpartition("|")[2] for line in (self.folder / "jobs").read_text().splitlines()]
        lines = [f"{number}|{state}|{nodes}|{reason}|{name}\n" for number, name in enumerate(names, 1)]
        (self.folder / "jobs").write_text("".join(lines))

    def asked(self, command: str) -> list[str]:
        """Return the calls of one command."""
        path = self.folder / "asked"
        return [line for line in path.read_text().splitlines() if line.split()[0] == command] if path.exists() else []
