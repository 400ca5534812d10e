"""Each round's card: what was claimed, tried, found and decided."""

from typing import NamedTuple

from markupsafe import Markup

from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.verdict import ClassVerdict, Outcome, Verdict
from kernel_opt.views.format import count, duration, short, us_text, utc
from kernel_opt.views.learned import change_text
from kernel_opt.views.sentences import tell_verdict
from kernel_opt.views.story import RoundStory

_MOST_CLASSES = 12  # of one card; those that changed first
_ORDER = (Outcome.BETTER, Outcome.WORSE, Outcome.DIVERGING, Outcome.UNCLEAR, Outcome.TIE)
_TONES = {Ending.KEPT: "good", Ending.REGRESSION: "bad", Ending.DIVERGING: "warn", Ending.SPLIT_FAILED: "warn",
          Ending.INFRASTRUCTURE: "warn", Ending.WRONG: "bad", Ending.FAILED: "bad", Ending.REFUSED: "bad"}  # fmt: skip
_CHECK_ORDER = (CheckOutcome.FAILED, CheckOutcome.NOT_CHECKED, CheckOutcome.PASSED)
_CLASS_TONES = {Outcome.BETTER: "good", Outcome.WORSE: "bad"}


class ClassLine(NamedTuple):
    """How one class fared in this round."""

    key: str
    outcome: str
    tone: str
    change: str
    pairs: int


class CheckLine(NamedTuple):
    """One check of the round's honesty."""

    name: str
    outcome: str
    tone: str
    why: str


class Card(NamedTuple):
    """One round as the page shows it."""

    round: int
    ending: str
    tone: str
    title: str
    change: str
    verdict: str
    facts: list[tuple[str, str]]
    """Label and text, in the order in which a reader asks."""
    classes: list[ClassLine]
    classes_left: int
    checks: list[CheckLine]
    notes: list[str]
    attempts: list[tuple[str, str, str]]
    diff: Markup | None
    size: str
    files: str
    keys: str
    """Numbers of the classes that it is about, for the filter; ``all`` when it is about the whole."""


def make_card(one: RoundStory, places: dict[str, int], diff: Markup | None) -> Card:
    """Tell a round; ``places`` numbers the run's classes."""
    verdict, candidate = one.verdict, one.candidate
    classes = sorted(verdict.classes, key=lambda found: _ORDER.index(found.outcome)) if verdict else []
    targets = one.hypothesis.targets if one.hypothesis else ()
    return Card(
        round=one.round,
        ending=one.ending.value if one.ending else "open",
        tone=_TONES.get(one.ending, "") if one.ending else "live",
        title=one.hypothesis.sentence if one.hypothesis else one.why or "The proposer is at work.",
        change=_change(verdict),
        verdict=tell_verdict(one),
        facts=[(label, text) for label, text in _facts(one) if text],
        classes=[_class_line(found) for found in classes[:_MOST_CLASSES]],
        classes_left=max(0, len(classes) - _MOST_CLASSES),
        checks=_checks(one),
        notes=list(dict.fromkeys(one.notes)),
        attempts=[
            (short(tried.candidate.commit), tried.candidate.origin.value, tried.outcome) for tried in one.attempts
        ],
        diff=diff,
        size=f"+{candidate.lines_added} −{candidate.lines_removed}" if candidate else "",
        files=", ".join(candidate.files[:3]) + (" …" if len(candidate.files) > 3 else "") if candidate else "",
        keys=" ".join(str(places[key]) for key in targets if key in places) or "all",
    )


def _change(verdict: Verdict | None) -> str:
    return change_text(verdict.target_ratio, verdict.target_interval) if verdict else ""


def _facts(one: RoundStory) -> list[tuple[str, str]]:
    claim, lesson = one.hypothesis, one.lesson
    spent = [f"{duration(one.gpu_s)} of GPU time"] if one.gpu_s else []
    spent += [f"{one.agent_tokens / 1000:.0f} thousand tokens"] if one.agent_tokens else []
    spent += [f"{one.cost_usd:.2f} USD"] if one.cost_usd else []
    is_new = one.verdict is None or one.why != one.verdict.sentence
    took = f", took {duration(one.ended_s - one.opened_s)}" if one.ended_s else ""
    return [
        ("Why it should help", claim.why if claim else ""),
        ("Points at", ", ".join(claim.bottlenecks) if claim else ""),
        ("Target", (", ".join(claim.targets) or "all classes") if claim else ""),
        ("Predicted", lesson.predicted if claim else ""),
        ("Measured", f"{lesson.measured}: {lesson.finding.value}" if claim else ""),
        ("Differs by", claim.differs if claim else ""),
        ("Risk", claim.risk if claim else ""),
        ("Verdict", one.verdict.sentence if one.verdict else ""),
        ("Ended", one.why if is_new else ""),
        ("Passed", _passed(one)),
        ("Serves", f"{', '.join(one.split.classes)} where {one.split.condition}" if one.split else ""),
        ("Benchmark", f"{us_text(one.us)} µs, geometric mean, one run" if one.us is not None else ""),
        ("GPU time per call", f"{us_text(one.gpu_us)} µs" if one.gpu_us is not None else ""),
        ("Proposed by", one.proposer),
        ("Spent", ", ".join(spent)),
        ("Begun", f"{utc(one.opened_s)} UTC{took}"),
    ]


def _class_line(found: ClassVerdict) -> ClassLine:
    change = change_text(found.ratio, found.interval)
    return ClassLine(found.key, found.outcome.value, _CLASS_TONES.get(found.outcome, ""), change, found.pairs)


def _checks(one: RoundStory) -> list[CheckLine]:
    """Return the last look at each check, what failed first."""
    last = {check.name: check for check in one.checks}
    found = sorted(last.values(), key=lambda check: _CHECK_ORDER.index(check.outcome))
    tones = {CheckOutcome.PASSED: "good", CheckOutcome.FAILED: "bad"}
    return [CheckLine(check.name, check.outcome.value, tones.get(check.outcome, ""), check.why) for check in found]


def _passed(one: RoundStory) -> str:
    """Say how far the candidate came on the way to a verdict."""
    passed = ["only allowed files changed"] if one.attempts else []
    if one.bench is not None:
        by = "by the error column" if one.bench.error_checked else "by the exit code"
        passed.append(f"numbers right in {count(len(one.bench.rows), 'row')}, {by}")
    if one.verdict is not None:
        passed.append(f"timed next to best, {count(one.verdict.pairs, 'pair')}, {count(one.verdict.runs, 'run')}")
        if one.attempts and one.attempts[-1].candidate.origin is Origin.FORMATTED:
            passed.append("measured again after formatting")
    return "; ".join(passed)
