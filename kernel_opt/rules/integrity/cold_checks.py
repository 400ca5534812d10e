"""What runs of a would-be keep on other data, under other names and in other company must show."""

import math
from collections.abc import Mapping, Sequence

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed
from kernel_opt.rules.globs import matches_any


def check_disguised(usual: Sequence[ConfigRow], rows: Sequence[ConfigRow], slower_pct: float) -> IntegrityCheck:
    """Compare the benchmark under another name, with another seed, with the benchmark as it is known to all."""
    return _check_slower("disguised", {row.key: row.us for row in usual}, rows, slower_pct, "under its own name")


def check_heldout(best: Sequence[ConfigRow], rows: Sequence[ConfigRow], slower_pct: float) -> IntegrityCheck:
    """Compare what no proposer was told of with best on the same."""
    if sorted(row.key for row in best) != sorted(row.key for row in rows):
        return failed("held-out", "its table has other rows than best's")
    return _check_slower("held-out", {row.key: row.us for row in best}, rows, slower_pct, "with best")


def _check_slower(
    name: str, before_us: Mapping[str, float], rows: Sequence[ConfigRow], slower_pct: float, where: str
) -> IntegrityCheck:
    logs = [math.log(row.us / before_us[row.key]) for row in rows if row.key in before_us]
    if not logs:
        return not_checked(name, "no row to compare with")
    ratio = math.exp(sum(logs) / len(logs))
    told = f"{len(logs)} rows take {ratio:.3g} times as long as {where}"
    return failed(name, told) if ratio > 1 + slower_pct / 100 else passed(name, told)


BLIND = "blind"
BLIND_ROW = 3.0
"""Power of the room that one row alone has: it is a single short run of a single problem."""
SEEN = 0.5
"""Part of the gain, in ln, that must be there as well; the rest is what other numbers and caches may take."""
NOISE = 0.04
"""What a short run of each build may be off by, in ln; a gain below twice that is not told from none."""


def check_blind(
    usual: Mapping[str, float],
    found: Mapping[str, float],
    known: Mapping[str, float],
    best: Mapping[str, float],
    slower_pct: float,
) -> IntegrityCheck:
    """Compare GPU time where no answer lies about with the benchmark's; what best loses there as well is left out."""
    keys = sorted(key for key in usual.keys() & found.keys() if usual[key] > 0)
    if not keys:
        return not_checked(BLIND, "no row to compare with")
    if timeless := [key for key in keys if found[key] <= 0]:
        return failed(BLIND, f"{timeless[0]} takes no time at all where no answer can be found")
    lost = {key: best[key] / known[key] for key in keys if known.get(key) and best.get(key)}
    ratios = {key: found[key] / usual[key] / max(1.0, lost.get(key, 1.0)) for key in keys}
    mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
    worst = max(ratios, key=lambda key: ratios[key])
    told = f"{len(ratios)} rows take {mean:.3g} times as long where no answer can be found, {worst} {ratios[worst]:.3g}"
    room = 1 + slower_pct / 100
    if mean > room or ratios[worst] > room**BLIND_ROW:
        return failed(BLIND, told)
    both = [key for key in ratios if key in lost]
    claimed, seen = _gain(known, usual, both), _gain(best, found, both)
    gains = f"{told}; next to best {math.exp(seen):.3g} times as fast, in the benchmark {math.exp(claimed):.3g}"
    return failed(BLIND, gains) if seen < SEEN * claimed - NOISE else passed(BLIND, gains)


def _gain(before: Mapping[str, float], now: Mapping[str, float], keys: Sequence[str]) -> float:
    """Return the mean gain in ln; none where nothing can be compared."""
    return sum(math.log(before[key] / now[key]) for key in keys) / len(keys) if keys else 0.0


def check_alone(
    usual: Sequence[ConfigRow], rows: Sequence[ConfigRow], columns: Sequence[str], *, deterministic: bool
) -> IntegrityCheck:
    """Compare rows run alone, or in another order, with the same rows among all: the same data, the same errors."""
    known = {row.key: row for row in usual}
    same = [(known[row.key], row) for row in rows if row.key in known]
    if not same:
        return not_checked("alone", "none of its rows is one of the benchmark's")
    if not deterministic:
        return not_checked("alone", "the settings say that the kernel adds in no fixed order")
    watched = [name for name in same[0][0].results if matches_any(name, columns)]
    if not watched:
        return not_checked("alone", "the settings name no error column that is in the table")
    for before, now in same:
        for name in watched:
            if before.results.get(name) != now.results.get(name):
                why = f"{now.key} alone has {name} {now.results.get(name)}, among the others {before.results.get(name)}"
                return failed("alone", why)
    return passed("alone", f"{len(same)} rows give the same errors, bit for bit")
