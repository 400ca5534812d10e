"""The figures of all rules as rows, for print and as data."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

Z_95 = 1.96


@dataclass(frozen=True)
class Share:
    """A share in percent with its 95 % interval (Wilson)."""

    pct: float
    low: float
    high: float
    of: int

    @property
    def text(self) -> str:
        """Return it as printed."""
        return f"{self.pct:.2f} [{self.low:.2f} {self.high:.2f}]"


def share(hits: int, trials: int) -> Share:
    """Return hits out of trials with the interval that also holds near 0."""
    rate = hits / trials
    widen = Z_95**2 / trials
    centre = (rate + widen / 2) / (1 + widen)
    reach = Z_95 * math.sqrt(rate * (1 - rate) / trials + widen / (4 * trials)) / (1 + widen)
    return Share(100 * rate, 100 * max(0.0, centre - reach), 100 * min(1.0, centre + reach), trials)


@dataclass(frozen=True)
class Row:
    """What one rule does on one kind of noise."""

    source: str
    rule: str
    false_keep: Share
    false_regression: Share
    power_1: Share
    power_2: Share
    power_5: Share
    missed_side_effect: Share
    runs_null: float
    runs_gain_2: float
    runs_loss_2: float


@dataclass(frozen=True)
class NightRow:
    """What one rule claims over 200 rounds, in percent, as means over nights."""

    rule: str
    candidates: str
    nights: int
    kept: float
    false_kept: float
    claimed_pct: float
    claimed_high_pct: float
    """Upper end of the mean's 95 % interval."""
    true_pct: float
    worst_side_pct: float
    runs: float


@dataclass(frozen=True)
class Bar:
    """One promise and whether it was held."""

    name: str
    limit: str
    value: float
    held: bool


def format_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return columns set flush."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)


def print_rows(rows: Sequence[Row]) -> str:
    """Return the table of single trials."""
    header = ("noise", "rule", "false keep %", "false regr. %", "keep 1 %", "keep 2 %", "keep 5 %")
    header += ("keeps +3 with -5", "runs null", "runs +2", "runs -2")
    shares = ("false_keep", "false_regression", "power_1", "power_2", "power_5", "missed_side_effect")
    lines = [
        (
            row.source,
            row.rule,
            *(getattr(row, name).text for name in shares),
            *(f"{value:.1f}" for value in (row.runs_null, row.runs_gain_2, row.runs_loss_2)),
        )
        for row in rows
    ]
    return format_table(header, lines)


def print_nights(rows: Sequence[NightRow]) -> str:
    """Return the table of long runs."""
    header = ("rule", "200 rounds of", "kept", "false kept", "claimed % (upper)", "true %", "worst class %", "runs")
    lines = [
        (
            row.rule,
            row.candidates,
            f"{row.kept:.1f}",
            f"{row.false_kept:.2f}",
            f"{row.claimed_pct:.1f} ({row.claimed_high_pct:.1f})",
            f"{row.true_pct:.1f}",
            f"{row.worst_side_pct:.1f}",
            f"{row.runs:.0f}",
        )
        for row in rows
    ]
    return format_table(header, lines)


def print_bars(bars: Sequence[Bar]) -> str:
    """Return the list of promises."""
    return format_table(
        ("bar", "limit", "value", "held"),
        [(bar.name, bar.limit, f"{bar.value:.2f}", "yes" if bar.held else "NO") for bar in bars],
    )


def as_data(rows: Sequence[Row], nights: Sequence[NightRow], bars: Sequence[Bar]) -> dict[str, object]:
    """Return all of it as plain data."""
    return {
        "trials": [asdict(row) for row in rows],
        "nights": [asdict(row) for row in nights],
        "bars": [asdict(bar) for bar in bars],
    }
