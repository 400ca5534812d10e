"""The parts of the report that go round by round: results, lessons, regressions."""

from typing import cast

from kernel_opt.model.state import RegressionNote
from kernel_opt.rules.regress import geometric_mean_us, target_us
from kernel_opt.views.format import count, short, us_text, utc
from kernel_opt.views.learned import Finding, change_text
from kernel_opt.views.markdown import Markdown, code, escape, join, row
from kernel_opt.views.run_story import RunStory
from kernel_opt.views.story import RoundStory, main_kernels, specialised_kernels

_SENTENCE, _WHY = 160, 200  # columns: a table row that is longer is not read, raw or rendered
_LESSONS = 10  # of each kind: five hundred rounds must not bury the rest of the report
_FILES = 3


def _benchmark(story: RunStory, key: str) -> object:
    """Look a setting up as it was recorded; an older run may not have it."""
    table = story.started.settings.get("benchmark") if story.started else None
    return cast("dict[str, object]", table).get(key) if isinstance(table, dict) else None


def metric_name(story: RunStory) -> str:
    """Return the benchmark's metric column."""
    return str(_benchmark(story, "metric") or "us")


def command_of(story: RunStory) -> str:
    """Return the fixed benchmark command."""
    argv = _benchmark(story, "command")
    return " ".join(map(str, cast("list[object]", argv))) if isinstance(argv, list | tuple) else ""


def result_rows(story: RunStory) -> list[Markdown]:
    """Return the baseline's row and one per kept round, never another."""
    state = story.state
    if state.baseline is None or state.best is None or story.baseline_s is None:
        return []
    trace = state.baseline_trace
    baseline = row(
        [
            utc(story.baseline_s),
            code(short(state.base)),
            "baseline",
            code(command_of(story), _SENTENCE),
            "all classes",
            _names(main_kernels(trace)),
            us_text(geometric_mean_us(state.baseline.rows)),
            _gpu_text(target_us(trace)),
            None,
            "the kernel as found",
        ]
    )
    return [baseline, *(_kept_row(story, one) for one in story.kept)]


def _kept_row(story: RunStory, one: RoundStory) -> Markdown:
    verdict, hypothesis = one.verdict, one.hypothesis
    commit = one.candidate.commit if one.candidate else ""
    return row(
        [
            utc(one.judged_s or one.opened_s),
            code(short(commit)),
            "split" if one.split else "keep",
            code(command_of(story), _SENTENCE),
            _target(one),
            _names((*main_kernels(one.trace), *specialised_kernels(one.trace))),
            us_text(one.us),
            _gpu_text(one.gpu_us),
            change_text(verdict.target_ratio, verdict.target_interval) if verdict else None,
            escape(hypothesis.sentence, _WHY) if hypothesis else None,
        ]
    )


def _target(one: RoundStory) -> Markdown | str:
    if one.split:
        return Markdown(f"{join(map(code, one.split.classes))} where {code(one.split.condition, _WHY)}")
    targets = one.hypothesis.targets if one.hypothesis else ()
    return join(map(code, targets)) if targets else "all classes"


def _names(kernels: tuple[str, ...]) -> Markdown:
    return join(code(name, 60) for name in kernels[:3])


def _gpu_text(us: float | None) -> str | None:
    return None if us is None else us_text(us)


def best_metrics(story: RunStory) -> str:
    """Return the best commit's times in a few words."""
    best = story.state.best
    if best is None:
        return "none: there is no baseline"
    gpu = _gpu_text(target_us(best.trace))
    script = f"{us_text(geometric_mean_us(best.run.rows))} us by the benchmark"
    return f"{script}, {gpu} us of GPU time per call" if gpu else script


def regression_rows(story: RunStory) -> list[Markdown]:
    """Return the last regressions, oldest first."""
    rounds = {one.candidate.commit: one.round for one in story.rounds if one.candidate}
    return [_regression_row(one, rounds.get(one.candidate)) for one in story.state.recent_regressions]


def _regression_row(one: RegressionNote, number: int | None) -> Markdown:
    attempt = code(short(one.candidate))
    files = [*map(code, one.files[:_FILES])]
    if len(one.files) > _FILES:
        files.append(Markdown(f"{len(one.files) - _FILES} more"))
    return row(
        [
            Markdown(f"round {number}: {attempt}") if number else attempt,
            escape(one.hypothesis, _SENTENCE),
            join(files),
            _change(one.best_us, one.candidate_us),
            _change(one.best_gpu_us, one.candidate_gpu_us),
            f"{one.delta_pct:+.1f} %",
            escape(one.notes, _WHY),
        ]
    )


def _change(before_us: float | None, after_us: float | None) -> str | None:
    return None if before_us is None and after_us is None else f"{us_text(before_us)} → {us_text(after_us)}"


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
        "summary": f"Of {count(total, 'prediction')}: {counts}." if total else "Nothing was tried yet.",
        "lists": [_lessons(title, found[finding]) for finding, title in titles.items() if found[finding]],
    }


def _lessons(title: str, rounds: list[RoundStory]) -> dict[str, object]:
    shown = rounds[-_LESSONS:]
    more = f" (the last {len(shown)} of {len(rounds)})" if len(shown) < len(rounds) else ""
    return {"title": Markdown(f"**{title}**{more}:"), "lines": [_lesson_line(one) for one in shown]}


def _lesson_line(one: RoundStory) -> Markdown:
    lesson, sentence = one.lesson, one.hypothesis.sentence if one.hypothesis else ""
    text = escape(sentence, _SENTENCE)
    return Markdown(f"- round {one.round}: {text} Predicted {lesson.predicted}, measured {lesson.measured}.")
