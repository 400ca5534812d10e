"""A demo of few configs: the same example, daemon and command, in less time."""

import io
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.cli.demo_follow import Reader, follow
from kernel_opt.cli.demo_place import Begun, begin_demo
from kernel_opt.cli.demo_show import PlainShow
from kernel_opt.edges.shipped import shipped
from kernel_opt.model.state import RunState
from tests.edges.toy_repository import user_git

FEW = """CONFIGS = (
    Config(16, 1, 64, "16x1", 2, 1027),
    Config(64, 0, 64, "8x8", 1, 1027),
)
"""


@dataclass
class Shown:
    """A demo that was followed to its end."""

    begun: Begun
    said: list[str]
    text: str
    state: RunState
    ended_by: int | None

    @property
    def report(self) -> str:
        return (Path(self.begun.place.worktree) / "performance.md").read_text()

    @property
    def commits(self) -> list[str]:
        """Subjects of the run's branch, newest first, without what was there before."""
        log = user_git(Path(self.begun.place.repository), "log", "--format=%s", "main..kernel-opt/demo")
        return log.split("\n")[:-1]

    @property
    def tip(self) -> str:
        return user_git(Path(self.begun.place.repository), "rev-parse", "kernel-opt/demo").strip()


def cut_example(folder: Path) -> Path:
    """A copy of the example with two configs in place of ten."""
    example = folder / "cut"
    shutil.copytree(shipped("examples/paged-attention"), example, ignore=shutil.ignore_patterns("*.csv", "__pycache__"))
    benchmark = example / "tests/kernels/test_pa.py"
    text, count = re.subn(r"CONFIGS = \(\n.*?\n\)\n", FEW, benchmark.read_text(), flags=re.DOTALL)
    assert count == 1
    benchmark.write_text(text)
    return example


def begin(folder: Path, minutes: float, said: list[str]) -> Begun:
    """Begin it, or go on with it."""
    example = folder / "cut"
    return begin_demo(folder / "demo", minutes, 1, said.append, example if example.exists() else cut_example(folder))


def show(begun: Begun, minutes: float, said: list[str]) -> Shown:
    """Follow it to its end."""
    stream = io.StringIO()
    ended_by = follow(begun, PlainShow(stream), minutes)
    return Shown(begun, said, stream.getvalue(), read_state(begun), ended_by)


def read_state(begun: Begun) -> RunState:
    """Where the run stands by its journal."""
    reader = Reader(begun.place)
    reader.read_on(PlainShow(io.StringIO()))
    return reader.state
