"""What happens in a run, one line a fact."""

from kernel_opt.cli.demo_gains import overall_speed_up, times_text
from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.facts import Fact, Purpose
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.state import RunState
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.regress import geometric_mean_us
from kernel_opt.views.format import clean_line, count, us_text
from kernel_opt.views.learned import change_text

Line = tuple[str, str, str]
"""Label, text, and what it means to a person: good, warn, bad, dim, or nothing."""

_COLOURS = {Outcome.BETTER: "good", Outcome.WORSE: "warn", Outcome.DIVERGING: "warn"}


def tell_fact(fact: Fact, state: RunState) -> Line | None:
    """Return the line of a fact; None for what goes without saying."""
    return _tell_round(fact, state) or _tell_run(fact, state) or _tell_trouble(fact)


def _tell_round(fact: Fact, state: RunState) -> Line | None:
    match fact:
        case r.Proposed():
            sentence = clean_line(fact.hypothesis.sentence)
            return f"round {state.round}", f"{fact.proposer.split(',')[0]}: {sentence}", "strong"
        case f.Judged():
            return "judged", tell_verdict(fact.verdict), _COLOURS.get(fact.verdict.outcome, "")
        case r.Edited():
            return _EDITS.get(fact.origin, "edited"), f"of {count(len(fact.edit.changes), 'file')}", "warn"
        case f.BenchedWrong():
            return "wrong", clean_line(fact.why), "warn"
        case f.Broke():
            return "failed", clean_line(fact.why), "warn"
        case r.Refused():
            return "refused", clean_line(f"{fact.rule}: {fact.why}"), "bad"
        case r.Kept():
            return "KEPT", f"now {times_text(overall_speed_up(state))} as fast as the kernel as found", "good"
        case r.Dropped():
            return "dropped", f"{fact.ending.value}: {clean_line(fact.why)}", "dim"
        case _:
            return None


_EDITS = {
    Origin.REPAIR: "repair",
    Origin.SPLIT: "split",
    Origin.QUICK_FIX: "quick fix",
    Origin.LOOK_AGAIN: "second look",
}


def _tell_run(fact: Fact, state: RunState) -> Line | None:
    match fact:
        case f.Benched(classes=(_, *_)):
            rows = fact.run.rows
            size = f"{count(len(rows), 'config')} in {count(len(fact.classes), 'class', 'classes')}"
            mean = f"{us_text(geometric_mean_us(rows))} us (geometric mean)"
            return "baseline", f"the kernel as found is right: {size}, {mean}", ""
        case f.NoiseJudged():
            known = [pct for pct in fact.detectable_pct.values() if pct is not None]
            text = f"changes from {max(known):.1f} % up can be told in every class" if known else "unknown"
            return "noise", text, ""
        case f.HeadlineJudged():
            pairs, speed_up = count(fact.verdict.pairs, "pair"), times_text(overall_speed_up(state))
            return "afresh", f"best against the kernel as found, in {pairs}: {speed_up}", "good"
        case f.StopPlanned():
            return "ending", clean_line(fact.reason), "dim"
        case f.DaemonStarted() if state.round:
            return "resumed", f"goes on in round {state.round}", ""
        case _:
            return None


def _tell_trouble(fact: Fact) -> Line | None:
    match fact:
        case f.NoIdleGpu():
            return "waiting", clean_line(f"no core is free: {'; '.join(fact.why)}"), "warn"
        case f.Disturbed():
            return "disturbed", clean_line(f"measured again: {'; '.join(fact.why)}"), "warn"
        case f.Faulted():
            return "fault", clean_line(f"{fact.kind}: {fact.why}"), "bad"
        case f.ProposerAway():
            return "no idea", clean_line(fact.why), "dim"
        case r.GaveNothing():
            return "nothing", clean_line(fact.why), "dim"
        case f.Measured(purpose=Purpose.ROUND):
            spoilt = sum(1 for run in fact.measurement.runs if run.disturbed is not None)
            return ("disturbed", f"{count(spoilt, 'run')} had company and ran again", "warn") if spoilt else None
        case _:
            return None


def tell_verdict(verdict: Verdict) -> str:
    """Say what a verdict came to in few words."""
    change = change_text(verdict.target_ratio, verdict.target_interval)
    text = f"{verdict.outcome.value}: {change}, {count(verdict.pairs, 'pair')}"
    gaining = sum(1 for one in verdict.classes if one.outcome is Outcome.BETTER)
    losing = sum(1 for one in verdict.classes if one.outcome is Outcome.WORSE)
    if verdict.outcome is not Outcome.DIVERGING:
        return text
    return f"{text}; classes disagree ({gaining} gain, {losing} lose), so that it must be split"
