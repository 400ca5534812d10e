"""What is remembered of a round: claim, places, prediction, outcome, and what it had been asked for."""

from msgspec.structs import replace

from kernel_opt.model.explore import Aim, Ask
from kernel_opt.model.hypothesis import Prediction
from kernel_opt.model.lesson import Finding
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Empty, Runnable, Tries, Weighed
from kernel_opt.model.state import RunState
from kernel_opt.model.verdict import Condition, Outcome, Term
from kernel_opt.rules.trials import WHY_CAP, note_trial
from tests.fakes import KEYS, bench_run, candidate, hypothesis, verdict

CLAIM = replace(hypothesis(targets=KEYS[:1]), prediction=Prediction(size_pct=5.0))


def test_a_measured_round() -> None:
    """Everything that later rounds look it up by."""
    term = Term(column="block_size", operator="==", values=("16",))
    found = replace(verdict(Outcome.DIVERGING), condition=Condition(terms=(term,)))
    one = replace(candidate(), touched=("decode",))
    state = RunState(
        round=7, ask=Ask(aim=Aim.RADICAL), stage=Weighed(CLAIM, one, bench_run(), found, None, Tries())
    )  # fmt: skip
    trial = note_trial(state, CLAIM, Ending.DIVERGING, "w" * 999)
    assert (trial.round, trial.sentence, trial.aim) == (7, "tile by 64", Aim.RADICAL)
    assert (trial.bottlenecks, trial.targets, trial.files, trial.touched) == (
        ("h1",), KEYS[:1], ("kernels/pa.py",), ("decode",),
    )  # fmt: skip
    assert (trial.predicted_pct, round(trial.gain_pct or 0, 6), trial.finding) == (5.0, 2.0, Finding.INCONCLUSIVE)
    assert round(trial.uncertainty_pct or 0, 6) == 0.5
    assert trial.condition == "block_size == 16"
    assert len(trial.why) == WHY_CAP
    assert len(trial.ratios) == 2


def test_a_round_without_numbers() -> None:
    """Unknown is None; old runs asked for nothing."""
    for stage in (Runnable(CLAIM, candidate(), Tries()), Empty("nothing")):
        trial = note_trial(RunState(stage=stage), CLAIM, Ending.FAILED, "why")
        assert (trial.gain_pct, trial.uncertainty_pct, trial.ratios, trial.aim) == (None, None, (), Aim.EXPLOIT)
        assert trial.finding is Finding.INCONCLUSIVE
    unread = replace(verdict(), target_ratio=None)
    bare = replace(verdict(), target_interval=None)
    stage = Weighed(CLAIM, candidate(), bench_run(), unread, None, Tries())
    assert note_trial(RunState(stage=stage), CLAIM, Ending.UNCLEAR, "").gain_pct is None
    stage = replace(stage, verdict=bare)
    assert note_trial(RunState(stage=stage), CLAIM, Ending.UNCLEAR, "").uncertainty_pct is None
