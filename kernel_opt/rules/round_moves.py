"""Moves within a round, from its opening to its end."""

from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import stages as g
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.stages import Tries
from kernel_opt.model.state import Best, RunState
from kernel_opt.model.verdict import Outcome
from kernel_opt.rules.deeper import after_claim
from kernel_opt.rules.isa.compile_gate import after_check
from kernel_opt.rules.move import Moves, at, banked, to_stage
from kernel_opt.rules.rebase_moves import REBASE_MOVES


def _opened(state: RunState, fact: r.RoundOpened) -> RunState:
    opened = max(state.opened, fact.round)
    return replace(state, stage=g.Opened(), round=fact.round, ask=fact.ask, lane=fact.lane, opened=opened)


def _opened_without_headline(state: RunState, fact: r.RoundOpened) -> RunState:
    """A headline that cannot be judged is tried again after as many keeps, not before every round."""
    tally = replace(state.tally, headline_keeps=state.tally.keeps)
    return _opened(replace(state, tally=tally), fact)


def _proposed(state: RunState, fact: r.Proposed) -> RunState:
    stage = state.stage
    tries = replace(stage.tries, send_backs=stage.tries.send_backs + 1) if isinstance(stage, g.Barred) else Tries()
    wishing = replace(state, deeper=after_claim(state, fact.hypothesis))
    return to_stage(wishing, g.Drafted(fact.hypothesis, fact.edit, Origin.PROPOSED, tries))


def _gave_nothing(state: RunState, fact: r.GaveNothing) -> RunState:
    return to_stage(state, g.Empty(fact.why))


def _amended_nothing(state: RunState, _: r.GaveNothing) -> RunState:
    stage = at(state, g.Runnable, g.Broken, g.Wrong, g.Weighed)
    if isinstance(stage, g.Runnable):  # it stands by its candidate, which is measured as it is
        return to_stage(state, replace(stage, tries=_one_try_less(stage), doubt=""))
    return to_stage(state, replace(stage, tries=_one_try_less(stage)))


def _checked(state: RunState, fact: r.Checked) -> RunState:
    stage = at(state, g.Drafted)
    return to_stage(state, after_check(stage, fact))


def _refused_edit(state: RunState, fact: r.Refused) -> RunState:
    stage = at(state, g.Drafted)
    return to_stage(state, g.Barred(fact.rule, fact.why, fact.cheat, stage.tries, stage.origin, stage.hypothesis))


def _refused_run(state: RunState, fact: r.Refused) -> RunState:
    """What the run itself showed (a changed row set, for instance) is never sent back."""
    stage = at(state, g.Runnable, g.Right, g.Weighed, g.Vetted)
    barred = g.Barred(fact.rule, fact.why, True, stage.tries, stage.candidate.origin, stage.hypothesis)
    return to_stage(state, barred)


def _edited(state: RunState, fact: r.Edited) -> RunState:
    stage = at(state, g.Runnable, g.Broken, g.Wrong, g.Weighed)
    hypothesis = stage.hypothesis
    if isinstance(stage, g.Weighed):  # a split is for the classes that gained, whatever the hypothesis was about
        gaining = tuple(c.key for c in stage.verdict.classes if c.outcome is Outcome.BETTER)
        hypothesis = replace(hypothesis, targets=gaining or hypothesis.targets)
    return to_stage(state, g.Drafted(hypothesis, fact.edit, fact.origin, _one_try_less(stage)))


def _one_try_less(stage: g.Runnable | g.Broken | g.Wrong | g.Weighed) -> Tries:
    """Use up the try that this stage asks the proposer for: a second look, a quick fix, a repair, the split."""
    if isinstance(stage, g.Runnable):
        return replace(stage.tries, looks=stage.tries.looks + 1)
    if isinstance(stage, g.Broken):
        return replace(stage.tries, fixes=stage.tries.fixes + 1)
    if isinstance(stage, g.Wrong):
        return replace(stage.tries, repairs=stage.tries.repairs + 1)
    return replace(stage.tries, is_split=True)


def _benched(state: RunState, fact: f.Benched) -> RunState:
    stage = at(state, g.Runnable)
    right = g.Right(stage.hypothesis, stage.candidate, fact.run, stage.tries)
    return replace(state, stage=right, bank=state.measurements)


def _benched_wrong(state: RunState, fact: f.BenchedWrong) -> RunState:
    stage = at(state, g.Runnable, g.Right)
    told = (fact.why, stage.tries, fact.log_tail, fact.rows, fact.us)
    return to_stage(state, g.Wrong(stage.hypothesis, stage.candidate, *told))


def _broke(state: RunState, fact: f.Broke) -> RunState:
    stage = at(state, g.Runnable, g.Right, g.Timed)
    broken = g.Broken(stage.hypothesis, stage.candidate, fact.kind, fact.why, fact.trivial, stage.tries, fact.log_tail)
    return to_stage(state, broken)


def _measured(state: RunState, fact: f.Measured) -> RunState:
    stage = at(state, g.Right)
    timed = g.Timed(stage.hypothesis, stage.candidate, stage.run, fact.measurement, fact.trace, stage.tries)
    return to_stage(banked(state, fact), timed)


def _judged(state: RunState, fact: f.Judged) -> RunState:
    stage = at(state, g.Timed)
    parts = (stage.hypothesis, stage.candidate, stage.run, fact.verdict, stage.trace, stage.tries)
    return replace(state, stage=g.Weighed(*parts, stage.measurement), bank=None)


def _formatted(state: RunState, fact: r.Formatted) -> RunState:
    stage = at(state, g.Weighed)
    return to_stage(state, g.Runnable(stage.hypothesis, fact.candidate, replace(stage.tries, is_formatted=True)))


def _format_failed(state: RunState, _: r.FormatFailed) -> RunState:
    """A missing formatter must not cost a win: the candidate goes on as it is, and is measured again all the same."""
    stage = at(state, g.Weighed)
    return to_stage(state, g.Runnable(stage.hypothesis, stage.candidate, replace(stage.tries, is_formatted=True)))


def _keep_sealed(state: RunState, fact: r.Sealed) -> RunState:
    stage = at(state, g.Weighed, g.Vetted)
    passes = stage.passes if isinstance(stage, g.Vetted) else 0  # old runs knew no re-checks
    parts = (stage.hypothesis, stage.candidate, stage.run, stage.verdict, stage.trace)
    return to_stage(state, g.KeepSealed(*parts, fact.old, fact.new, passes))


def _explained(state: RunState, fact: r.Explained) -> RunState:
    stage = at(state, g.Vetted)
    return to_stage(state, replace(stage, message=fact.message))


def _rechecked(state: RunState, _: r.Rechecked) -> RunState:
    stage = at(state, g.Weighed, g.Vetted)
    passes = stage.passes + 1 if isinstance(stage, g.Vetted) else 1
    parts = (stage.hypothesis, stage.candidate, stage.run, stage.verdict, stage.trace, stage.tries)
    return to_stage(state, g.Vetted(*parts, passes, measurement=stage.measurement))


def _kept(state: RunState, fact: r.Kept) -> RunState:
    stage = at(state, g.KeepSealed)
    claimed = (state.best.claimed if state.best else 1.0) * (stage.verdict.overall_ratio or 1.0)
    best = Best(fact.commit, stage.candidate.commit, stage.run, state.round, stage.trace, claimed)
    return replace(state, stage=g.Ready(), best=best, bests=(*state.bests, best), bank=None)


def _dropped(state: RunState, _: r.Dropped) -> RunState:
    """Between rounds best is what stands on the branch, whatever this round was told against."""
    return replace(state, stage=g.Ready(), best=state.branch_best, moved_on=None, bank=None)


ROUND_MOVES: Moves = {
    **REBASE_MOVES,
    (g.Ready, r.RoundOpened): _opened,
    (g.HeadlineTimed, r.RoundOpened): _opened_without_headline,
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
    (g.Runnable, r.Edited): _edited,
    (g.Runnable, r.GaveNothing): _amended_nothing,
    (g.Broken, r.Edited): _edited,
    (g.Broken, r.GaveNothing): _amended_nothing,
    (g.Wrong, r.Edited): _edited,
    (g.Wrong, r.GaveNothing): _amended_nothing,
    (g.Right, f.Measured): _measured,
    (g.Right, f.BenchedWrong): _benched_wrong,
    (g.Right, f.Broke): _broke,
    (g.Right, r.Refused): _refused_run,
    (g.Timed, f.Judged): _judged,
    (g.Timed, f.Broke): _broke,
    (g.Weighed, r.Edited): _edited,
    (g.Weighed, r.GaveNothing): _amended_nothing,
    (g.Weighed, r.Formatted): _formatted,
    (g.Weighed, r.FormatFailed): _format_failed,
    (g.Weighed, r.Sealed): _keep_sealed,
    (g.Weighed, r.Rechecked): _rechecked,
    (g.Weighed, r.Refused): _refused_run,
    (g.Vetted, r.Rechecked): _rechecked,
    (g.Vetted, r.Explained): _explained,
    (g.Vetted, r.Refused): _refused_run,
    (g.Vetted, r.Sealed): _keep_sealed,
    (g.KeepSealed, r.Kept): _kept,
    **{
        (stage, r.Dropped): _dropped
        for stage in (
            g.Opened, g.Drafted, g.Barred, g.Empty, g.Runnable, g.Broken, g.Wrong, g.Right, g.Timed, g.Weighed,
            g.Vetted,
        )
    },
}  # fmt: skip
