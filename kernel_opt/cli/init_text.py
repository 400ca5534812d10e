"""The settings file that `init` writes: the shipped text with what was found, checked before anybody sees it."""

import tomllib
from collections.abc import Sequence

from kernel_opt.cli.init_look import Findings
from kernel_opt.edges.settings_file import settings_from
from kernel_opt.edges.shipped import shipped
from kernel_opt.model.settings import BenchmarkSettings, EditSettings
from kernel_opt.rules.globs import matches_any
from kernel_opt.rules.init_text import Value, fill_in

TEMPLATE = "configs/flydsl-pa.toml"
SHOWN_KERNELS = 12


def render(findings: Findings) -> str:
    """Return the text; it loads."""
    template = shipped(TEMPLATE).read_text(encoding="utf-8")
    text = fill_in(template, _header(findings), _values(findings), _notes(findings))
    settings_from(tomllib.loads(text), "the settings found")
    return text


def summarise(findings: Findings) -> list[str]:
    """Say in some lines what was found."""
    benchmark = findings.benchmark
    columns = f"metric {benchmark.metric}, error {benchmark.error or 'none'}, control {benchmark.control or 'none'}"
    lines = [
        f"benchmark: {' '.join(benchmark.command)} ({findings.wall_s:.0f} s), table {benchmark.csv}",
        f"columns: {columns}",
        f"{findings.rows} configs in {len(findings.classes)} classes by {_class_words(findings)}",
    ]
    lines += [f"kernel under tuning: {target.name} ({target.why})" for target in findings.seen.targets]
    if findings.seen.note:
        lines.append(f"kernels: {findings.seen.note}")
    if findings.wrong_rows:
        lines.append(f"warning: {findings.wrong_rows} of {findings.rows} configs are wrong at HEAD; mend them first")
    return lines


def _class_words(findings: Findings) -> str:
    return ", ".join(findings.classes[0].columns) or "nothing: no column tells them apart"


def _header(findings: Findings) -> list[str]:
    return [
        f"Settings of kernel-opt, written by `kernel-opt init` from commit {findings.commit[:12]}.",
        "Every key stands here with its default or what was found. Read those of [benchmark], [edit] and [agent].",
    ]


def _values(findings: Findings) -> dict[str, Value]:
    benchmark, preset, counts = findings.benchmark, findings.preset, findings.seen.counts
    known = preset.benchmark if preset and findings.seen.note else None
    return {
        "benchmark.command": benchmark.command,
        "benchmark.file": benchmark.file,
        "benchmark.csv": benchmark.csv,
        "benchmark.metric": benchmark.metric,
        "benchmark.error": benchmark.error,
        "benchmark.control": benchmark.control,
        "benchmark.warmup_calls": counts.warmup if counts else known.warmup_calls if known else 0,
        "benchmark.timed_calls": counts.timed if counts else known.timed_calls if known else 0,
        "benchmark.class_columns": tuple(findings.classes[0].columns),
        "benchmark.pass_environment": benchmark.pass_environment,
        "benchmark.environment": benchmark.environment,
        "edit.allowed": findings.allowed,
        "edit.protected": _protected(findings, benchmark),
        "platform.name": findings.platform.name,
        "platform.options": findings.platform.options,
        "format.command": findings.formatter,
    }


def _protected(findings: Findings, benchmark: BenchmarkSettings) -> tuple[str, ...]:
    globs = findings.preset.edit.protected if findings.preset else EditSettings().protected
    return globs if matches_any(benchmark.file, globs) else (*globs, benchmark.file)


def _notes(findings: Findings) -> dict[str, Sequence[str]]:
    classes = [
        f"  {one.key}: {len(one.configs)} configs, {one.share_pct:.0f} % of the time" for one in findings.classes
    ]
    return {"benchmark.class_columns": ("Classes found:", *classes), "target_kernels": _kernel_notes(findings)}


def _kernel_notes(findings: Findings) -> Sequence[str]:
    seen = findings.seen
    if not seen.kernels:
        return (f"No kernels were seen: {seen.note}",)
    why = {target.name: target.why for target in seen.targets}
    lines = [
        f"  {kernel.name}: {kernel.calls} launches, {kernel.share_pct:.1f} % of GPU time"
        + (f"; under tuning: {why[kernel.name]}" if kernel.name in why else "")
        for kernel in seen.kernels[:SHOWN_KERNELS]
    ]
    return ("Kernels seen:", *lines)
