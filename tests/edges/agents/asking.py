"""Requests as a daemon makes them, and a worktree to answer them in."""

import subprocess
from pathlib import Path

from kernel_opt.edges.process import StopWish
from kernel_opt.model.proposal import Answer, Request, Task

TILE = "#define RT 2\n#define DT 4\n\nint rt(void) { return RT; }\n"
LAUNCH = 'CFLAGS = ["-O2"]\nSPLIT = 256\n'
SPOTS = [
    {"id": "H1", "kernel": "pa_main", "source": "kernels/tile.h:4", "share_pct": 60.0},
    {"id": "H2", "kernel": "pa_reduce", "source": "kernels/tile.h:1", "share_pct": 30.0},
]


def make_worktree(folder: Path) -> Path:
    """A worktree with two kernel files."""
    tree = folder / "tree"
    (tree / "kernels").mkdir(parents=True)
    (tree / "kernels" / "tile.h").write_text(TILE)
    (tree / "kernels" / "launch.py").write_text(LAUNCH)
    subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
    return tree


def request(tree: Path, task: Task = Task.PROPOSE, **facts: object) -> Request:
    """One call; the folder is beside the tree."""
    folder = tree.parent / "call"
    folder.mkdir(exist_ok=True)
    brief = folder / "brief.md"
    brief.write_text("# Round 1\n")
    return Request(task=task, round=1, brief=str(brief), worktree=str(tree), folder=str(folder), facts=facts)


def nobody() -> StopWish | None:
    """Nobody asks for anything."""
    return None


def sentence(answer: Answer) -> str:
    """The sentence of an answer that has one."""
    assert answer.hypothesis is not None, answer.detail
    return answer.hypothesis.sentence
