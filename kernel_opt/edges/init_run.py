"""One run of a benchmark that nothing is known of yet: in a clean tree, contained, and what it left found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.platforms import Tracer
from kernel_opt.edges.process import Ended, StopWish, run_contained
from kernel_opt.edges.tracers.failures import has_whole_results
from kernel_opt.edges.tracers.rocprofv3 import Rung

LOG_TAIL_BYTES = 8_000
HUNG_TICKS = 60
"""Half-seconds without a change after whole results: the tracer hangs while it finishes, what it wrote is good."""

Fingerprint = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """How it ended, and what it left."""

    ended: Ended
    tables: tuple[str, ...]
    """CSVs that this very run wrote, relative to the tree."""
    log_tail: str
    trace: Path | None
    """Where the tracer's files lie; None when it was not traced."""

    @property
    def is_whole(self) -> bool:
        """Say whether it ran to its end and wrote a table."""
        return bool(self.tables) and (self.ended.exit_code == 0 or self.is_hung_tracer)

    @property
    def is_hung_tracer(self) -> bool:
        """Say whether only the tracer's own end was cut off."""
        return self.ended.stopped_by is not None and self.trace is not None


def run_first(
    argv: Sequence[str],
    tree: Path,
    work: Path,
    environ: Mapping[str, str],
    timeout_s: float,
    on_tick: Callable[[], object],
    tracer: Tracer | None = None,
    hung_ticks: int = HUNG_TICKS,
) -> FirstRun:
    """Run the command in ``tree``, traced where there is a tracer; logs and traces go into ``work``, a new folder."""
    work.mkdir(parents=True)
    trace = work / "trace" if tracer is not None else None
    command = list(argv) if tracer is None or trace is None else tracer.trace_argv(argv, trace, Rung.KERNEL)
    before = dict(_find_tables(tree))
    watch = _Watch(trace, on_tick, hung_ticks)
    log = work / "benchmark.log"
    ended = run_contained(
        command, cwd=tree, env=environ, log=log, timeout_s=timeout_s, interrupt_first=True, on_tick=watch.look
    )
    tables = tuple(sorted(name for name, seen in _find_tables(tree) if before.get(name) != seen))
    return FirstRun(ended=ended, tables=tables, log_tail=_read_tail(log), trace=trace)


class _Watch:
    """Looks on while it runs: tells the person, and ends a tracer that hangs after it has written all."""

    def __init__(self, trace: Path | None, on_tick: Callable[[], object], hung_ticks: int) -> None:
        self._trace, self._on_tick, self._hung_ticks = trace, on_tick, hung_ticks
        self._quiet, self._seen = 0, -1

    def look(self) -> StopWish | None:
        """Return the wish to end it when there is nothing more to come."""
        self._on_tick()
        if self._trace is None or not self._trace.is_dir() or not has_whole_results(self._trace):
            return None
        size = sum(path.stat().st_size for path in self._trace.rglob("*") if path.is_file())
        self._quiet, self._seen = (self._quiet + 1 if size == self._seen else 0), size
        return StopWish("the tracer hangs after its results") if self._quiet >= self._hung_ticks else None


def _find_tables(tree: Path) -> list[tuple[str, Fingerprint]]:
    """Find plain CSVs; the change time cannot be set back by who writes the file."""
    found: list[tuple[str, Fingerprint]] = []
    for path in tree.rglob("*.csv"):
        if path.is_file() and not path.is_symlink():
            about = path.stat()
            found.append((path.relative_to(tree).as_posix(), (about.st_ino, about.st_ctime_ns, about.st_size)))
    return found


def _read_tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        return file.read().decode("utf-8", "replace")
