"""How far off the numbers are: never much further than the baseline's, however many rounds it takes to get there."""

from collections.abc import Sequence

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed
from kernel_opt.rules.globs import matches_any

NAME = "precision-ratchet"


def check_precision(
    baseline: Sequence[ConfigRow],
    rows: Sequence[ConfigRow],
    columns: Sequence[str],
    ratchet: float,
    rounding: float = 0.0,
) -> IntegrityCheck:
    """Compare largest and mean error of all rows with those of the very first baseline; ``rounding`` is no error."""
    watched = [name for name in (baseline[0].results if baseline else ()) if matches_any(name, columns)]
    if not watched:
        return not_checked(NAME, "the settings name no error column that is in the table")
    worst = 0.0
    for name in watched:
        before, now = _errors(baseline, name), _errors(rows, name)
        if before is None or now is None:
            return not_checked(NAME, f"{name} is no number in every row")
        for how, first, last in (("largest", max(before), max(now)), ("mean", _mean(before), _mean(now))):
            if last > max(ratchet * first, rounding):
                why = (
                    f"the {how} {name} is {last:.3g}, the baseline's was {first:.3g}: more than {ratchet:g} times that"
                )
                return failed(NAME, why)
            worst = max(worst, last / first if first else 0.0)
    return passed(NAME, f"at most {worst:.3g} times the baseline's error")


def _errors(rows: Sequence[ConfigRow], name: str) -> list[float] | None:
    try:
        return [abs(float(row.results[name])) for row in rows]
    except (KeyError, ValueError):
        return None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
