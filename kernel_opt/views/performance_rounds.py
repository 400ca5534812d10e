"""The parts of the report that go round by round: results, lessons, regressions."""

from typing import cast

from kernel_opt.model.state import RegressionNote
from kernel_opt.rules.judge.regress import geometric_mean_us, target_us
from kernel_opt.views.format import count, short, us_text, utc
from kernel_opt.views.learned import change_text
from kernel_opt.views.markdown import Markdown, code, escape, join, row
from kernel_opt.views.run_story import RunStory
from kernel_opt.views.sentences import tell_worse
from kernel_opt.views.story import RoundStory, main_kernels, specialised_kernels

_SENTENCE, _WHY = 160, 200  # columns: a table row that is longer is not read, raw or rendered
_MOST_ROWS = 60  # of kept rounds: a longer table is not read, and git keeps the report of every keep
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
    return [baseline, *(_kept_row(story, one) for one in story.kept[-_MOST_ROWS:])]


def result_note(story: RunStory) -> str | None:
    """Say which kept rounds the table leaves out, if any."""
    older = story.kept[:-_MOST_ROWS]
    if not older:
        return None
    where = f"rounds {older[0].round} to {older[-1].round}"
    return f"{count(len(older), 'older kept round')} ({where}) left out: the report in the commit of each has its row."


def _kept_row(story: RunStory, one: RoundStory) -> Markdown:
    verdict, hypothesis = one.verdict, one.hypothesis
    commit = one.candidate.commit if one.candidate else ""
    return row(
        [
            utc(one.judged_s or one.opened_s),
            code(short(commit)),
            ("split" if one.split else "keep") + (", given up" if one.is_given_up else ""),
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
    rounds = {one.candidate.commit: one for one in story.rounds if one.candidate}
    return [_regression_row(one, rounds.get(one.candidate)) for one in story.state.recent_regressions]


def _regression_row(one: RegressionNote, told: RoundStory | None) -> Markdown:
    verdict = told.verdict if told else None
    attempt = code(short(one.candidate))
    files = [*map(code, one.files[:_FILES])]
    if len(one.files) > _FILES:
        files.append(Markdown(f"{len(one.files) - _FILES} more"))
    return row(
        [
            Markdown(f"round {told.round}: {attempt}") if told else attempt,
            escape(one.hypothesis, _SENTENCE),
            join(files),
            _change(one.best_us, one.candidate_us),
            _change(one.best_gpu_us, one.candidate_gpu_us),
            change_text(verdict.target_ratio, verdict.target_interval) if verdict else f"{one.delta_pct:+.0f} %",
            escape(tell_worse(verdict) if verdict else one.notes, _WHY),
        ]
    )


def _change(before_us: float | None, after_us: float | None) -> str | None:
    return None if before_us is None and after_us is None else f"{us_text(before_us)} → {us_text(after_us)}"
