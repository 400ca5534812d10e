"""Which facts may answer which step: anything else is an infrastructure fault, never believed."""

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import steps as s

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
    s.Format: (r.Formatted, r.FormatFailed, f.Faulted),
    s.Seal: (r.Sealed, f.Faulted),
    s.Publish: (r.BaselineKept, r.Kept, f.Stopped, f.Faulted),
    s.Drop: (r.Dropped, f.Faulted),
    s.Finish: (f.Stopped,),
    s.PlanStop: (f.StopPlanned,),
    s.Close: (),
}
"""Every step may besides be interrupted by a person: see ANY_TIME."""

ANY_TIME: tuple[type[f.Fact], ...] = (f.DaemonStarted, f.StopAsked, f.Paused, f.Unpaused)


def fits(step: s.Step, fact: f.Fact) -> bool:
    """Say whether ``fact`` is an answer to ``step``."""
    if isinstance(step, s.Judge):
        wanted = {f.Purpose.NOISE: f.NoiseJudged, f.Purpose.ROUND: f.Judged, f.Purpose.HEADLINE: f.HeadlineJudged}
        may_break = step.purpose is f.Purpose.ROUND and isinstance(fact, f.Broke)
        return isinstance(fact, (wanted[step.purpose], f.Faulted, *ANY_TIME)) or may_break
    if isinstance(step, s.Publish):
        published = {"baseline": r.BaselineKept, "keep": r.Kept, "stop": f.Stopped}
        return isinstance(fact, (published[step.purpose], f.Faulted, *ANY_TIME))
    if isinstance(step, s.Bench) and step.is_baseline and isinstance(fact, r.Refused):
        return False
    if isinstance(step, s.Measure) and step.purpose is not f.Purpose.ROUND and isinstance(fact, r.Refused):
        return False
    return isinstance(fact, (*ANSWERS[type(step)], *ANY_TIME))
