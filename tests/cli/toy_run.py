"""A toy repository with settings, and the command line run on it: in this process or in one of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel_opt.cli import main as cli
from tests.edges.toy_repository import user_git

ROOT = Path(__file__).resolve().parents[2]
BENCH = """\
import csv
rows = [{"block_size": size, "us_ref": 2.0, "us_kernel": 1.0 + size, "err_kernel": 0} for size in (16, 64)]
with open("out.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
"""
SETTINGS = """\
[benchmark]
command = [{python}, "bench.py"]
file = "bench.py"
csv = "out.csv"
metric = "us_kernel"

[edit]
allowed = ["kernels/**"]

[platform]
name = "tests.worker.fake_platform:open_platform"
options = {{ state = {state} }}

[gate]
gap_s = 0.01

[agent]
command = ["sh", "-c", "exit 75"]

[disk]
min_free_mb = 1.0
"""
BUSY = [{"users": [4711]}]


@dataclass
class Toy:
    """One repository, its cards, and its state directory."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def repo(self) -> Path:
        return self.root / "toy"

    @property
    def worktree(self) -> Path:
        return self.root / "kernel-opt-t1"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def settings(self) -> Path:
        return self.repo / "kernel-opt.toml"

    def set_cards(self, cards: list[dict]) -> None:
        """Say what the cards are."""
        (self.root / "cards").write_text(json.dumps(cards))

    def run(self, *words: str, **how: object) -> subprocess.CompletedProcess[str]:
        """Call the command in a process of its own."""
        argv = [sys.executable, "-m", "kernel_opt.cli.main", *words]
        keywords = {"cwd": self.repo, "env": self.environ, "capture_output": True, "text": True, "timeout": 60} | how
        return subprocess.run(argv, check=False, **keywords)

    def start(self, *words: str) -> None:
        """Start run t1, which waits for a card that is busy."""
        self.set_cards(BUSY)
        done = self.run("start", "--tag", "t1", *words)
        assert (done.returncode, done.stderr) == (0, "")


def make_toy(root: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Make the repository, and point this process and its children at places of the test's own."""
    for name, value in {
        "KERNEL_OPT_STATE": str(root / "state"),
        "KERNEL_OPT_LEASE_DIR": str(root / "leases"),
        "PYTHONPATH": str(ROOT),
        "HOME": str(root / "home"),
    }.items():
        monkeypatch.setenv(name, value)
    toy = Toy(root, dict(os.environ))
    (toy.repo / "kernels").mkdir(parents=True)
    (toy.repo / "kernels/k.py").write_text("TILE = 16\n")
    (toy.repo / "bench.py").write_text(BENCH)
    (toy.repo / ".gitignore").write_text("kernel-opt.toml\n")
    user_git(toy.repo, "init", "--quiet", "--initial-branch=main")
    user_git(toy.repo, "add", "--all")
    user_git(toy.repo, "commit", "--quiet", "--message=base")
    toy.settings.write_text(SETTINGS.format(python=json.dumps(sys.executable), state=json.dumps(str(root / "cards"))))
    toy.set_cards([{}])
    monkeypatch.chdir(toy.repo)
    return toy


def call(*words: str) -> int:
    """Call the command in this process; how argparse ends it is its exit code."""
    try:
        return cli.main(words)
    except SystemExit as end:
        return int(end.code or 0)
