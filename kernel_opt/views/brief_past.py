"""What the brief tells of earlier rounds: what best is made of, predictions against outcomes, what led nowhere."""

from collections.abc import Sequence

from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Barred
from kernel_opt.model.state import RunState, Trial
from kernel_opt.rules.integrity.refusals import meaning_of
from kernel_opt.rules.memory.explore import find_near_misses, tries_since_keep
from kernel_opt.rules.memory.learned import calibrate
from kernel_opt.rules.memory.ledger import find_dead_ends, sum_up
from kernel_opt.rules.memory.relatives import claim_of, find_relatives
from kernel_opt.views.brief_tables import LINE_CAP
from kernel_opt.views.calibration import tell_calibration
from kernel_opt.views.format import clean_line, gain_text

DEAD_ENDS = 24  # told one by one; older ones are summed up by where they aimed
PLACES = 8
KEPT = 30
PROBES = 5


def past_facts(state: RunState, min_effect_pct: float) -> dict[str, object]:
    """Return the run's memory as plain data."""
    trials = state.trials
    shown = {past.round for past in state.lookbacks}
    near = find_near_misses(tries_since_keep(trials), min_effect_pct)
    probes = [one for one in trials if one.ending is Ending.PROBED]
    dead = [one for one in find_dead_ends(trials) if one.round not in shown and one not in (*near, *probes)]
    return {
        "kept": [tell_trial(one) for one in trials if one.ending is Ending.KEPT][-KEPT:],
        "dead_ends": [tell_trial(one) for one in dead[-DEAD_ENDS:]],
        "older": _older(dead[:-DEAD_ENDS]),
        "near_misses": [tell_trial(one) for one in near],
        "probes": [f"round {one.round}: {_line(one.sentence)} ({_line(one.why)})" for one in probes[-PROBES:]],
        "diverged": _diverged(trials),
        "relatives": _relatives(state),
        "calibration": tell_calibration(calibrate(trials)),
        "lookbacks": _lookbacks(state),
    }


def tell_trial(trial: Trial) -> str:
    """Return an earlier try in one line: round, claim, what was predicted, what was measured, how it ended."""
    told = [f"round {trial.round}: {_line(trial.sentence)}"] if trial.round else [_line(trial.sentence)]
    figures = tell_figures(trial)
    return f"{told[0]} ({trial.ending.value}{'; ' + figures if figures else ''})"


def tell_figures(trial: Trial) -> str:
    """Return prediction against outcome in words; empty when neither is known."""
    told: list[str] = []
    if trial.predicted_pct is not None:
        told.append(f"predicted {abs(trial.predicted_pct):g} %{_way(trial.predicted_pct)}")
    if trial.gain_pct is not None:
        measured = gain_text(abs(trial.gain_pct), trial.uncertainty_pct)
        told.append(f"measured {measured}{_way(trial.gain_pct)}, {trial.finding.value}")
    return ", ".join(told)


def _way(gain_pct: float) -> str:
    return " faster" if gain_pct > 0 else " slower" if gain_pct < 0 else ""


def _line(text: str) -> str:
    return clean_line(text)[:LINE_CAP]


def _lookbacks(state: RunState) -> list[dict[str, object]]:
    """Return the last rounds, the newest first; refusals also in plain words."""
    told = {trial.round: trial for block in state.trial_blocks[-2:] for trial in block}
    return [
        {
            "round": past.round,
            "ending": past.ending.value + (", given up later: it did not hold" if past.is_given_up else ""),
            "sentence": _line(past.sentence),
            "why": _line(past.why),
            "figures": tell_figures(told[past.round]) if past.round in told else "",
            "meaning": meaning_of(past.why) if past.ending is Ending.REFUSED else "",
        }
        for past in reversed(state.lookbacks)
    ]


def _older(dead: Sequence[Trial]) -> list[str]:
    """Sum up the dead ends that are not told one by one."""
    return [
        f"{_line(row.place) or 'nothing named'}: {row.tries} tries"
        + (f", at best {row.best_pct:.1f} % faster" if row.best_pct else "")
        for row in sum_up(dead, PLACES)
    ]


def tried_at(trials: Sequence[Trial]) -> dict[str, str]:
    """Return, for each bottleneck that was ever aimed at, how often and how that ended the last times."""
    return {
        row.place: f"{row.tries}x, last " + ", ".join(f"r{number} {ending.value}" for number, ending in row.last)
        for row in sum_up(trials, most=10_000, recent=2)
    }


def _diverged(trials: Sequence[Trial]) -> list[str]:
    """Return what told gaining classes from losing ones, where that was found: each condition once."""
    split = [one for one in trials if one.condition]
    return list(dict.fromkeys(f"{_line(one.condition)} gained ({_line(one.sentence)})" for one in reversed(split)))[:3]


def _relatives(state: RunState) -> list[str]:
    """Return the earlier tries that the barred proposal is nearest to."""
    claim: Hypothesis | None = state.stage.hypothesis if isinstance(state.stage, Barred) else None
    if claim is None:
        return []
    return [tell_trial(one.trial) for one in find_relatives(claim_of(claim), state.trials)]
