"""Which facts may answer which step: anything else is an infrastructure fault, never believed."""

import msgspec

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import steps as s
from kernel_opt.model.round_facts import Ending

_GPU: tuple[type[f.Fact], ...] = (f.NoIdleGpu, f.Disturbed, f.Faulted)
_BAD_RUN: tuple[type[f.Fact], ...] = (f.BenchedWrong, f.Broke)
_PROPOSER: tuple[type[f.Fact], ...] = (r.GaveNothing, f.ProposerAway, f.Faulted)

ANSWERS: dict[type[s.Step], tuple[type[f.Fact], ...]] = {
    s.Wait: (f.Waited,),
    s.Rest: (f.Unpaused,),
    s.Bench: (f.Benched, r.Refused, *_BAD_RUN, *_GPU),
    s.Measure: (f.Measured, r.Refused, *_BAD_RUN, *_GPU),
    s.Judge: (f.Judged, f.NoiseJudged, f.HeadlineJudged, f.Broke, f.Faulted),
    s.Profile: (f.Traced, *_GPU),
    s.OpenRound: (r.RoundOpened, f.Faulted),
    s.Propose: (r.Proposed, *_PROPOSER),
    s.Check: (r.Checked, r.Refused, f.Faulted),
    s.Amend: (r.Edited, *_PROPOSER),
    s.Explain: (r.Explained,),
    s.Format: (r.Formatted, r.FormatFailed, f.Faulted),
    s.Recheck: (r.Rechecked, r.Refused, *_GPU),
    s.Rebase: (r.Rebased, r.Dropped, f.Faulted),
    s.Seal: (r.Sealed, f.Faulted),
    s.Publish: (r.BaselineKept, r.Kept, r.RolledBack, f.Stopped, f.Faulted),
    s.Drop: (r.Dropped, f.Faulted),
    s.Finish: (f.Stopped,),
    s.PlanStop: (f.StopPlanned,),
    s.Close: (),
}
"""Every step may besides be interrupted by a person: see ANY_TIME."""

ANY_TIME: tuple[type[f.Fact], ...] = (f.DaemonStarted, f.StopAsked, f.Paused, f.Unpaused)


_PUBLISHED: dict[str, type[f.Fact]] = {
    "baseline": r.BaselineKept, "keep": r.Kept, "rollback": r.RolledBack, "stop": f.Stopped,
}  # fmt: skip
_JUDGED: dict[f.Purpose, type[f.Fact]] = {
    f.Purpose.NOISE: f.NoiseJudged,
    f.Purpose.ROUND: f.Judged,
    f.Purpose.HEADLINE: f.HeadlineJudged,
}


def fits(step: s.Step, fact: f.Fact) -> bool:
    """Say whether ``fact`` is an answer to ``step``: of a permitted kind, about the same thing, and fit to be kept."""
    if isinstance(fact, ANY_TIME):
        return _can_be_kept(fact)
    return isinstance(fact, _permitted(step)) and _is_about(step, fact) and _can_be_kept(fact)


def _permitted(step: s.Step) -> tuple[type[f.Fact], ...]:
    """Narrow the kinds down to what the step is for."""
    kinds = ANSWERS[type(step)]
    match step:
        case s.Bench():
            return _without(kinds, r.Refused) if step.is_baseline else kinds
        case s.Measure():
            return kinds if step.purpose is f.Purpose.ROUND else _without(kinds, r.Refused)
        case s.Judge():
            breaks = (f.Broke,) if step.purpose is f.Purpose.ROUND else ()
            return (_JUDGED[step.purpose], *breaks, f.Faulted)
        case s.Publish():
            return (_PUBLISHED[step.purpose], f.Faulted)
        case _:
            return kinds


def _without(kinds: tuple[type[f.Fact], ...], unwanted: type[f.Fact]) -> tuple[type[f.Fact], ...]:
    return tuple(kind for kind in kinds if kind is not unwanted)


def _is_about(step: s.Step, fact: f.Fact) -> bool:
    """Say whether the answer speaks of the commit, round or purpose that the step named."""
    match step, fact:
        case s.Bench(), f.Benched():
            return fact.run.commit == step.commit
        case s.Bench(), f.BenchedWrong() | f.Broke():
            return fact.commit == step.commit
        case s.Measure(), f.BenchedWrong() | f.Broke():
            # A best that fails in the middle of a round is a fault of the machine, never the candidate's.
            return fact.commit == step.candidate or (fact.commit == step.best and step.purpose is not f.Purpose.ROUND)
        case s.Measure(), f.Measured():
            return fact.purpose is step.purpose
        case s.Profile(), f.Traced():
            return fact.commit == step.commit
        case s.OpenRound(), r.RoundOpened():
            return fact.round == step.round
        case s.Amend(), r.Edited():
            return fact.origin is step.origin
        case _:
            return _is_about_the_end(step, fact)


def _is_about_the_end(step: s.Step, fact: f.Fact) -> bool:
    """Say the same of the steps that decide what becomes of a candidate."""
    match step, fact:
        case s.Recheck(), r.Rechecked():
            return fact.commit == step.candidate.commit
        case s.Seal(), r.Sealed():
            return fact.purpose == step.purpose
        case s.Publish(), r.BaselineKept() | r.Kept() | r.RolledBack():
            return fact.commit == step.new
        case s.Publish(), f.Stopped():
            return fact.best == step.new
        case s.Rebase(), r.Rebased():
            return fact.onto == step.onto and (fact.edit is not None) == bool(step.tree)
        case s.Rebase(), r.Dropped():
            return fact.ending is Ending.REBASE_LOST
        case s.Drop(), r.Dropped():
            return fact.ending is step.ending
        case _:
            return True


def _can_be_kept(fact: f.Fact) -> bool:
    """Say whether the journal could give the fact back: NaN and lone surrogates have no JSON."""
    try:
        msgspec.json.decode(msgspec.json.encode(fact), type=type(fact))
    except (ValueError, TypeError):
        return False
    return True
