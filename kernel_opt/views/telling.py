"""Tells the journal round by round, as it streams by."""

from collections.abc import Iterable, Iterator

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.explore import Aim
from kernel_opt.model.facts import Entry, Purpose
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.verdict import ClassVerdict, Outcome, Verdict
from kernel_opt.rules.isa.compile_gate import SETTLED
from kernel_opt.views.compiled import tell_formatted
from kernel_opt.views.format import count
from kernel_opt.views.story import Attempt, RoundStory, Split


def tell_rounds(entries: Iterable[Entry], *, with_open: bool = True) -> Iterator[RoundStory]:
    """Yield each round when it is over; those still open, if wished, last."""
    told: dict[int, RoundStory] = {}
    for entry in entries:
        if (over := tell_fact(told, entry)) is not None:
            yield over
    if with_open:
        yield from told.values()


def tell_fact(told: dict[int, RoundStory], entry: Entry) -> RoundStory | None:
    """Add a fact to the round that it is about, among those ``told`` so far; return the round that ends with it."""
    if isinstance(entry.fact, r.RoundOpened):
        told[entry.fact.round] = open_story(entry.fact, entry.at_s)
        return None
    story = told.get(entry.round)
    if story is None:
        return None
    add_fact(story, entry)
    return None if story.ending is None else told.pop(entry.round)


def open_story(fact: r.RoundOpened, at_s: float) -> RoundStory:
    """Begin a round's story; what it is asked for besides going on from best is noted."""
    story = RoundStory(round=fact.round, opened_s=at_s, best=fact.best)
    if fact.ask is not None and fact.ask.aim is not Aim.EXPLOIT:
        never = ", which is never kept" if fact.ask.aim is Aim.PROBE else ""
        dry = count(fact.ask.dry, "try", "tries")
        story.notes.append(f"asked for: {fact.ask.aim.value}{never}, after {dry} without a keep")
    return story


def find_given_up(entries: Iterable[Entry]) -> frozenset[int]:
    """Return the rounds that were kept and did not hold later; of all facts only keeps and roll-backs matter."""
    kept: list[tuple[int, str]] = []
    given_up: set[int] = set()
    for entry in entries:
        if isinstance(entry.fact, r.Kept):
            kept.append((entry.round, entry.fact.candidate))
        elif isinstance(entry.fact, r.RolledBack):
            code = entry.fact.code
            holding = max((number for number, candidate in kept if candidate == code), default=0)
            given_up.update(number for number, _ in kept if number > holding)
    return frozenset(given_up)


def add_fact(story: RoundStory, entry: Entry) -> None:
    """Add one fact to its round; facts of the run itself change nothing."""
    _add_costs(story, entry.fact)
    story.checks.extend(getattr(entry.fact, "checks", ()))
    match entry.fact:
        case r.Kept() as fact:
            _close(story, entry.at_s, Ending.KEPT, fact.why)
        case r.Dropped() as fact:
            _close(story, entry.at_s, fact.ending, fact.why)
        case f.Judged() as fact:
            story.verdict, story.judged_s = fact.verdict, entry.at_s
            story.notes.extend(fact.notes)
        case f.Measured(purpose=Purpose.ROUND) as fact:
            story.trace = fact.trace
        case f.Benched() | f.BenchedWrong() | f.Broke() as fact:
            _add_run(story, fact)
        case _:
            _add_edit(story, entry.fact)


def _close(story: RoundStory, at_s: float, ending: Ending, why: str) -> None:
    story.ending, story.why, story.ended_s = ending, why, at_s


def _add_run(story: RoundStory, fact: f.Benched | f.BenchedWrong | f.Broke) -> None:
    match fact:
        case f.Benched():
            story.bench, outcome = fact.run, "right"
        case f.BenchedWrong():
            outcome = f"wrong: {fact.why}"
        case f.Broke():
            outcome = f"failed: {fact.why}"
    if story.attempts:
        story.attempts[-1] = Attempt(story.attempts[-1].candidate, outcome)


def _add_edit(story: RoundStory, fact: f.Fact) -> None:
    match fact:
        case r.Proposed():
            story.hypothesis, story.proposer = fact.hypothesis, fact.proposer
        case r.Edited():
            story.repairs += fact.origin is Origin.REPAIR
            if fact.origin is Origin.SPLIT:
                story.split = Split(fact.condition, _gaining(story.verdict))
        case r.Checked():
            # The numbers belong to the candidate that was; the new one has none yet.
            story.bench = story.verdict = story.trace = None
            story.checks.clear()
            story.attempts.append(Attempt(fact.candidate, _outcome(fact)))
            story.compiled = fact.compiled
            story.notes.extend(fact.notes)
        case r.Formatted(changed=True):
            story.attempts.append(Attempt(fact.candidate))
            story.notes.extend(tell_formatted(fact.compiled) if fact.compiled else ())
        case r.Refused():
            story.notes.append(f"refused: {fact.rule}: {fact.why}")
        case r.FormatFailed():
            story.notes.append(f"not formatted: {fact.why}")
        case r.GaveNothing():
            story.notes.append(f"the proposer gave nothing: {fact.why}")
        case _:
            pass


def _outcome(fact: r.Checked) -> str:
    """Return what became of a candidate that was settled before it ran."""
    is_settled = fact.compiled is not None and fact.compiled.outcome in SETTLED
    return f"failed: {fact.compiled.why}" if fact.compiled and is_settled else ""


def _add_costs(story: RoundStory, fact: f.Fact) -> None:
    story.gpu_s += fact.run.gpu_s if isinstance(fact, f.Benched) else float(getattr(fact, "gpu_s", 0.0))
    if isinstance(fact, r.Proposed | r.Edited | r.GaveNothing):
        story.cost_usd += fact.usage.cost_usd or 0.0
        story.agent_tokens += (fact.usage.input_tokens or 0) + (fact.usage.output_tokens or 0)


def _gaining(verdict: Verdict | None) -> tuple[str, ...]:
    classes: tuple[ClassVerdict, ...] = verdict.classes if verdict else ()
    return tuple(one.key for one in classes if one.outcome is Outcome.BETTER)
