"""Moves outside of any round: the baseline, the trace of best, the headline."""

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import Best, RunState
from kernel_opt.rules.deeper import after_trace
from kernel_opt.rules.move import Moves, at, banked, to_stage


def _baseline_benched(state: RunState, fact: f.Benched) -> RunState:
    return replace(state, stage=g.BaselineRight(fact.run), baseline=fact.run, classes=fact.classes)


def _baseline_wrong(state: RunState, fact: f.BenchedWrong | f.Broke) -> RunState:
    return to_stage(state, g.Unsound(f"the kernel as found does not run right: {fact.why}", "baseline-not-right"))


def _best_wrong(state: RunState, fact: f.BenchedWrong | f.Broke) -> RunState:
    """A best that no longer runs right is given up for the one before it; without the baseline nothing can go on."""
    if fact.commit == state.code and len(state.bests) > 1:
        return doubted(state, f"best no longer runs right: {fact.why}")
    return to_stage(state, g.Unsound(f"baseline or best no longer runs right: {fact.why}", "best-not-right"))


def _noise_measured(state: RunState, fact: f.Measured) -> RunState:
    stage = at(state, g.BaselineRight)
    return to_stage(banked(state, fact), g.BaselineTimed(stage.run, fact.measurement, fact.trace))


def _noise_judged(state: RunState, fact: f.NoiseJudged) -> RunState:
    stage = at(state, g.BaselineTimed)
    weighed = g.BaselineWeighed(stage.run, stage.trace)
    return replace(state, stage=weighed, detectable_pct=fact.detectable_pct, baseline_trace=stage.trace)


def _baseline_traced(state: RunState, fact: f.Traced) -> RunState:
    stage = at(state, g.BaselineWeighed)
    trace = fact.trace or stage.trace
    return replace(state, stage=g.BaselineTraced(stage.run), baseline_trace=trace, **_traced(state, fact))


def _baseline_sealed(state: RunState, fact: r.Sealed) -> RunState:
    run = at(state, g.BaselineTraced, g.BaselineWeighed).run
    return to_stage(state, g.BaselineSealed(run, fact.old, fact.new))


def _baseline_kept(state: RunState, fact: r.BaselineKept) -> RunState:
    run = at(state, g.BaselineSealed).run
    best = Best(fact.commit, state.base, run, 0, state.baseline_trace)
    return replace(state, stage=g.Ready(), best=best, bests=(best,))


def best_traced(state: RunState, fact: f.Traced) -> RunState:
    """Remember where best's time goes."""
    best = replace(state.best, trace=fact.trace or state.best.trace) if state.best else None
    return replace(state, best=best, **_traced(state, fact))


def _traced(state: RunState, fact: f.Traced) -> dict[str, object]:
    """Note what was traced, where and when: a trace grows stale."""
    seen = {"traced_code": fact.commit, "traced_card": fact.card, "traced_s": state.last_s, "has_moved": False}
    return {**seen, "deeper": after_trace(state, fact)}


def _headline_measured(state: RunState, fact: f.Measured) -> RunState:
    stage = at(state, g.Ready, g.Doubted)
    doubt = stage.why if isinstance(stage, g.Doubted) else ""
    return to_stage(state, g.HeadlineTimed(fact.measurement, doubt))


def _headline_judged(state: RunState, fact: f.HeadlineJudged) -> RunState:
    doubt = at(state, g.HeadlineTimed).doubt
    state = replace(state, tally=replace(state.tally, headline_keeps=state.tally.keeps))
    if not fact.holds and len(state.bests) > 1:
        return doubted(state, fact.why)
    after = g.Doubted(doubt, is_proved=True) if doubt else g.Ready()
    # What was proved now need not be looked behind again, but for the baseline.
    claimed = fact.verdict.overall_ratio
    best = replace(state.best, claimed=claimed) if state.best and claimed else state.best
    bests = (*state.bests[:1], best) if best and best.code != state.base else state.bests[:1]
    return replace(state, stage=after, headline=fact.verdict, best=best, bests=bests)


def doubted(state: RunState, why: str) -> RunState:
    """Take the best before this one for best: its code, while the branch stands where it stood."""
    left = state.bests[:-1]
    best = replace(left[-1], commit=state.tip)
    tally = replace(state.tally, headline_keeps=state.tally.keeps)
    past = tuple(
        replace(one, is_given_up=True) if one.ending is Ending.KEPT and one.round > best.round else one
        for one in state.lookbacks
    )
    return replace(state, stage=g.Doubted(why), best=best, bests=left, headline=None, tally=tally, lookbacks=past)


def _rollback_sealed(state: RunState, fact: r.Sealed) -> RunState:
    return to_stage(state, g.RollbackSealed(at(state, g.Doubted).why, fact.old, fact.new))


def _rolled_back(state: RunState, fact: r.RolledBack) -> RunState:
    best = replace(state.best, commit=fact.commit) if state.best else None
    return replace(state, stage=g.Ready(), best=best)


BASELINE_MOVES: Moves = {
    (g.NeedBaseline, f.Benched): _baseline_benched,
    (g.NeedBaseline, f.BenchedWrong): _baseline_wrong,
    (g.NeedBaseline, f.Broke): _baseline_wrong,
    (g.BaselineRight, f.Measured): _noise_measured,
    (g.BaselineRight, f.BenchedWrong): _baseline_wrong,
    (g.BaselineRight, f.Broke): _baseline_wrong,
    (g.BaselineTimed, f.NoiseJudged): _noise_judged,
    (g.BaselineWeighed, f.Traced): _baseline_traced,
    (g.BaselineWeighed, r.Sealed): _baseline_sealed,
    (g.BaselineTraced, r.Sealed): _baseline_sealed,
    (g.BaselineSealed, r.BaselineKept): _baseline_kept,
    (g.Ready, f.Traced): best_traced,
    (g.Ready, f.Measured): _headline_measured,
    (g.Ready, f.BenchedWrong): _best_wrong,
    (g.Ready, f.Broke): _best_wrong,
    (g.HeadlineTimed, f.HeadlineJudged): _headline_judged,
    (g.Doubted, f.Measured): _headline_measured,
    (g.Doubted, f.BenchedWrong): _best_wrong,
    (g.Doubted, f.Broke): _best_wrong,
    (g.Doubted, r.Sealed): _rollback_sealed,
    (g.RollbackSealed, r.RolledBack): _rolled_back,
}
