"""What the run counts: regressions in a row, rounds, time, money, and the last few rounds in words."""

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.facts import Entry
from kernel_opt.model.hypothesis import Hypothesis, Usage
from kernel_opt.model.measurement import Metric
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import Lookback, RegressionNote, RunState, Tally, Trial
from kernel_opt.rules.regress import note_regression

RECENT_ROUNDS = 5
RECENT_REGRESSIONS = 5

UNTOUCHED = (Ending.INFRASTRUCTURE, Ending.REFUSED, Ending.GAVE_NOTHING)
"""Endings that say nothing about the kernel: the regressions in a row stay as they are."""


def counted(state: RunState, entry: Entry) -> RunState:
    """Return the state with everything counted that this fact adds."""
    fact = entry.fact
    tally = _spent(state.tally, entry)
    match fact:
        case r.RoundOpened():
            return replace(state, tally=replace(tally, rounds_since_start=tally.rounds_since_start + 1))
        case r.Kept():
            return _ended(replace(state, tally=replace(tally, keeps=tally.keeps + 1)), entry, Ending.KEPT, fact.why)
        case r.Dropped():
            return _ended(replace(state, tally=tally), entry, fact.ending, fact.why)
        case _:
            return state if tally is state.tally else replace(state, tally=tally)


def _spent(tally: Tally, entry: Entry) -> Tally:
    """Add GPU time, tokens and money."""
    fact = entry.fact
    gpu_s = fact.run.gpu_s if isinstance(fact, f.Benched) else float(getattr(fact, "gpu_s", 0.0))
    usage: Usage | None = getattr(fact, "usage", None)
    if usage is None:
        return replace(tally, gpu_s=tally.gpu_s + gpu_s) if gpu_s else tally
    return replace(
        tally,
        gpu_s=tally.gpu_s + gpu_s,
        cost_usd=tally.cost_usd + (usage.cost_usd or 0.0),
        agent_tokens=tally.agent_tokens + (usage.input_tokens or 0) + (usage.output_tokens or 0),
    )


def _ended(state: RunState, entry: Entry, ending: Ending, why: str) -> RunState:
    """Close the round's books."""
    note = _regression_note(state, entry, ending)
    regressions = (*state.recent_regressions, note)[-RECENT_REGRESSIONS:] if note else state.recent_regressions
    lookbacks = (*state.lookbacks, _look_back(state, ending, why))[-RECENT_ROUNDS:]
    tally = _count_ending(state.tally, ending)
    said = lookbacks[-1].sentence
    trials = (*state.trials, Trial(said, ending, _class_ratios(state))) if said else state.trials
    return replace(state, tally=tally, lookbacks=lookbacks, trials=trials, recent_regressions=regressions)


def _class_ratios(state: RunState) -> tuple[tuple[str, float], ...]:
    """Return candidate over best for each class that was measured in this round."""
    stage = state.stage
    classes = stage.verdict.classes if isinstance(stage, g.Weighed | g.KeepSealed) else ()
    return tuple((one.key, one.ratio) for one in classes if one.ratio is not None)


def _count_ending(tally: Tally, ending: Ending) -> Tally:
    counts = dict(tally.endings)
    counts[ending.value] = counts.get(ending.value, 0) + 1
    return replace(
        tally,
        regressions_in_a_row=_in_a_row(tally.regressions_in_a_row, ending, Ending.REGRESSION, UNTOUCHED),
        # A round without a candidate says nothing about the machine, and a fault nothing about the proposer:
        # both kinds in turn, for ever, must still end the run.
        fault_rounds=_in_a_row(tally.fault_rounds, ending, Ending.INFRASTRUCTURE, (Ending.GAVE_NOTHING,)),
        empty_rounds=_in_a_row(tally.empty_rounds, ending, Ending.GAVE_NOTHING, (Ending.INFRASTRUCTURE,)),
        refusals_in_a_row=_in_a_row(tally.refusals_in_a_row, ending, Ending.REFUSED, (Ending.INFRASTRUCTURE,)),
        endings=tuple(sorted(counts.items())),
    )


def _in_a_row(count: int, ending: Ending, counted_one: Ending, untouched: tuple[Ending, ...]) -> int:
    """Count on, leave as it is, or begin again."""
    if ending is counted_one:
        return count + 1
    return count if ending in untouched else 0


def _look_back(state: RunState, ending: Ending, why: str) -> Lookback:
    stage = state.stage
    hypothesis: Hypothesis | None = getattr(stage, "hypothesis", None)
    verdict = stage.verdict if isinstance(stage, g.Weighed | g.KeepSealed) else None
    gain = verdict.gain_pct if verdict and ending is Ending.KEPT else _change_pct(verdict)
    return Lookback(
        round=state.round,
        ending=ending,
        sentence=hypothesis.sentence if hypothesis else "",
        targets=hypothesis.targets if hypothesis else (),
        gain_pct=gain,
        why=why,
    )


def _change_pct(verdict: object) -> float | None:
    ratio = getattr(verdict, "target_ratio", None)
    return None if ratio is None else (1 - ratio) * 100


def _regression_note(state: RunState, entry: Entry, ending: Ending) -> RegressionNote | None:
    stage = state.stage
    if ending is not Ending.REGRESSION or not isinstance(stage, g.Weighed):
        return None
    is_gpu = stage.verdict.metric is not Metric.SCRIPT
    return note_regression(state, stage, entry.at_s, is_gpu=is_gpu)
