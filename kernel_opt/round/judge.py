"""Weigh what was measured: a pure look at the journalled runs, told once and never again."""

from kernel_opt.model.facts import Fact, Faulted, HeadlineJudged, Judged, NoiseJudged, Purpose
from kernel_opt.model.stages import BaselineTimed, HeadlineTimed, Timed
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Judge
from kernel_opt.model.verdict import Verdict
from kernel_opt.round.steer import bank_of, judge_limits
from kernel_opt.round.tools import Tools
from kernel_opt.round.traces import call_counts
from kernel_opt.rules.judge.decide import next_measurement
from kernel_opt.rules.judge.headline import find_loss, remeasure_headline
from kernel_opt.rules.judge.noise import noise_of
from kernel_opt.rules.trace.call_counts import find_count_trouble


def judge(step: Judge, state: RunState, tools: Tools) -> Fact:
    """Answer with the verdict of the measurement that the state holds."""
    limits, stage = judge_limits(tools), state.stage
    match step.purpose, stage:
        case Purpose.NOISE, BaselineTimed():
            noise = noise_of(stage.measurement, state.classes, limits)
            trouble = find_count_trouble(call_counts(tools), stage.trace, len(stage.run.rows))
            told = stage.trace.notes if stage.trace else ()
            notes = (noise.sentence, *(c.sentence for c in noise.classes), trouble, *told)
            notes = tuple(text for text in notes if text)
            return NoiseJudged(notes=notes, detectable_pct={c.key: c.detectable_pct for c in noise.classes})
        case Purpose.HEADLINE, HeadlineTimed():
            verdict = remeasure_headline(stage.measurement, state.classes, limits)
            if isinstance(verdict, Verdict):
                why = find_loss(verdict, state.best.claimed if state.best else 1.0, limits)
                return HeadlineJudged(verdict=verdict, commit=state.code, holds=not why, why=why)
        case Purpose.ROUND, Timed():
            verdict = _weigh(stage, state, tools)
            if isinstance(verdict, Verdict):
                return Judged(verdict=verdict)
        case _:
            pass
    return Faulted(kind="judge", why="the measurement ended before the judge had what it asked for")


def _weigh(stage: Timed, state: RunState, tools: Tools) -> Verdict | None:
    # The bank as it was when the measurement was steered: without the measurement itself.
    before = bank_of(state, besides=stage.measurement)
    answer = next_measurement(stage.measurement, before, state.classes, stage.hypothesis.targets, judge_limits(tools))
    return answer if isinstance(answer, Verdict) else None
