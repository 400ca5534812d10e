"""What a repository's benchmark is and what its table means, guessed from names; a person reads the result."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kernel_opt.model.errors import UsageError
from kernel_opt.rules.globs import matches_any

_BENCHMARKS = ("tests/**/test_*.py", "**/bench*.py", "**/*_bench.py", "**/*benchmark*.py")
_TIMES = ("us_*", "*_us", "*_us_*", "time_us", "us")
_CONTROL = re.compile(r"gluon|ref|torch|triton|aten|eager|baseline|naive|golden|control", re.IGNORECASE)
_WARM_UP = re.compile(r"\b\w*warm_?\w*\s*=\s*(\d+)", re.IGNORECASE)
_CALLS = re.compile(r"\b\w*(?:iters?|calls|repeats?|reps?|timed|rounds)\s*=\s*(\d+)", re.IGNORECASE)
_TOLD_APART = 4
"""Digits in a row from which on they look like a date, a time or a hash: the next run's file has others."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of the benchmark's table mean; an empty name: there is none."""

    metric: str
    error: str
    control: str


def find_benchmarks(paths: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the files that look like benchmarks, those of a shipped preset alone when there are any."""
    preset = tuple(path for path in paths if path in known)
    if preset:
        return preset
    ranked = {glob: [path for path in paths if matches_any(path, (glob,))] for glob in _BENCHMARKS}
    return tuple(dict.fromkeys(path for glob in _BENCHMARKS for path in ranked[glob]))


def choose_columns(header: Sequence[str], wished: str = "", known: Columns | None = None) -> Columns:
    """Tell metric, error and control column; a preset's names count first where the table has them."""
    if wished and wished not in header:
        raise UsageError(f"the table has no column {wished!r}", f"its columns are: {', '.join(header)}")
    times = [name for name in header if matches_any(name, _TIMES)]
    metric = wished or (known.metric if known and known.metric in header else "")
    metric = metric or next((name for name in times if not _CONTROL.search(name)), times[0] if times else "")
    if not metric:
        mend = f"name it with --metric; the columns are: {', '.join(header)}"
        raise UsageError("the table has no column of microseconds (us_...)", mend)
    control = known.control if known and known.control in header else ""
    control = control or next((name for name in times if name != metric and _CONTROL.search(name)), "")
    return Columns(metric, _find_error(header, metric), control)


def _find_error(header: Sequence[str], metric: str) -> str:
    kernel = re.sub(r"^us_|_us$", "", metric)
    errors = [name for name in header if name.startswith("err_") or name.endswith("_err") or name in {"err", "error"}]
    same = [name for name in errors if kernel in name]
    return (same or (errors if len(errors) == 1 else [""]))[0]


def guess_glob(name: str, others: Sequence[str] = ()) -> str:
    """Return a glob for the table's name in later runs: versions and dates in it may change; ``others`` are not it."""
    folder, _, base = name.rpartition("/")
    parts = re.sub(rf"\d{{{_TOLD_APART},}}", "*", base).split(".")
    glob = "/".join(filter(None, (folder, ".".join((parts[0], "*", parts[-1]) if len(parts) > 2 else parts))))
    return name if any(matches_any(other, (glob,)) for other in others) else glob


def guess_counts(text: str) -> tuple[tuple[int, int], ...]:
    """Return (warm-up, timed) calls a row as the benchmark's own text may say them, all ways."""
    pairs = re.findall(r"\b\w*warm_?\w*\s*,\s*\w+\s*=\s*(\d+)\s*,\s*(\d+)", text, re.IGNORECASE)
    found = [(int(warm), int(timed)) for warm, timed in pairs]
    found += [(int(warm), int(timed)) for warm in _WARM_UP.findall(text) for timed in _CALLS.findall(text)]
    return tuple(dict.fromkeys((warm, timed) for warm, timed in found if timed))


_NO_KERNELS = frozenset(
    {"tests", "test", "docs", "doc", "scripts", "tools", "bench", "benchmarks", "examples", ".github"}
)
_SOURCE = re.compile(r"\.(py|c|cc|cpp|cu|cuh|h|hpp|hip|cl|s|mlir)$")


def guess_allowed(paths: Sequence[str], known: Sequence[str] = ()) -> tuple[str, ...]:
    """Return globs of the files to be tuned: a preset's that find any, kernels/, src/, else all folders of sources."""
    fitting = tuple(glob for glob in known if any(matches_any(path, (glob,)) for path in paths))
    if fitting:
        return fitting
    sources = [path for path in paths if _SOURCE.search(path)]
    folders = dict.fromkeys(path.split("/")[0] for path in sources if "/" in path)
    usual = [name for name in ("kernels", "src") if name in folders][:1]
    chosen = usual or [name for name in folders if name not in _NO_KERNELS]
    return tuple(f"{name}/**" for name in chosen) or ("*",)
