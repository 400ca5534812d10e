"""How a study is carried out: which runs it is made of, in which order, with which settings."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from kernel_opt.model.study import StudyPlan, TrackName

MEASURED_ALIKE = (
    "benchmark", "disk", "gate", "integrity", "judge", "platform", "sandbox", "stop", "target_kernels", "tree",
)  # fmt: skip
"""What decides how a candidate is measured and how long a run lasts: arms that differ in it cannot be compared."""

ENDS_FAIR = frozenset({"max-rounds", "regressions", "max-gpu-hours", "max-cost", "proposer-empty"})
"""Stops by which a track has had its budget, or has given up by its own rules."""


def find_plan_problem(plan: StudyPlan) -> str | None:
    """Return why the arms cannot be compared, or None."""
    first, second = plan.arms
    if first.name == second.name:
        return f"both arms are named {first.name}"
    for arm in plan.arms:
        unlike = sorted(set(arm.settings) & set(MEASURED_ALIKE))
        if unlike:
            return f"arm {arm.name} sets [{unlike[0]}], by which both arms must be alike"
    for name, settings in (("[settings]", plan.settings), *((f"arm {arm.name}", arm.settings) for arm in plan.arms)):
        if "seed" in _table(settings, "search"):
            return f"{name} sets search.seed, which each track has its own of"
        if _table(settings, "stop").keys() & {"max_rounds", "max_hours"}:
            return f"{name} sets stop.max_rounds or stop.max_hours; the budget of every track is `rounds`"
    return None


def list_tracks(plan: StudyPlan) -> Iterator[TrackName]:
    """Yield the runs in the order they are carried out: pair by pair, and each arm first in every other pair.

    What drifts on the machine, its temperature say, then weighs on both arms alike.
    """
    for seed in range(1, plan.seeds + 1):
        arms = plan.arms if seed % 2 else plan.arms[::-1]
        for arm in arms:
            yield TrackName(tag=f"study-{plan.name}-{arm.name}-{seed}", arm=arm.name, seed=seed)


def settings_of(track: TrackName, plan: StudyPlan, kernel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a track as plain tables: the kernel's, the study's over them, then the arm's."""
    arm = next(one for one in plan.arms if one.name == track.arm)
    own: dict[str, Any] = {"search": {"seed": track.seed}, "stop": {"max_rounds": plan.rounds, "max_hours": 0.0}}
    return merge(merge(merge(kernel, plan.settings), arm.settings), own)


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay settings over others: tables key by key, all else whole."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = merge(cast("Mapping[str, Any]", below), cast("Mapping[str, Any]", value))
        else:
            merged[key] = value
    return merged


def _table(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = settings.get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}
