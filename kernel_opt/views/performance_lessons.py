"""The part of the report about what was learned: predictions against outcomes."""

from kernel_opt.rules.memory.learned import find_factor, predicted_gain_pct
from kernel_opt.views.format import count
from kernel_opt.views.learned import Finding
from kernel_opt.views.markdown import Markdown, escape
from kernel_opt.views.run_story import RunStory
from kernel_opt.views.story import RoundStory

_LESSONS = 10  # of each kind: five hundred rounds must not bury the rest of the report
_SENTENCE = 160  # columns: a longer line is not read


def learned_lists(story: RunStory) -> dict[str, object]:
    """Return what the predictions were worth: how many of each kind, and the latest of those that say something."""
    found: dict[Finding, list[RoundStory]] = {finding: [] for finding in Finding}
    for one in story.rounds:
        if one.hypothesis is not None:
            found[one.lesson.finding].append(one)
    total = sum(map(len, found.values()))
    counts = ", ".join(f"{len(rounds)} {finding.value}" for finding, rounds in found.items())
    titles = {Finding.CONFIRMED: "Confirmed", Finding.REFUTED: "Refuted"}
    return {
        "summary": f"Of {count(total, 'prediction')}: {counts}.{_worth(story)}" if total else "Nothing was tried yet.",
        "lists": [_lessons(title, found[finding]) for finding, title in titles.items() if found[finding]],
    }


def _worth(story: RunStory) -> str:
    """Say how much of the predicted change was measured, where both are known."""
    pairs = [
        (predicted_gain_pct(one.hypothesis.prediction), 100 * (1 - one.verdict.target_ratio))
        for one in story.rounds
        if one.hypothesis and one.verdict and one.verdict.target_ratio is not None
    ]
    factor = find_factor(pairs)
    return "" if factor is None else f" At the median {factor:.2g} of the predicted change was measured."


def _lessons(title: str, rounds: list[RoundStory]) -> dict[str, object]:
    shown = rounds[-_LESSONS:]
    more = f" (the last {len(shown)} of {len(rounds)})" if len(shown) < len(rounds) else ""
    return {"title": Markdown(f"**{title}**{more}:"), "lines": [_lesson_line(one) for one in shown]}


def _lesson_line(one: RoundStory) -> Markdown:
    lesson, sentence = one.lesson, one.hypothesis.sentence if one.hypothesis else ""
    text = escape(sentence, _SENTENCE)
    return Markdown(f"- round {one.round}: {text} Predicted {lesson.predicted}, measured {lesson.measured}.")
