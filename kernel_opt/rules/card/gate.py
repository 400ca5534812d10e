"""Whether a card is idle, which one to take, and whether somebody came while we measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.identity import Sameness, SeenCard, compare_card, name_card
from kernel_opt.rules.card.users import find_strangers, tell_users

_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What counts as idle and as undisturbed."""

    use_pct: float = 5.0
    """Percent. Idle cards show 0 or 1; the figure is a momentary sample, so a little room above that."""
    vram_floor_bytes: int = 1024 * _MIB
    """Bytes. The driver itself holds 10 MB (MI210) to 300 MB (MI300X) of an idle card."""
    vram_growth_bytes: int = 64 * _MIB
    """Bytes. More than this between two looks is somebody allocating or freeing; page tables move far less."""
    vram_left_bytes: int = 512 * _MIB
    """Bytes above what was used before, still used when our child has gone: no longer the driver's own small change."""
    looks: int = 2
    """Count. One look at a momentary sample proves nothing."""
    gap_s: float = 5.0
    """Seconds between two looks: longer than the pause between two launches of most jobs."""


@dataclass(frozen=True, slots=True)
class CardState:
    """One card with the answer to "may we measure here now?" and the reason in words."""

    reading: Reading
    idle: bool
    why: str


def judge_card(looks: Sequence[Reading], thresholds: Thresholds) -> CardState:
    """Judge one card by its looks, oldest first and at least one; what is unknown is never idle."""
    why = _find_reason_against(looks, thresholds)
    last = looks[-1]
    idle = f"use {last.use_pct or 0:g} % and VRAM {_mib(last.vram_used_bytes or 0)} in {len(looks)} looks"
    return CardState(last, idle=why is None, why=why or idle)


def pick_card(states: Sequence[CardState], last_used: Mapping[str, float]) -> CardState | None:
    """Take the most idle card: least use, then least VRAM, then least recently used by us (by ``name_card``)."""
    return min(
        (state for state in states if state.idle), key=lambda state: _rank(state.reading, last_used), default=None
    )


def find_disturbances(
    before: Reading,
    during: Sequence[Reading],
    after: Reading | None,
    ours: frozenset[int],
    thresholds: Thresholds,
    *,
    holders: frozenset[int] | None = None,
) -> tuple[str, ...]:
    """Tell in words everything that was not us on our card; empty is undisturbed.

    ``before`` is the look that found the card idle, ``during`` the looks while our child ran, ``after`` one taken when
    it had gone and the load sample had time to fall (None: it still runs). ``ours`` are all our child's processes of
    that time, ``holders`` those of them that were seen with the driver open (None: not looked), see ``find_strangers``.
    """
    later = (*during, after) if after is not None else tuple(during)
    found = [*_find_swapped(before, later), *find_strangers(before, during, after, ours, holders)]
    found += [change for look in later for change in _find_changes(before, look)]
    if after is not None:
        found += _find_leftovers(before, after, thresholds)
    return tuple(dict.fromkeys(found))


def _find_reason_against(looks: Sequence[Reading], thresholds: Thresholds) -> str | None:
    """Return the first reason why the card may not be taken."""
    for look in looks:
        if look.withheld:
            return look.withheld
        if look.use_pct is None or look.vram_used_bytes is None:
            what = "load" if look.use_pct is None else "VRAM"
            return f"{what} unknown ({look.problem})" if look.problem else f"{what} unknown"
        if look.users:
            return f"in use by {tell_users(look.users)}"
        if look.use_pct > thresholds.use_pct:
            return f"use {look.use_pct:g} % is above {thresholds.use_pct:g} %"
    return _find_vram_against(looks, thresholds) or _find_haste(looks, thresholds)


def _find_vram_against(looks: Sequence[Reading], thresholds: Thresholds) -> str | None:
    """VRAM must be still, and either low or known to belong to nobody."""
    used = [look.vram_used_bytes or 0 for look in looks]
    if max(used) - min(used) > thresholds.vram_growth_bytes:
        return f"VRAM in use moved from {_mib(used[0])} to {_mib(used[-1])}"
    if max(used) > thresholds.vram_floor_bytes and any(look.users is None for look in looks):
        return f"VRAM {_mib(max(used))} in use, and who holds it is unknown"
    return None


def _find_haste(looks: Sequence[Reading], thresholds: Thresholds) -> str | None:
    """Too few looks, or too close together, prove nothing; a millisecond is the rounding of clocks."""
    if len(looks) < thresholds.looks:
        return f"looked {len(looks)} of {thresholds.looks} times so far"
    span_s = looks[-1].at_s - looks[0].at_s
    wanted_s = thresholds.gap_s * (thresholds.looks - 1)
    return None if span_s >= wanted_s - 0.001 else f"looks span {span_s:.1f} s of {wanted_s:g} s so far"


def _rank(reading: Reading, last_used: Mapping[str, float]) -> tuple[float, int, float, int]:
    """Order idle cards; one never used by us comes before all that were."""
    return (
        reading.use_pct or 0.0,
        reading.vram_used_bytes or 0,
        last_used.get(name_card(reading), float("-inf")),
        reading.card,
    )


def _find_swapped(before: Reading, later: Sequence[Reading]) -> list[str]:
    """Refuse looks at another card: a reset renumbers them."""
    here = [SeenCard(bdf=r.bdf, unique_id=r.unique_id, node_id=r.node_id, guid=r.guid) for r in later]
    is_swapped = any(compare_card(before, seen) is Sameness.DIFFERENT for seen in here)
    return ["the card changed its identity while we measured"] if is_swapped else []


def _find_changes(before: Reading, look: Reading) -> list[str]:
    """Find settings of the card that somebody changed; what is unknown on either side is not compared.

    Clocks are no setting: free ones follow our own load, and even pinned ones fall asleep between two runs.
    """
    settings = (
        ("power cap in W", before.power_cap_w, look.power_cap_w),
        ("performance level", before.perf_level, look.perf_level),
        ("compute partition", before.partition, look.partition),
    )
    return [
        f"{what} changed from {old} to {new}" for what, old, new in settings if None not in {old, new} and old != new
    ]


def _find_leftovers(before: Reading, after: Reading, thresholds: Thresholds) -> list[str]:
    """Find what the card still does when our child has gone; unknown then is not undisturbed."""
    if after.use_pct is None or after.vram_used_bytes is None or before.vram_used_bytes is None:
        return [": ".join(filter(None, ("load or VRAM could not be read after the run", after.problem)))]
    found: list[str] = []
    if after.use_pct > thresholds.use_pct:
        found.append(f"use was {after.use_pct:g} % when our child had gone")
    left = after.vram_used_bytes - before.vram_used_bytes
    if left > thresholds.vram_left_bytes:
        found.append(f"{_mib(left)} of VRAM more than before was left when our child had gone")
    if after.throttled and before.throttled is False:
        found.append("the card was throttled when our child had gone")
    return found


def _mib(count: int) -> str:
    return f"{count / _MIB:.0f} MiB"
