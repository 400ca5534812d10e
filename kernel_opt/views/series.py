"""The wins of a run, each told as a commit message that a reviewer can check: what, why, and with which figures."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kernel_opt.model.comparison import Comparison
from kernel_opt.model.facts import Entry
from kernel_opt.model.round_facts import Explained, Kept
from kernel_opt.model.verdict import Verdict
from kernel_opt.views.format import clean, count, pad, short, shorten, width_of
from kernel_opt.views.gains import METRIC_WORDS
from kernel_opt.views.learned import change_text
from kernel_opt.views.run_story import RunStory, add_entry
from kernel_opt.views.story import RoundStory
from kernel_opt.views.terminal import wrap

_SUBJECT, _BODY = 72, 72  # columns that git's own tools show of a commit without wrapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Win:
    """One kept round."""

    round: RoundStory
    commit: str
    """On the run's branch: its code, with the run's report."""
    at_s: float
    message: str = ""
    """Why it works, in the agent's words."""

    @property
    def subject(self) -> str:
        """Return the first line of its commit."""
        hypothesis = self.round.hypothesis
        whole = clean(hypothesis.sentence).rstrip(".") if hypothesis else f"Round {self.round.round}"
        return shorten(whole, _SUBJECT).replace("…", "...") if width_of(whole) > _SUBJECT else whole


def find_wins(entries: Iterable[Entry]) -> tuple[RunStory, tuple[Win, ...]]:
    """Return the run and what of its keeps still stands, oldest first: what was rolled back is none."""
    story, kept, said = RunStory(), dict[int, tuple[str, float]](), dict[int, str]()
    for entry in entries:
        add_entry(story, entry)
        match entry.fact:
            case Kept() as fact:
                kept[entry.round] = fact.commit, entry.at_s
            case Explained() as fact:
                said[entry.round] = fact.message
            case _:
                pass
    last = story.state.best.round if story.state.best else 0
    # Between a headline that did not hold and the way back, best is the one before already.
    standing = [one for one in story.kept if not one.is_given_up and one.round <= last and one.round in kept]
    return story, tuple(
        Win(round=one, commit=kept[one.round][0], at_s=kept[one.round][1], message=said.get(one.round, ""))
        for one in standing
    )


def render_message(win: Win, tag: str, afresh: Comparison | None = None) -> str:
    """Return the commit's message; ``afresh`` belongs to the last commit of a series, which is what was measured."""
    one = win.round
    parts = [win.subject, *_why(win)]
    if one.verdict is not None:
        parts.append(_step(one, one.verdict))
    if one.split is not None:
        classes = "; ".join(map(clean, one.split.classes)) or "no class"
        parts.append(_fill(f"Dispatch: {classes} where {clean(one.split.condition)}; the others stay as they were."))
    if afresh is not None:
        parts.append("\n".join(render_afresh(afresh)))
    candidate = f", measured as {short(one.candidate.commit)}" if one.candidate else ""
    parts.append(f"Round {one.round} of kernel-opt run {tag}{candidate}.")
    return "\n\n".join(parts) + "\n"


def _why(win: Win) -> Iterator[str]:
    hypothesis = win.round.hypothesis
    if hypothesis is None:
        return
    sentence = clean(hypothesis.sentence)
    if sentence.rstrip(".") != win.subject:
        yield _fill(sentence)
    why = win.message.strip() or _fill(clean(hypothesis.why))
    if why:
        yield why


def _step(one: RoundStory, verdict: Verdict) -> str:
    """Tell the figures as the journal has them."""
    head = f"Against the step before, as judged in round {one.round}: {METRIC_WORDS[verdict.metric]}"
    return "\n".join([_fill(f"{head} over {count(verdict.pairs, 'pair')}:"), *figure_lines(verdict)])


def render_afresh(found: Comparison) -> list[str]:
    """Tell what the whole series is worth, measured when it was made and not summed up from its steps."""
    verdict = found.verdict
    head = f"The whole series against its base {short(found.a.commit)}, measured afresh: {METRIC_WORDS[verdict.metric]}"
    return [*wrap(f"{head} over {count(verdict.pairs, 'pair')} on {found.card}:", _BODY), *figure_lines(verdict)]


def figure_lines(verdict: Verdict) -> list[str]:
    """Return one line for each class and one for all."""
    rows = [(clean(one.key), one.ratio, one.interval) for one in verdict.classes]
    rows.append(("all classes", verdict.overall_ratio, verdict.overall_interval))
    width = max(width_of(name) for name, _, _ in rows)
    return [f"  {pad(name, width)}  {change_text(ratio, interval)}" for name, ratio, interval in rows]


def _fill(text: str) -> str:
    return "\n".join(wrap(text, _BODY))


def subjects(wins: Sequence[Win]) -> list[str]:
    """Return the first lines of all commits."""
    return [win.subject for win in wins]
