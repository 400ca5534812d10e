"""Whether a hypothesis is one: evidence from the trace, targets that exist, and no blind repeat."""

from collections.abc import Sequence

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.trace import Trace
from kernel_opt.rules.integrity.edits import Refusal

LONGEST_SENTENCE = 400  # one sentence; more is a report, and it is printed in tables

UNTRIED = frozenset({
    Ending.KEPT, Ending.INFRASTRUCTURE, Ending.REFUSED, Ending.GAVE_NOTHING, Ending.FAILED, Ending.UNUSED,
    Ending.PROBED, Ending.REBASE_LOST,
})  # fmt: skip
"""Endings after which the same claim may come again: it held, if only on an older best, or no code ran that could have
shown it."""


def judge_hypothesis(
    hypothesis: Hypothesis,
    trace: Trace | None,
    classes: Sequence[ConfigClass],
    past: Sequence[tuple[str, Ending]] = (),
) -> Refusal | None:
    """Return why the hypothesis is sent back, or None; ``past`` holds earlier sentences and how they ended."""
    if not hypothesis.sentence.strip() or len(hypothesis.sentence) > LONGEST_SENTENCE:
        return _slip("no-hypothesis", f"say it in one sentence of at most {LONGEST_SENTENCE} characters")
    known = {group.key for group in classes}
    strange = [key for key in hypothesis.targets if key not in known]
    if strange:
        return _slip("unknown-class", f"{strange[0]!r} is no config class; they are: {' | '.join(sorted(known))}")
    ids = {spot.id for spot in trace.hotspots} if trace else set[str]()
    if ids and not ids.intersection(hypothesis.bottlenecks):
        named = ", ".join(hypothesis.bottlenecks)[:LONGEST_SENTENCE] or "nothing"
        return _slip("no-evidence", f"it points at {named}; cite at least one id of the trace report")
    return _find_same_claim(hypothesis, past)


def _find_same_claim(hypothesis: Hypothesis, past: Sequence[tuple[str, Ending]]) -> Refusal | None:
    claim = _fold(hypothesis.sentence)
    ending = next((ending for sentence, ending in reversed(past) if _fold(sentence) == claim), None)
    if ending is None or ending in UNTRIED or hypothesis.differs.strip():
        return None
    return _slip("repeat", f"the same was tried and ended as {ending.value}; say in `differs` what is different now")


def _fold(sentence: str) -> str:
    return " ".join(sentence.casefold().split())


def judge_repeat(tree: str, tried: Sequence[tuple[str, str]], differs: str) -> Refusal | None:
    """Return why an edit that was tried before is not tried again; ``tried`` holds (tree, name of the round)."""
    for past_tree, name in tried:
        if past_tree == tree:
            reason = f"the very same code was tried as {name}"
            return _slip("repeat", f"{reason}; {differs}" if differs else reason)
    return None


def _slip(rule: str, why: str) -> Refusal:
    return Refusal(rule=rule, why=why, cheat=False)
