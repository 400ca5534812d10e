"""The verdict of a round in one sentence, as `show`, `history` and the bundle open with it."""

from kernel_opt.model.round_facts import Ending
from kernel_opt.model.verdict import ClassVerdict, Outcome, Verdict
from kernel_opt.views.format import clean
from kernel_opt.views.learned import change_text
from kernel_opt.views.story import RoundStory

_MOST_NAMED = 3  # classes in one sentence; more are counted


def tell_verdict(one: RoundStory) -> str:
    """Say how a round ended, on which classes, by how much."""
    if one.ending is None:
        return "not over yet"
    if one.verdict is None or one.ending in {Ending.WRONG, Ending.FAILED}:
        return f"{one.ending.value}: {clean(one.why)}".rstrip(": ")
    given_up = ", given up later: it did not hold" if one.is_given_up else ""
    return f"{one.ending.value}: {_tell_classes(one.verdict)}{given_up}"


def _tell_classes(verdict: Verdict) -> str:
    """Name the classes that changed, with their numbers, and say what the rest did."""
    changed = [one for one in verdict.classes if one.outcome in {Outcome.BETTER, Outcome.WORSE}]
    if not changed or (len(changed) == len(verdict.classes) > 1 and len({one.outcome for one in changed}) == 1):
        where = " and ".join(verdict.targets[:_MOST_NAMED]) or "all classes"
        return f"{change_text(verdict.target_ratio, verdict.target_interval)} on {where}"
    parts = [f"{change_text(one.ratio, one.interval)} on {one.key}" for one in changed[:_MOST_NAMED]]
    if len(changed) > _MOST_NAMED:
        parts.append(f"{len(changed) - _MOST_NAMED} more classes changed")
    rest = [one for one in verdict.classes if one not in changed]
    return "; ".join(parts + ([_tell_rest(rest)] if rest else []))


def _tell_rest(rest: list[ClassVerdict]) -> str:
    unclear = sum(one.outcome is Outcome.UNCLEAR for one in rest)
    return f"the rest unchanged within noise{f' ({unclear} unclear)' if unclear else ''}"


def tell_worse(verdict: Verdict) -> str:
    """Name the classes that lost, with their numbers; without one say what the verdict says."""
    worse = [one for one in verdict.classes if one.outcome is Outcome.WORSE]
    parts = [f"{change_text(one.ratio, one.interval)} on {one.key}" for one in worse[:_MOST_NAMED]]
    if len(worse) > _MOST_NAMED:
        parts.append(f"{len(worse) - _MOST_NAMED} more classes lost")
    return "; ".join(parts) or verdict.sentence
