"""Which earlier tries a claim is kin to: by the words it uses, the places it cites, the code it touches."""

import re
from collections.abc import Collection, Sequence

from msgspec import Struct

from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import Trial
from kernel_opt.rules.ask import UNTRIED
from kernel_opt.rules.integrity.edits import Refusal

NEAREST = 3  # more would not be read
KIN = 0.35  # below it two claims share no more than the words that all claims about one kernel share
SAME_WORDS = 0.9  # one word in twenty: a claim told in another order, not another claim
WEIGHTS = {"words": 0.4, "bottlenecks": 0.25, "touched": 0.2, "files": 0.15}
"""Words tell the idea; where it is aimed and what it edits tell whether it is the same place."""

_WORD = re.compile(r"[a-z_][a-z_]+|\d+(?:\.\d+)?")
_EMPTY = frozenset({
    "the", "and", "for", "with", "from", "into", "that", "this", "its", "are", "was", "not", "but", "per", "each",
    "than", "then", "them", "they", "will", "can", "has", "have", "of", "to", "in", "on", "at", "by", "is", "it", "as",
    "an", "be", "or", "so",
})  # fmt: skip
_ENDING = re.compile(r"(?<=[a-z_]{4})(?:ing|ed|es|s)$")


class Claim(Struct, frozen=True, kw_only=True):
    """What one claim is about."""

    words: frozenset[str]
    numbers: frozenset[str]
    bottlenecks: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()


class Relative(Struct, frozen=True, kw_only=True):
    """An earlier try and how near it is: 1 is the same."""

    trial: Trial
    nearness: float


def claim_of(claim: Hypothesis | Trial, files: Collection[str] = (), touched: Collection[str] = ()) -> Claim:
    """Return what a hypothesis, or an earlier try, is about."""
    found = _WORD.findall(claim.sentence.casefold())
    if isinstance(claim, Trial):
        files, touched = claim.files, claim.touched
    return Claim(
        words=frozenset(_ENDING.sub("", word) for word in found if not word[0].isdigit() and word not in _EMPTY),
        numbers=frozenset(word for word in found if word[0].isdigit()),
        bottlenecks=frozenset(claim.bottlenecks),
        files=frozenset(files),
        touched=frozenset(touched),
    )


def find_relatives(claim: Claim, trials: Sequence[Trial], most: int = NEAREST) -> tuple[Relative, ...]:
    """Return the nearest earlier tries, the nearest and newest first."""
    near = [Relative(trial=trial, nearness=_nearness(claim, claim_of(trial))) for trial in trials]
    kin = [one for one in near if one.nearness >= KIN]
    return tuple(sorted(kin, key=lambda one: (-one.nearness, -one.trial.round))[:most])


def judge_nearness(hypothesis: Hypothesis, files: Collection[str], trials: Sequence[Trial]) -> Refusal | None:
    """Return why a claim that all but repeats a dead end, without saying what differs, is sent back."""
    if hypothesis.differs.strip():
        return None
    claim = claim_of(hypothesis, files)
    for trial in reversed(trials):
        if trial.ending is Ending.KEPT or not _is_same(claim, claim_of(trial)):
            continue
        if trial.ending in UNTRIED:
            continue
        why = f"nearly the same was tried in round {trial.round} ({trial.sentence}) and ended as {trial.ending.value}"
        return Refusal(rule="repeat", why=f"{why}; say in `differs` what is different now", cheat=False)
    return None


def _is_same(one: Claim, other: Claim) -> bool:
    """Other numbers are another claim, and so is the same thing done to another file."""
    is_placed = one.files == other.files and one.numbers == other.numbers
    return is_placed and bool(one.words) and _overlap(one.words, other.words) >= SAME_WORDS


def _nearness(one: Claim, other: Claim) -> float:
    """Weigh the overlaps; what neither of the two tells counts neither way."""
    total = weight = 0.0
    for name, share in WEIGHTS.items():
        ours, theirs = getattr(one, name), getattr(other, name)
        if ours or theirs:
            total, weight = total + share * _overlap(ours, theirs), weight + share
    return total / weight if weight else 0.0


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    both = one | other
    return len(one & other) / len(both) if both else 0.0
