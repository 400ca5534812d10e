"""What the run counts: regressions in a row, rounds, time, money, and the last few rounds in words."""

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.facts import Entry
from kernel_opt.model.hypothesis import Hypothesis, Usage
from kernel_opt.model.measurement import Metric
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.spending import Spent
from kernel_opt.model.state import Lookback, RegressionNote, RunState, Tally, Trial
from kernel_opt.rules.integrity.refusals import refusals_of
from kernel_opt.rules.judge.regress import note_regression
from kernel_opt.rules.spending import round_ended, spent
from kernel_opt.rules.trials import note_trial

RECENT_ROUNDS = 5
RECENT_REGRESSIONS = 5
TRIALS_PER_BLOCK = 100
"""About the root of the rounds that a run of many weeks has: then adding one costs the least."""

UNTOUCHED = (Ending.INFRASTRUCTURE, Ending.REFUSED, Ending.GAVE_NOTHING, Ending.PROBED)
"""Endings that say nothing about the kernel: the regressions in a row stay as they are."""

NO_FAULT, NO_GIFT = (Ending.GAVE_NOTHING, Ending.REFUSED), (Ending.INFRASTRUCTURE, Ending.REFUSED)
"""Endings that say nothing of machine or proposer; a refused round moves no counter but that of refusals."""


def counted(state: RunState, entry: Entry) -> RunState:
    """Return the state with everything counted that this fact adds."""
    fact = entry.fact
    tally = _spent(state.tally, entry)
    match fact:
        case r.RoundOpened():
            opened = replace(tally, rounds_since_start=tally.rounds_since_start + 1, in_round=Spent())
            return replace(state, tally=opened)
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
    if gpu_s:
        tally = replace(tally, gpu_s=tally.gpu_s + gpu_s)
    return tally if usage is None else spent(tally, usage, entry.at_s)


def _ended(state: RunState, entry: Entry, ending: Ending, why: str) -> RunState:
    """Close the round's books."""
    note = _regression_note(state, entry, ending)
    regressions = (*state.recent_regressions, note)[-RECENT_REGRESSIONS:] if note else state.recent_regressions
    lookbacks = (*state.lookbacks, _look_back(state, ending, why))[-RECENT_ROUNDS:]
    claim: Hypothesis = getattr(state.stage, "hypothesis", None) or Hypothesis(sentence="")
    tally = replace(_count_ending(state.tally, ending), refused=_refused(state.tally, claim.proposer, ending))
    tally = round_ended(tally, claim.proposer, claim.model, is_keep=ending is Ending.KEPT)
    blocks = _add(state.trial_blocks, note_trial(state, claim, ending, why)) if claim.sentence else state.trial_blocks
    return replace(state, tally=tally, lookbacks=lookbacks, trial_blocks=blocks, recent_regressions=regressions)


def _add(blocks: tuple[tuple[Trial, ...], ...], trial: Trial) -> tuple[tuple[Trial, ...], ...]:
    """Add a trial to the last block, or begin another one."""
    if not blocks or len(blocks[-1]) == TRIALS_PER_BLOCK:
        return (*blocks, (trial,))
    return (*blocks[:-1], (*blocks[-1], trial))


def _count_ending(tally: Tally, ending: Ending) -> Tally:
    counts = dict(tally.endings)
    counts[ending.value] = counts.get(ending.value, 0) + 1
    return replace(
        tally,
        regressions_in_a_row=_in_a_row(tally.regressions_in_a_row, ending, Ending.REGRESSION, UNTOUCHED),
        # A round without a candidate says nothing about the machine, and a fault nothing about the proposer:
        # both kinds in turn, for ever, must still end the run.
        fault_rounds=_in_a_row(tally.fault_rounds, ending, Ending.INFRASTRUCTURE, NO_FAULT),
        empty_rounds=_in_a_row(tally.empty_rounds, ending, Ending.GAVE_NOTHING, NO_GIFT),
        refusals_in_a_row=_in_a_row(tally.refusals_in_a_row, ending, Ending.REFUSED, (Ending.INFRASTRUCTURE,)),
        endings=tuple(sorted(counts.items())),
    )


def _in_a_row(count: int, ending: Ending, counted_one: Ending, untouched: tuple[Ending, ...]) -> int:
    """Count on, leave as it is, or begin again."""
    if ending is counted_one:
        return count + 1
    return count if ending in untouched else 0


def _refused(tally: Tally, proposer: str, ending: Ending) -> tuple[tuple[str, int], ...]:
    """Count refusals of each proposer by itself: another one's honest rounds say nothing about this one's."""
    own = _in_a_row(refusals_of(tally, proposer), ending, Ending.REFUSED, (Ending.INFRASTRUCTURE,))
    others = tuple(one for one in tally.refused if one[0] != proposer)
    return ((proposer, own), *others) if own else others


def _look_back(state: RunState, ending: Ending, why: str) -> Lookback:
    stage = state.stage
    hypothesis: Hypothesis | None = getattr(stage, "hypothesis", None)
    verdict = stage.verdict if isinstance(stage, g.Weighed | g.Vetted | g.KeepSealed) else None
    gain = verdict.gain_pct if verdict and ending is Ending.KEPT else _change_pct(verdict)
    return Lookback(
        round=state.round,
        ending=ending,
        sentence=hypothesis.sentence if hypothesis else "",
        targets=hypothesis.targets if hypothesis else (),
        gain_pct=gain,
        why=why,
        uncertainty_pct=_uncertainty_pct(verdict),
    )


def _uncertainty_pct(verdict: object) -> float | None:
    interval: tuple[float, float] | None = getattr(verdict, "target_interval", None)
    return None if interval is None else 50 * (interval[1] - interval[0])


def _change_pct(verdict: object) -> float | None:
    ratio = getattr(verdict, "target_ratio", None)
    return None if ratio is None else (1 - ratio) * 100


def _regression_note(state: RunState, entry: Entry, ending: Ending) -> RegressionNote | None:
    stage = state.stage
    if ending is not Ending.REGRESSION or not isinstance(stage, g.Weighed):
        return None
    is_gpu = stage.verdict.metric is not Metric.SCRIPT
    return note_regression(state, stage, entry.at_s, is_gpu=is_gpu)
