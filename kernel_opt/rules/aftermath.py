"""What follows once a candidate was refused, broke, computed wrong numbers or was judged."""

from kernel_opt.model.hypothesis import Candidate, Origin
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import Barred, Broken, Runnable, Tries, Vetted, Weighed, Wrong
from kernel_opt.model.steps import Amend, Bench, Drop, Explain, Format, Propose, Recheck, Seal, Step
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.integrity.quarantine import wanted_passes

AMENDED = {
    Origin.QUICK_FIX: Ending.FAILED,
    Origin.LOOK_AGAIN: Ending.FAILED,
    Origin.REPAIR: Ending.WRONG,
    Origin.SPLIT: Ending.SPLIT_FAILED,
    Origin.REBASED: Ending.REBASE_LOST,
}
NO_GAIN = {Outcome.WORSE: Ending.REGRESSION, Outcome.TIE: Ending.TIE}


def after_refusal(stage: Barred, limits: Settings) -> Step:
    """Send a first slip back; a cheat, or an amendment that is not allowed, ends the round."""
    why = f"{stage.rule}: {stage.why}"
    if stage.cheat:
        return Drop(Ending.REFUSED, why)
    if stage.origin is Origin.PROPOSED and stage.tries.send_backs < limits.round.send_backs:
        return Propose(why)
    proposed = Ending.FAILED if stage.rule == "does-not-compile" else Ending.GAVE_NOTHING
    return Drop(AMENDED.get(stage.origin, proposed), why)


def after_break(stage: Broken, limits: Settings) -> Step:
    """Ask for the one quick fix where it is trivial."""
    if stage.kind == "split-unproved":
        return Drop(Ending.SPLIT_FAILED, stage.why)
    if stage.kind == "unused":
        return Drop(Ending.UNUSED, stage.why)
    if stage.tries.is_formatted:
        return Drop(Ending.FORMAT_LOST, f"does not run after formatting: {stage.why}")
    if stage.tries.has_won:
        return Drop(Ending.REBASE_LOST, f"does not run on top of the newer best: {stage.why}")
    if stage.trivial and stage.tries.fixes < limits.round.quick_fixes:
        return Amend(Origin.QUICK_FIX, stage.hypothesis, stage.candidate, stage.why)
    return Drop(Ending.FAILED, stage.why)


def after_compile(stage: Runnable) -> Step:
    """Ask the proposer once to look at what it compiles to where that got costlier; then it is measured as it is."""
    if stage.doubt:
        return Amend(Origin.LOOK_AGAIN, stage.hypothesis, stage.candidate, stage.doubt)
    return bench_candidate(stage)


def bench_candidate(stage: Runnable) -> Bench:
    """Run the candidate as it is."""
    return Bench(stage.candidate.commit, log_name(stage.candidate, stage.tries))


def after_wrong(stage: Wrong, limits: Settings) -> Step:
    """Ask for a repair while there are any left."""
    if stage.tries.is_formatted:
        return Drop(Ending.FORMAT_LOST, f"wrong after formatting: {stage.why}")
    if stage.tries.has_won:
        return Drop(Ending.REBASE_LOST, f"wrong on top of the newer best: {stage.why}")
    if stage.tries.repairs < limits.round.repairs:
        return Amend(Origin.REPAIR, stage.hypothesis, stage.candidate, stage.why)
    return Drop(Ending.WRONG, f"still wrong after {stage.tries.repairs} repairs: {stage.why}")


def after_verdict(stage: Weighed, limits: Settings) -> Step:
    """Format what is better, re-check what still is, split what diverges, drop all else."""
    verdict, tries = stage.verdict, stage.tries
    if is_keepable(verdict, stage.candidate, limits):
        return Recheck(stage.candidate, verdict, 1) if tries.is_formatted else Format(stage.candidate)
    if tries.is_formatted:
        return Drop(Ending.FORMAT_LOST, f"the gain did not outlast formatting: {verdict.sentence}")
    if tries.has_won:
        return Drop(Ending.REBASE_LOST, f"the gain is gone on top of the newer best: {verdict.sentence}")
    if tries.is_split:
        return Drop(Ending.SPLIT_FAILED, verdict.sentence)
    if verdict.outcome is Outcome.DIVERGING:
        return Amend(Origin.SPLIT, stage.hypothesis, stage.candidate, verdict.sentence)
    return Drop(NO_GAIN.get(verdict.outcome, Ending.UNCLEAR), verdict.sentence)


def after_recheck(stage: Vetted, limits: Settings) -> Step:
    """Seal what stood the re-checks as often as it must; a coding agent is asked first what the commit is to say."""
    if stage.passes < wanted_passes(stage.verdict, stage.candidate, limits.integrity):
        return Recheck(stage.candidate, stage.verdict, stage.passes + 1)
    if limits.agent.commit_message and stage.hypothesis.model and stage.message is None:
        return Explain(stage.hypothesis, stage.candidate, stage.verdict)
    return Seal("keep", stage.candidate.commit, stage.verdict)


def is_keepable(verdict: Verdict, candidate: Candidate, limits: Settings) -> bool:
    """Say whether the verdict is for keeping: better, or (if wished) simpler and shown to be not slower."""
    if verdict.outcome is Outcome.BETTER:
        return True
    if not limits.keep_simpler_ties or verdict.outcome is not Outcome.TIE or verdict.overall_interval is None:
        return False
    if any(one.outcome is Outcome.WORSE for one in verdict.classes):  # the overall number never overrides a class
        return False
    removes = candidate.lines_removed > candidate.lines_added
    return removes and verdict.overall_interval[1] <= 1 + limits.judge.min_effect_pct / 100


def log_name(candidate: Candidate, tries: Tries) -> str:
    """Name the log of a candidate's benchmark after what the candidate is."""
    if tries.is_formatted:  # also when the formatter could not run: the candidate's first log stays
        return "formatted.log"
    match candidate.origin:
        case Origin.PROPOSED:
            return "candidate.log"
        case Origin.REPAIR:
            return f"repair-{tries.repairs}.log"
        case _:
            return f"{candidate.origin.value}.log"
