"""What walls and looks at protected files add to one attempt of the embedded target: both ways in turn, in one run.

Run as ``python -m bench.integrity``; says by its exit code whether the bars are held.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from kernel_opt.daemon.plan import user_environment
from kernel_opt.daemon.walls import RunWalls, raise_walls
from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.export import export
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.manifest import Manifest
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.process import Ended, run_contained
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.sandbox_base import open_tree, with_places
from kernel_opt.edges.settings_file import read_settings
from kernel_opt.edges.shipped import shipped
from kernel_opt.edges.tracers import host
from kernel_opt.model.sandbox import Access, Place, describe
from kernel_opt.model.settings import Settings
from tests.edges.toy_repository import user_git

PAIRS, STARTS = 5, 60
"""Attempts vary by more than walls cost, so the cost is also taken from commands that do nothing, which vary less."""
BAR_MS, BAR_PCT = 100.0, 3.0


class Attempt:
    """One place in which attempts are made."""

    def __init__(self, base: Path) -> None:
        self.base = base
        root = base / "user" / "repo"
        shutil.copytree(shipped("examples") / "paged-attention", root)
        user_git(root, "init", "--quiet")
        user_git(root, "add", "--all")
        user_git(root, "commit", "--quiet", "--message=base")
        self.settings: Settings = read_settings(root / "kernel-opt.toml")
        self.repository = Repository.find(root)
        self.environment = user_environment(self.settings.benchmark.pass_environment)
        directory = base / "state" / "repo" / "bench"
        directory.mkdir(parents=True)
        place = RunPlace(str(directory), "bench", str(root), str(base / "user" / "worktree"))
        self.walls: RunWalls = raise_walls(self.settings, place, self.repository, self.environment, {})
        self.folder = directory
        self.tree = directory / "tree"
        export(self.repository, self.repository.head_commit(), self.tree)
        self._number = 0

    def run(self, *, is_walled: bool, is_empty: bool = False) -> float:
        """Make one attempt as a round makes it, or one whose command does nothing; return its milliseconds."""
        self._number += 1
        home, trace = self.folder / f"home-{self._number}", self.folder / f"trace-{self._number}"
        argv = ["true"] if is_empty else host.trace_argv(self.settings.benchmark.command, trace, sampling=False)
        env = child_environment(home, base=self.environment)
        began = time.perf_counter()
        if is_walled:
            seen = Manifest(self.tree, self.walls.protected)
            ended = self._start(argv, env, home, trace, is_walled=True)
            changes = seen.find_changes()
            seen.remove_strays()
            if changes.inside or changes.outside:
                raise SystemExit(f"protected files changed: {changes}")
        else:
            ended = self._start(argv, env, home, trace, is_walled=False)
        took_ms = (time.perf_counter() - began) * 1000
        if ended.exit_code != 0:
            raise SystemExit((self.folder / "log").read_text(errors="replace")[-2000:])
        for left in (home, trace, *self.tree.glob(self.settings.benchmark.csv)):  # a worker takes the table away
            remove_tree(left)
        return took_ms

    def _start(self, argv: list[str], env: dict[str, str], home: Path, trace: Path, *, is_walled: bool) -> Ended:
        walls = None
        if is_walled:
            own = (Place(str(path), Access.WRITE) for path in (home, trace))
            walls = with_places(self.walls.sandbox, *open_tree(self.tree, self.settings.benchmark.csv, ()), *own)
        return run_contained(argv, cwd=self.tree, env=env, log=self.folder / "log", timeout_s=600.0, sandbox=walls)


def take_pairs(attempt: Attempt, count: int, *, is_empty: bool) -> list[tuple[float, float]]:
    """Return milliseconds without and with walls, taken in turns, who begins in turns as well."""
    pairs: list[tuple[float, float]] = []
    for number in range(count):
        first = bool(number % 2)
        times = {is_walled: attempt.run(is_walled=is_walled, is_empty=is_empty) for is_walled in (first, not first)}
        pairs.append((times[False], times[True]))
    return pairs


def main() -> int:
    """Print the figures with their bars."""
    with tempfile.TemporaryDirectory(prefix="kernel-opt-bench-") as folder:
        attempt = Attempt(Path(folder).resolve())
        attempt.run(is_walled=True)  # files come from the disk the first time
        attempts = take_pairs(attempt, PAIRS, is_empty=False)
        starts = take_pairs(attempt, STARTS, is_empty=True)
        level = attempt.walls.sandbox.level
    plain_ms = median(plain for plain, _ in attempts)
    seen_ms = median(walled - plain for plain, walled in attempts)
    added_ms = median(walled - plain for plain, walled in starts)
    added_pct = 100 * added_ms / plain_ms
    is_held = added_ms <= BAR_MS and added_pct <= BAR_PCT
    print(f"sandbox {describe(level)}, {os.cpu_count()} CPUs")
    print(f"     an attempt of the embedded target: {plain_ms:.0f} ms without, {seen_ms:+.0f} ms with ({PAIRS} pairs)")
    words = f"walls and protected files add {added_ms:.1f} ms ({STARTS} pairs of empty commands), {added_pct:.2f} %"
    print(f"{'ok  ' if is_held else 'OVER'} {words} of an attempt; bars {BAR_MS:g} ms, {BAR_PCT:g} %")
    return int(not is_held)


if __name__ == "__main__":
    sys.exit(main())
