"""The benchmark that `init` looks at: which one it is, and its first run."""

import shlex
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kernel_opt.cli.progress import Progress
from kernel_opt.daemon.plan import user_environment
from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.idle_card import hold_idle_card, open_platform
from kernel_opt.edges.init_run import FirstRun, run_first
from kernel_opt.edges.platforms import PlatformKit
from kernel_opt.model.errors import KernelOptError, UsageError
from kernel_opt.model.settings import BenchmarkSettings
from kernel_opt.rules.card.gate import Thresholds
from kernel_opt.rules.init_guess import find_benchmarks
from kernel_opt.rules.outcome import last_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person said; empty: to be found out."""

    benchmark: str = ""
    metric: str = ""
    csv: str = ""
    platform: str = ""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout_s: float = 3600.0
    gap_s: float = 5.0


def choose_benchmark(paths: Sequence[str], wished: str, known: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return the command and the benchmark's file; ``known`` are the files of shipped presets."""
    if wished:
        words = tuple(shlex.split(wished))
        file = next((word.removeprefix("./") for word in words if word.removeprefix("./") in paths), None)
        if file is None:
            raise UsageError(f"no word of {wished!r} is a file of HEAD", "name the script by its path from the root")
        return words, file
    found = find_benchmarks(paths, known)
    if len(found) != 1:
        what = f"{len(found)} files look like benchmarks: {', '.join(found[:8])}" if found else "no benchmark was found"
        raise UsageError(what, 'name it with --benchmark "python path/to/it.py"')
    return ("python" if shutil.which("python") else "python3", found[0]), found[0]


def run_benchmark(draft: BenchmarkSettings, tree: Path, kit: PlatformKit, wish: Wish, progress: Progress) -> FirstRun:
    """Run it traced where that works, else plain."""
    user = user_environment(draft.pass_environment)
    own = child_environment(tree.parent / "home", draft.pass_environment, draft.environment, user)
    words = shlex.join(draft.command)
    with _on_card(kit, wish, own, progress) as environ:
        first = None
        if kit.tracer is not None:
            progress.begin(f"running {words} under the tracer")
            traced = tree.parent / "traced"
            first = run_first(draft.command, tree, traced, environ, wish.timeout_s, progress.tick, kit.tracer)
        if first is None or not first.is_whole:
            progress.begin(f"running {words}")
            first = run_first(draft.command, tree, tree.parent / "plain", environ, wish.timeout_s, progress.tick)
    progress.end()
    if not first.is_whole:
        raise _failed(words, first, wish)
    return first


def _failed(words: str, first: FirstRun, wish: Wish) -> KernelOptError:
    if first.ended.timed_out:
        return KernelOptError(f"`{words}` did not end within {wish.timeout_s:g} s", "give it longer with --timeout-s")
    if first.ended.exit_code == 0:
        return KernelOptError(f"`{words}` wrote no CSV", "the benchmark must write one row per config into a new CSV")
    why = last_words(first.log_tail, first.ended.exit_code, first.ended.signal)
    return KernelOptError(f"`{words}` failed in a clean tree of HEAD: {why}", "mend it, or name what it needs")


@contextmanager
def _on_card(
    kit: PlatformKit, wish: Wish, environ: Mapping[str, str], progress: Progress
) -> Generator[Mapping[str, str]]:
    """Take an idle card; the CPU is shared by all programs anyway, and nothing is judged by this run."""
    if kit.name == "host":
        yield environ
        return
    progress.begin("looking for an idle card")
    with hold_idle_card(open_platform(kit.choice), Thresholds(gap_s=wish.gap_s), SystemClock(), environ) as bound:
        yield bound
