"""A study as data: its arms with their curves, and what the pairs of tracks tell."""

import math
from collections.abc import Sequence

from msgspec import Struct

from kernel_opt.model.study import Contrast, Estimate, StudyPlan
from kernel_opt.rules.study_stats import compare, estimate
from kernel_opt.views.study_tracks import Track

SCHEMA = 1


class ArmResult(Struct, frozen=True, kw_only=True):
    """One arm: means over its tracks that are done; speed-ups as geometric means."""

    name: str
    tracks: int
    speed_up: Estimate | None = None
    """At the end of the budget; None while no track is done."""
    over_rounds: Estimate | None = None
    """The mean over all rounds of the budget: who is early as well as far."""
    curve: tuple[Estimate, ...] = ()
    """After each round."""
    rounds: float = 0.0
    measured: float = 0.0
    keeps: float = 0.0
    gpu_s: float = 0.0
    tokens: float = 0.0
    cost_usd: float = 0.0


class StudyResult(Struct, frozen=True, kw_only=True):
    """All that a study has found so far."""

    schema: int = SCHEMA
    name: str
    repository: str
    rounds: int
    seeds: int
    arms: tuple[ArmResult, ArmResult]
    at_end: Contrast | None = None
    """First arm over second, as the ratio of speed-ups, over the pairs whose tracks are both done."""
    over_rounds: Contrast | None = None
    tracks: tuple[Track, ...] = ()


def tell_study(plan: StudyPlan, repository: str, tracks: Sequence[Track]) -> StudyResult:
    """Sum up the tracks."""
    first, second = plan.arms
    pairs = _pairs(tracks, first.name, second.name)
    return StudyResult(
        name=plan.name,
        repository=repository,
        rounds=plan.rounds,
        seeds=plan.seeds,
        arms=(_sum_up(first.name, tracks), _sum_up(second.name, tracks)),
        at_end=_compare([(_end(one), _end(other)) for one, other in pairs]),
        over_rounds=_compare([(_mean(one), _mean(other)) for one, other in pairs]),
        tracks=tuple(tracks),
    )


def _pairs(tracks: Sequence[Track], first: str, second: str) -> list[tuple[Track, Track]]:
    done = {(one.arm, one.seed): one for one in tracks if one.is_done}
    seeds = sorted({seed for _, seed in done})
    found = [(done.get((first, seed)), done.get((second, seed))) for seed in seeds]
    return [(one, other) for one, other in found if one and other]


def _compare(pairs: Sequence[tuple[float, float]]) -> Contrast | None:
    if not pairs:
        return None
    found = compare([one - other for one, other in pairs])
    return Contrast(
        pairs=found.pairs,
        difference=_as_ratio(found.difference),
        p=found.p,
        ahead=found.ahead,
        behind=found.behind,
        sign_p=found.sign_p,
    )


def _sum_up(name: str, tracks: Sequence[Track]) -> ArmResult:
    done = [one for one in tracks if one.arm == name and one.is_done]
    if not done:
        return ArmResult(name=name, tracks=0)
    curves = [[math.log(level) for level in one.curve] for one in done]
    return ArmResult(
        name=name,
        tracks=len(done),
        speed_up=_as_ratio(estimate([_end(one) for one in done])),
        over_rounds=_as_ratio(estimate([_mean(one) for one in done])),
        curve=tuple(_as_ratio(estimate(levels)) for levels in zip(*curves, strict=True)),
        rounds=_average([one.rounds for one in done]),
        measured=_average([one.measured for one in done]),
        keeps=_average([one.keeps for one in done]),
        gpu_s=_average([one.gpu_s for one in done]),
        tokens=_average([one.tokens for one in done]),
        cost_usd=_average([one.cost_usd for one in done]),
    )


def _end(track: Track) -> float:
    return math.log(track.curve[-1])


def _mean(track: Track) -> float:
    return math.fsum(map(math.log, track.curve)) / len(track.curve)


def _average(values: Sequence[float]) -> float:
    return round(math.fsum(values) / len(values), 4)


def _as_ratio(logs: Estimate) -> Estimate:
    """Turn means of logarithms into speed-ups."""
    return Estimate(
        value=math.exp(logs.value),
        low=None if logs.low is None else math.exp(logs.low),
        high=None if logs.high is None else math.exp(logs.high),
        confidence_pct=logs.confidence_pct,
    )
