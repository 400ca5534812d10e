"""What is remembered of a round for all that come after it."""

from kernel_opt.model import stages as g
from kernel_opt.model.explore import Aim
from kernel_opt.model.hypothesis import Candidate, Hypothesis
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import RunState, Trial
from kernel_opt.model.verdict import Verdict
from kernel_opt.rules.memory.learned import find_finding, predicted_gain_pct

WHY_CAP = 300  # characters; the whole reason stands in the round's own record


def note_trial(state: RunState, claim: Hypothesis, ending: Ending, why: str) -> Trial:
    """Return the lesson of the round that ends now."""
    stage = state.stage
    verdict = stage.verdict if isinstance(stage, g.Weighed | g.Vetted | g.KeepSealed) else None
    candidate: Candidate | None = getattr(stage, "candidate", None)
    gain_pct, uncertainty_pct = _measured(verdict)
    # Later ratios are told against the last keep before them: one that was told against an older best would mislead.
    classes = verdict.classes if verdict and state.moved_on is None else ()
    return Trial(
        sentence=claim.sentence,
        ending=ending,
        ratios=tuple((one.key, one.ratio) for one in classes if one.ratio is not None),
        round=state.round,
        why=why[:WHY_CAP],
        bottlenecks=claim.bottlenecks,
        targets=claim.targets,
        files=candidate.files if candidate else (),
        touched=candidate.touched if candidate else (),
        aim=state.ask.aim if state.ask else Aim.EXPLOIT,
        finding=find_finding(claim, verdict),
        predicted_pct=predicted_gain_pct(claim.prediction),
        gain_pct=gain_pct,
        uncertainty_pct=uncertainty_pct,
        condition=verdict.condition.text if verdict and verdict.condition else "",
    )


def _measured(verdict: Verdict | None) -> tuple[float | None, float | None]:
    if verdict is None or verdict.target_ratio is None:
        return None, None
    interval = verdict.target_interval
    return 100 * (1 - verdict.target_ratio), None if interval is None else 50 * abs(interval[1] - interval[0])
