"""Whether one run's table is the benchmark's own: the checks of every run, by name, with how each came out."""

import re
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck, failed, not_checked, passed
from kernel_opt.rules.globs import matches_any
from kernel_opt.rules.integrity.edits import find_row_differences

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
NO_BASELINE = "there is no baseline yet"


class Figures(Struct, frozen=True, kw_only=True):
    """What one run left."""

    run: BenchRun
    baseline: BenchRun | None
    equal_columns: tuple[str, ...] = ()
    log: str = ""
    """The end of what it printed."""
    survivors: int = 0
    """Processes it left behind, which were killed before its table was read."""


def check_figures(figures: Figures) -> tuple[IntegrityCheck, ...]:
    """Make every check of one run's table."""
    return tuple(check(figures) for check in EVERY_RUN)


def find_failed(checks: Sequence[IntegrityCheck], unheeded: Collection[str] = ()) -> IntegrityCheck | None:
    """Return the first check that found something; what ``unheeded`` ones found changes nothing."""
    found = (check for check in checks if check.outcome is CheckOutcome.FAILED)
    return next((check for check in found if check.name not in unheeded), None)


def _check_rows(figures: Figures) -> IntegrityCheck:
    """Set, order and multiplicity of the configs."""
    if figures.baseline is None:
        return not_checked(TAMPERED, NO_BASELINE)
    differences = find_row_differences(figures.baseline.rows, figures.run.rows)
    if differences:
        return failed(TAMPERED, differences)
    if figures.baseline.columns and figures.baseline.columns != figures.run.columns:
        return failed(TAMPERED, "the table has other columns than the baseline's")
    return passed(TAMPERED, f"{len(figures.run.rows)} rows, as at the baseline")


def _check_reaped(figures: Figures) -> IntegrityCheck:
    """Nobody was left who could have rewritten the table while it was read."""
    left = figures.survivors
    return passed("children-reaped", f"{left} left behind were killed first" if left else "")


def _check_summary(figures: Figures) -> IntegrityCheck:
    """Where the script prints the times as well, they are those of its table."""
    if figures.baseline is None:
        return not_checked("printed-summary", NO_BASELINE)
    if not figures.baseline.tells_summary:
        return not_checked("printed-summary", "the benchmark does not print the time of every row")
    if tells_summary(figures.log, figures.run.rows):
        return passed("printed-summary")
    return failed("printed-summary", "what it printed are other times than those of its table")


def tells_summary(log: str, rows: Sequence[ConfigRow]) -> bool:
    """Say whether the log shows the time of every row, perhaps rounded."""
    printed = sorted({(float(text), _step(text)) for text in _NUMBER.findall(log)})
    return bool(printed) and all(_is_printed(row.us, printed) for row in rows)


def _step(text: str) -> float:
    """Return half of the last digit, which rounding may take or add."""
    mantissa, _, exponent = text.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    return 0.5 * 10.0 ** (int(exponent or 0) - digits) if digits else 0.0


def _is_printed(us: float, printed: Sequence[tuple[float, float]]) -> bool:
    return any(abs(us - value) <= step * 1.000001 + us * 1e-9 for value, step in printed)


def _check_equal(figures: Figures) -> IntegrityCheck:
    """Columns that no edit can change: of the untouched control, with a fixed seed."""
    name = "control-values"
    if figures.baseline is None:
        return not_checked(name, NO_BASELINE)
    before = figures.baseline.rows
    watched = [column for column in before[0].results if matches_any(column, figures.equal_columns)]
    if not watched:
        return not_checked(name, "the settings name no such column that is in the table")
    for was, row in zip(before, figures.run.rows, strict=False):
        for column in watched:
            if was.results.get(column) != row.results.get(column):
                why = f"{column} of {row.key} is {row.results.get(column)}, it was {was.results.get(column)}"
                return failed(name, why)
    return passed(name, ", ".join(watched))


TAMPERED = "benchmark tampered or incomplete"
EVERY_RUN: tuple[Callable[[Figures], IntegrityCheck], ...] = (
    _check_rows,
    _check_reaped,
    _check_summary,
    _check_equal,
)
"""The rows first: the others compare row by row."""
