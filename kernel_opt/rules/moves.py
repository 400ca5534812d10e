"""What each fact makes of each stage, as one table: a pair that is not in it cannot happen."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.facts import Fact
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.stages import Stage, Tries
from kernel_opt.model.state import Best, RunState
from kernel_opt.model.verdict import Outcome

Move = Callable[[RunState, Any], RunState]
"""The fact's type is the table's key: Any here keeps the rows free of casts."""

BANK_MEASUREMENTS = 12  # each holds a run of best or more; the bank looks at the last 24 runs


def _stay(state: RunState, stage: Stage) -> RunState:
    return replace(state, stage=stage)


def _baseline_benched(state: RunState, fact: f.Benched) -> RunState:
    return replace(state, stage=g.BaselineRight(fact.run), baseline=fact.run, classes=fact.classes)


def _baseline_wrong(state: RunState, fact: f.BenchedWrong | f.Broke) -> RunState:
    return _stay(state, g.Unsound(f"the kernel as found does not run right: {fact.why}", "baseline-not-right"))


def _best_wrong(state: RunState, fact: f.BenchedWrong | f.Broke) -> RunState:
    return _stay(state, g.Unsound(f"baseline or best no longer runs right: {fact.why}", "best-not-right"))


def _noise_measured(state: RunState, fact: f.Measured) -> RunState:
    stage = _at(state, g.BaselineRight)
    return _stay(_banked(state, fact), g.BaselineTimed(stage.run, fact.measurement, fact.trace))


def _noise_judged(state: RunState, fact: f.NoiseJudged) -> RunState:
    stage = _at(state, g.BaselineTimed)
    weighed = g.BaselineWeighed(stage.run, stage.trace)
    return replace(state, stage=weighed, detectable_pct=fact.detectable_pct, baseline_trace=stage.trace)


def _baseline_traced(state: RunState, fact: f.Traced) -> RunState:
    stage = _at(state, g.BaselineWeighed)
    trace = fact.trace or stage.trace
    return replace(state, stage=g.BaselineTraced(stage.run), baseline_trace=trace, traced_code=fact.commit)


def _baseline_sealed(state: RunState, fact: r.Sealed) -> RunState:
    run = state.stage.run if isinstance(state.stage, g.BaselineTraced | g.BaselineWeighed) else None
    if run is None:
        raise TypeError("a baseline is sealed after it was benched")
    return _stay(state, g.BaselineSealed(run, fact.old, fact.new))


def _baseline_kept(state: RunState, fact: r.BaselineKept) -> RunState:
    run = _at(state, g.BaselineSealed).run
    return replace(state, stage=g.Ready(), best=Best(fact.commit, state.base, run, 0, state.baseline_trace))


def _best_traced(state: RunState, fact: f.Traced) -> RunState:
    best = replace(state.best, trace=fact.trace or state.best.trace) if state.best else None
    return replace(state, traced_code=fact.commit, best=best)


def _headline_measured(state: RunState, fact: f.Measured) -> RunState:
    return _stay(state, g.HeadlineTimed(fact.measurement))


def _headline_judged(state: RunState, fact: f.HeadlineJudged) -> RunState:
    tally = replace(state.tally, headline_keeps=state.tally.keeps)
    return replace(state, stage=g.Ready(), headline=fact.verdict, tally=tally)


def _opened(state: RunState, _: r.RoundOpened) -> RunState:
    return _stay(state, g.Opened())


def _proposed(state: RunState, fact: r.Proposed) -> RunState:
    stage = state.stage
    tries = replace(stage.tries, send_backs=stage.tries.send_backs + 1) if isinstance(stage, g.Barred) else Tries()
    return _stay(state, g.Drafted(fact.hypothesis, fact.edit, Origin.PROPOSED, tries))


def _gave_nothing(state: RunState, fact: r.GaveNothing) -> RunState:
    return _stay(state, g.Empty(fact.why))


def _no_fix(state: RunState, _: r.GaveNothing) -> RunState:
    stage = _at(state, g.Broken)
    return _stay(state, replace(stage, tries=replace(stage.tries, fixes=stage.tries.fixes + 1)))


def _no_repair(state: RunState, _: r.GaveNothing) -> RunState:
    stage = _at(state, g.Wrong)
    return _stay(state, replace(stage, tries=replace(stage.tries, repairs=stage.tries.repairs + 1)))


def _no_split(state: RunState, _: r.GaveNothing) -> RunState:
    stage = _at(state, g.Weighed)
    return _stay(state, replace(stage, tries=replace(stage.tries, is_split=True)))


def _checked(state: RunState, fact: r.Checked) -> RunState:
    stage = _at(state, g.Drafted)
    return _stay(state, g.Runnable(stage.hypothesis, fact.candidate, stage.tries))


def _refused_edit(state: RunState, fact: r.Refused) -> RunState:
    stage = _at(state, g.Drafted)
    return _stay(state, g.Barred(fact.rule, fact.why, fact.cheat, stage.tries, stage.origin))


def _refused_run(state: RunState, fact: r.Refused) -> RunState:
    """What the run itself showed (a changed row set, for instance) is never sent back."""
    stage = state.stage
    if not isinstance(stage, g.Runnable | g.Right):
        raise TypeError("only a candidate can be refused")
    return _stay(state, g.Barred(fact.rule, fact.why, True, stage.tries, stage.candidate.origin))


def _edited(state: RunState, fact: r.Edited) -> RunState:
    stage = state.stage
    match stage:
        case g.Broken():
            hypothesis, tries = stage.hypothesis, replace(stage.tries, fixes=stage.tries.fixes + 1)
        case g.Wrong():
            hypothesis, tries = stage.hypothesis, replace(stage.tries, repairs=stage.tries.repairs + 1)
        case g.Weighed():
            gaining = tuple(c.key for c in stage.verdict.classes if c.outcome is Outcome.BETTER)
            hypothesis = replace(stage.hypothesis, targets=gaining or stage.hypothesis.targets)
            tries = replace(stage.tries, is_split=True)
        case _:
            raise TypeError(f"nothing to edit in {type(stage).__name__}")
    return _stay(state, g.Drafted(hypothesis, fact.edit, fact.origin, tries))


def _benched(state: RunState, fact: f.Benched) -> RunState:
    stage = _at(state, g.Runnable)
    return _stay(state, g.Right(stage.hypothesis, stage.candidate, fact.run, stage.tries))


def _benched_wrong(state: RunState, fact: f.BenchedWrong) -> RunState:
    stage = state.stage
    if not isinstance(stage, g.Runnable | g.Right):
        raise TypeError("only a candidate can turn out wrong")
    return _stay(state, g.Wrong(stage.hypothesis, stage.candidate, fact.why, stage.tries))


def _broke(state: RunState, fact: f.Broke) -> RunState:
    stage = state.stage
    if not isinstance(stage, g.Runnable | g.Right | g.Timed):
        raise TypeError("only a candidate can break")
    broken = g.Broken(stage.hypothesis, stage.candidate, fact.kind, fact.why, fact.trivial, stage.tries)
    return _stay(state, broken)


def _measured(state: RunState, fact: f.Measured) -> RunState:
    stage = _at(state, g.Right)
    timed = g.Timed(stage.hypothesis, stage.candidate, stage.run, fact.measurement, fact.trace, stage.tries)
    return _stay(_banked(state, fact), timed)


def _judged(state: RunState, fact: f.Judged) -> RunState:
    stage = _at(state, g.Timed)
    return _stay(state, g.Weighed(stage.hypothesis, stage.candidate, stage.run, fact.verdict, stage.trace, stage.tries))


def _formatted(state: RunState, fact: r.Formatted) -> RunState:
    stage = _at(state, g.Weighed)
    return _stay(state, g.Runnable(stage.hypothesis, fact.candidate, replace(stage.tries, is_formatted=True)))


def _format_failed(state: RunState, _: r.FormatFailed) -> RunState:
    """A missing formatter must not cost a win: the candidate goes on as it is, and is measured again all the same."""
    stage = _at(state, g.Weighed)
    return _stay(state, g.Runnable(stage.hypothesis, stage.candidate, replace(stage.tries, is_formatted=True)))


def _keep_sealed(state: RunState, fact: r.Sealed) -> RunState:
    stage = _at(state, g.Weighed)
    sealed = g.KeepSealed(stage.hypothesis, stage.candidate, stage.run, stage.verdict, stage.trace, fact.old, fact.new)
    return _stay(state, sealed)


def _kept(state: RunState, fact: r.Kept) -> RunState:
    stage = _at(state, g.KeepSealed)
    best = Best(fact.commit, stage.candidate.commit, stage.run, state.round, stage.trace)
    return replace(state, stage=g.Ready(), best=best)


def _dropped(state: RunState, _: r.Dropped) -> RunState:
    return _stay(state, g.Ready())


def _banked(state: RunState, fact: f.Measured) -> RunState:
    """Remember how best ran, for the judge."""
    return replace(state, measurements=(*state.measurements, fact.measurement)[-BANK_MEASUREMENTS:])


def _at(state: RunState, kind: type[Any]) -> Any:
    if not isinstance(state.stage, kind):
        raise TypeError(f"the table promised {kind.__name__}, the state holds {type(state.stage).__name__}")
    return state.stage


MOVES: dict[tuple[type[Stage], type[Fact]], Move] = {
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
    (g.Ready, f.Traced): _best_traced,
    (g.Ready, f.Measured): _headline_measured,
    (g.Ready, f.BenchedWrong): _best_wrong,
    (g.Ready, f.Broke): _best_wrong,
    (g.HeadlineTimed, f.HeadlineJudged): _headline_judged,
    (g.Ready, r.RoundOpened): _opened,
    (g.Opened, r.Proposed): _proposed,
    (g.Opened, r.GaveNothing): _gave_nothing,
    (g.Barred, r.Proposed): _proposed,
    (g.Barred, r.GaveNothing): _gave_nothing,
    (g.Drafted, r.Checked): _checked,
    (g.Drafted, r.Refused): _refused_edit,
    (g.Runnable, f.Benched): _benched,
    (g.Runnable, f.BenchedWrong): _benched_wrong,
    (g.Runnable, f.Broke): _broke,
    (g.Runnable, r.Refused): _refused_run,
    (g.Broken, r.Edited): _edited,
    (g.Broken, r.GaveNothing): _no_fix,
    (g.Wrong, r.Edited): _edited,
    (g.Wrong, r.GaveNothing): _no_repair,
    (g.Right, f.Measured): _measured,
    (g.Right, f.BenchedWrong): _benched_wrong,
    (g.Right, f.Broke): _broke,
    (g.Right, r.Refused): _refused_run,
    (g.Timed, f.Judged): _judged,
    (g.Timed, f.Broke): _broke,
    (g.Weighed, r.Edited): _edited,
    (g.Weighed, r.GaveNothing): _no_split,
    (g.Weighed, r.Formatted): _formatted,
    (g.Weighed, r.FormatFailed): _format_failed,
    (g.Weighed, r.Sealed): _keep_sealed,
    (g.KeepSealed, r.Kept): _kept,
    **{
        (stage, r.Dropped): _dropped
        for stage in (
            g.Opened, g.Drafted, g.Barred, g.Empty, g.Runnable, g.Broken, g.Wrong, g.Right, g.Timed, g.Weighed,
        )
    },
}  # fmt: skip
