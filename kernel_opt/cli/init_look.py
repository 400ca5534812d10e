"""What `init` finds out: which benchmark, what its table means, which classes and kernels there are."""

import csv
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.cli.init_bench import Wish, choose_benchmark, run_benchmark
from kernel_opt.cli.init_trace import SeenKernels, look_at_trace
from kernel_opt.cli.progress import Progress
from kernel_opt.edges.bench import BenchTable, read_bench_csv
from kernel_opt.edges.export import export
from kernel_opt.edges.init_run import FirstRun
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import read_settings
from kernel_opt.edges.shipped import shipped
from kernel_opt.model.config import ConfigClass
from kernel_opt.model.errors import ReadFailedError, UsageError
from kernel_opt.model.settings import BenchmarkSettings, PlatformSettings, Settings
from kernel_opt.rules.globs import matches_any
from kernel_opt.rules.init_guess import (
    Columns,
    choose_columns,
    guess_allowed,
    guess_counts,
    guess_glob,
)
from kernel_opt.rules.judge.classes import group_configs
from kernel_opt.rules.outcome import find_wrong_rows

HEADER_CAP_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that goes into the settings file."""

    commit: str
    benchmark: BenchmarkSettings
    platform: PlatformSettings
    preset: Settings | None
    """The shipped preset that fits."""
    allowed: tuple[str, ...]
    formatter: tuple[str, ...]
    rows: int
    classes: tuple[ConfigClass, ...]
    seen: SeenKernels
    wrong_rows: int
    wall_s: float


def look_at(repository: Repository, wish: Wish, progress: Progress) -> Findings:
    """Find the benchmark, run it in a clean tree of HEAD, and read what it left."""
    commit = repository.head_commit()
    paths = [os.fsdecode(path) for path in repository.entries(commit)]
    platform = PlatformSettings(name=wish.platform or _find_platform(), options=dict(wish.options))
    kit = open_kit(platform)
    command, file = choose_benchmark(paths, wish.benchmark, [one.benchmark.file for one in presets()])
    preset = _find_preset(file, platform.name)
    allowed = guess_allowed(paths, preset.edit.allowed if preset else ())
    draft = BenchmarkSettings(
        command=command,
        file=file,
        csv=wish.csv,
        metric=wish.metric,
        environment=preset.benchmark.environment if preset else {},
        pass_environment=preset.benchmark.pass_environment if preset else (),
    )
    with tempfile.TemporaryDirectory(prefix="kernel-opt-init-") as folder:
        tree = Path(folder) / "tree"
        progress.begin(f"exporting {commit[:12]}")
        export(repository, commit, tree)
        first = run_benchmark(draft, tree, kit, wish, progress)
        benchmark, table = _read_table(draft, first, tree, preset)
        counts = [(preset.benchmark.warmup_calls, preset.benchmark.timed_calls)] if preset else []
        text = (repository.read_at(commit, file) or b"").decode("utf-8", "replace")
        progress.begin("reading the trace")
        seen = look_at_trace(first, tree, allowed, table.rows, (*counts, *guess_counts(text)))
    progress.end()
    return Findings(
        commit=commit,
        benchmark=benchmark,
        platform=platform,
        preset=preset,
        allowed=allowed,
        formatter=_find_formatter(preset, paths),
        rows=len(table.rows),
        classes=group_configs(table.rows),
        seen=seen,
        wrong_rows=len(find_wrong_rows(table.rows)),
        wall_s=first.ended.wall_s,
    )


def _find_platform() -> str:
    return "rocm" if shutil.which("rocprofv3") or Path("/dev/kfd").exists() else "host"


def presets() -> list[Settings]:
    """Return the shipped presets."""
    return [read_settings(path) for path in sorted(shipped("configs").glob("*.toml"))]


def _find_preset(file: str, platform: str) -> Settings | None:
    return next((one for one in presets() if one.benchmark.file == file and one.platform.name == platform), None)


def _read_table(
    draft: BenchmarkSettings, first: FirstRun, tree: Path, preset: Settings | None
) -> tuple[BenchmarkSettings, BenchTable]:
    """Find the table and tell what its columns mean."""
    from msgspec.structs import replace

    known = preset.benchmark if preset else None
    names = [name for name in first.tables if not draft.csv or matches_any(name, (draft.csv,))]
    if known is not None and any(matches_any(name, (known.csv,)) for name in names):
        names = [name for name in names if matches_any(name, (known.csv,))]
    if len(names) != 1:
        told = ", ".join(first.tables[:8])
        raise UsageError(f"the benchmark wrote {len(first.tables)} CSVs: {told}", "name the right one with --csv GLOB")
    name = names[0]
    fits = known is not None and matches_any(name, (known.csv,))
    others = [other for other in first.tables if other != name]
    columns = choose_columns(
        _read_header(tree / name),
        draft.metric,
        Columns(known.metric, known.error, known.control) if known is not None else None,
    )
    settings = replace(
        draft,
        csv=draft.csv or (known.csv if known is not None and fits else guess_glob(name, others)),
        metric=columns.metric,
        error=columns.error,
        control=columns.control,
    )
    return settings, read_bench_csv(tree / name, settings)


def _read_header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        try:
            return [name.strip() for name in next(csv.reader([file.readline(HEADER_CAP_BYTES)]), list[str]())]
        except csv.Error as error:
            raise ReadFailedError(f"{path.name} cannot be read: {error}") from error


def _find_formatter(preset: Settings | None, paths: Sequence[str]) -> tuple[str, ...]:
    """Take the preset's formatter where the repository has it."""
    command = preset.format.command if preset else ()
    return command if any(word in paths for word in command) else ()
