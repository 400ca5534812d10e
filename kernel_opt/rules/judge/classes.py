"""Groups configs into the classes that are judged and dispatched together."""

import math
from collections.abc import Sequence

from kernel_opt.model.config import ConfigClass, ConfigRow
from kernel_opt.model.errors import UsageError
from kernel_opt.rules.judge.stats import mean_log

_DISPATCH_COLUMNS = (("block_size",), ("mtp", "query_length"), ("head_size",))  # query_length is mtp + 1.
_MOST_CLASSES = 24  # A table a person still reads; each class more also costs evidence.
_EXPLAINED = 0.5  # A further column must explain half of what the others leave open.


def group_configs(rows: Sequence[ConfigRow], columns: Sequence[str] | None = None) -> tuple[ConfigClass, ...]:
    """Return the classes in the order of the table; named columns are taken as they are."""
    if not rows:
        raise UsageError("the benchmark's table has no rows", "look at its log")
    present = [name for name in rows[0].values if all(name in row.values for row in rows)]
    names = _named(columns, present) if columns else _chosen(rows, present)
    total = math.fsum(row.us for row in rows)
    return tuple(_class_of(names, members, total) for members in _split(rows, names))


def _named(columns: Sequence[str], present: Sequence[str]) -> list[str]:
    for name in columns:
        if name not in present:
            raise UsageError(f"the table has no column {name!r}", f"its config columns are: {', '.join(present)}")
    return list(columns)


def _chosen(rows: Sequence[ConfigRow], present: Sequence[str]) -> list[str]:
    names = [found for options in _DISPATCH_COLUMNS if (found := _first(options, present)) is not None]
    aliases = {name for options in _DISPATCH_COLUMNS for name in options}
    others = [name for name in present if name not in aliases]
    best = max(others, key=lambda name: _explained(rows, names, name), default=None)
    if best is not None and _explained(rows, names, best) >= _EXPLAINED:
        names.append(best)
    return names


def _first(options: Sequence[str], present: Sequence[str]) -> str | None:
    return next((name for name in options if name in present), None)


def _explained(rows: Sequence[ConfigRow], names: Sequence[str], more: str) -> float:
    """Return the part of the variance within the classes that one more column takes away; 0 if it splits too fine."""
    coarse, fine = _split(rows, names), _split(rows, [*names, more])
    freedom = len(rows) - len(coarse), len(rows) - len(fine)
    if len(fine) > _MOST_CLASSES or len(fine) == len(coarse) or len(fine) * 2 > len(rows):
        return 0.0
    left, open_before = _within(fine), _within(coarse)
    if left is None or not open_before:
        return 0.0
    return 1 - (left / freedom[1]) / (open_before / freedom[0])


def _within(groups: Sequence[Sequence[ConfigRow]]) -> float | None:
    spread = 0.0
    for members in groups:
        centre = mean_log([row.us for row in members])
        if centre is None:
            return None
        spread += math.fsum((math.log(row.us) - centre) ** 2 for row in members)
    return spread


def _split(rows: Sequence[ConfigRow], names: Sequence[str]) -> list[list[ConfigRow]]:
    groups: dict[tuple[str, ...], list[ConfigRow]] = {}
    for row in rows:
        groups.setdefault(tuple(row.values[name] for name in names), []).append(row)
    return list(groups.values())


def _class_of(names: Sequence[str], members: Sequence[ConfigRow], total_us: float) -> ConfigClass:
    columns = {name: members[0].values[name] for name in names}
    centre = mean_log([row.us for row in members])
    return ConfigClass(
        key=", ".join(f"{name}={value}" for name, value in columns.items()) or "all configs",
        columns=columns,
        configs=tuple(row.key for row in members),
        us=math.nan if centre is None else math.exp(centre),
        share_pct=100 * math.fsum(row.us for row in members) / total_us,
    )
