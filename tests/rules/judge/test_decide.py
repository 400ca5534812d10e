"""Promises of the judge: when it keeps, when it stops, and what can never make it keep."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model.errors import UsageError
from kernel_opt.model.judging import JudgeLimits, Redo, RunArm
from kernel_opt.model.measurement import Arm, Measurement, Metric
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.judge.bank import Bank
from kernel_opt.rules.judge.decide import next_measurement
from kernel_opt.rules.judge.headline import remeasure_headline
from tests.judging import A, B, Card, classes_of, flat, measured, play, rescaled, swapped

FIRST = ("block_size=0",)
TYPICAL = 0.007


def card(gains: dict[int, float], count: int = 4, sd: float = TYPICAL, seed: int = 1) -> Card:
    """Return a typical card with so many classes."""
    return Card(classes_of(count), gains, [sd] * count, seed)


def verdict_of(*runs: object, count: int = 1, **more: object) -> object:
    """Ask about these runs with an empty bank."""
    return next_measurement(measured(*runs), Bank(), classes_of(count), (), JudgeLimits(**more))  # type: ignore[arg-type]


def test_the_candidate_runs_first() -> None:
    """Against the bank its first run alone may show that it is worth no second one."""
    answer = next_measurement(Measurement(best="best", candidate="candidate"), Bank(), classes_of(1))
    assert isinstance(answer, RunArm)
    assert answer.arm is B


@pytest.mark.parametrize("seed", range(6))
def test_the_plan_is_mirrored(seed: int) -> None:
    """BBAA and then BAAB, so that a drift falls on both builds alike."""
    _, measurement = play(card({0: 0.012}, count=1, sd=0.02, seed=seed), (), JudgeLimits(max_redos=0))
    arms = "".join("A" if run.arm is A else "B" for run in measurement.runs)
    assert ("BBAA" + "BAAB" * 8).startswith(arms)


@pytest.mark.parametrize("seed", range(5))
def test_a_clear_gain_is_kept_and_shrunk(seed: int) -> None:
    """5 % is better, with an interval around it, and no more is recorded than was seen."""
    verdict, _ = play(card({0: 0.05}, seed=seed), FIRST)
    assert verdict.outcome is Outcome.BETTER
    assert verdict.target_ratio is not None
    assert verdict.target_interval is not None
    assert verdict.target_interval[0] < verdict.target_ratio < verdict.target_interval[1] < 1
    assert 0 < verdict.gain_pct <= 100 * (1 - verdict.target_ratio)
    assert "faster" not in verdict.sentence or "script" not in verdict.sentence


@pytest.mark.parametrize("seed", range(5))
def test_a_clear_loss_costs_few_runs(seed: int) -> None:
    """A candidate 8 % slower is worse after two or three runs, and nothing is recorded as gained."""
    verdict, measurement = play(card({0: -0.08}, seed=seed), FIRST)
    assert verdict.outcome is Outcome.WORSE
    assert len(measurement.runs) <= 4
    assert verdict.gain_pct == 0


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 10.0])
def test_extreme_candidates_end_soon(factor: float) -> None:
    """Four times faster or ten times slower takes no more runs than a few percent."""
    verdict, measurement = play(card({0: -math.log(factor)}), FIRST)
    assert verdict.outcome is (Outcome.BETTER if factor < 1 else Outcome.WORSE)
    assert len(measurement.runs) <= 14


def test_nothing_changed_is_not_kept() -> None:
    """Of 60 candidates that change nothing, at most one is kept, and few cost more than twelve runs."""
    ends = [play(card({}, seed=seed), FIRST) for seed in range(60)]
    assert sum(one.outcome is Outcome.BETTER for one, _ in ends) <= 1
    assert sum(len(measurement.runs) > 12 for _, measurement in ends) < 15


def test_a_global_gain_is_the_mean_over_the_classes() -> None:
    """Without a target the geometric mean over all classes decides."""
    verdict, _ = play(card(dict.fromkeys(range(4), 0.03)))
    assert verdict.outcome is Outcome.BETTER
    assert verdict.targets == ()
    assert verdict.overall_ratio == verdict.target_ratio


def test_a_gain_that_another_class_pays_for_is_diverging() -> None:
    """The target gains, a class loses: not kept, repeated, and what separates them is said."""
    verdict, _ = play(card({0: 0.05, 2: -0.06}), FIRST)
    assert verdict.outcome is Outcome.DIVERGING
    assert verdict.pairs >= 4
    assert verdict.condition is not None
    assert verdict.condition.text == "block_size == 0"
    assert [one.key for one in verdict.classes if one.outcome is Outcome.WORSE] == ["block_size=2"]


def test_gains_and_losses_that_cancel_are_diverging() -> None:
    """No gain over all, yet half the classes gain what the others lose: that is worth a split, not a tie."""
    verdict, _ = play(card({0: 0.06, 1: 0.06, 2: -0.06, 3: -0.06}))
    assert verdict.outcome is Outcome.DIVERGING
    assert verdict.condition is not None
    assert verdict.condition.text == "block_size <= 1"


def test_a_class_ten_times_noisier_neither_blocks_nor_carries() -> None:
    """Its luck does not block a keep, and does not make one."""
    sds = [TYPICAL, TYPICAL, TYPICAL, 10 * TYPICAL]
    kept = [play(Card(classes_of(4), {0: 0.05}, sds, seed), FIRST)[0].outcome for seed in range(12)]
    assert kept.count(Outcome.BETTER) >= 10
    idle = [play(Card(classes_of(4), {}, sds, seed), FIRST)[0].outcome for seed in range(12)]
    assert Outcome.BETTER not in idle


def test_the_cap_without_a_decision_is_unclear() -> None:
    """At most so many pairs are spent; then it is said that it is not known."""
    verdict, _ = play(card({0: 0.012}, sd=0.03), FIRST, JudgeLimits(max_pairs=4, max_redos=0))
    assert verdict.outcome is Outcome.UNCLEAR
    assert verdict.pairs == 4
    assert "not enough evidence" in verdict.sentence


@pytest.mark.parametrize(
    ("opening", "plan"),
    [([B], [B, B, A, A, B, A, A, B]), ([A], [A, A, B, B, B, A, A, B]), ([B, A], [B, A, A, B, B, A, A, B])],
)
def test_whoever_is_first_is_last_in_the_opening_pairs(opening: list[Arm], plan: list[Arm]) -> None:
    """Begun with best, as a gain is confirmed, the opening is mirrored; after one run of each, blocks follow."""
    runs, times = list(opening), [100, 108, 100, 108, 107, 101, 101, 107]
    for n in range(len(opening), 8):
        answer = remeasure_headline(measured(*map(flat, runs, times[:n])), classes_of(1), JudgeLimits(max_redos=0))
        assert isinstance(answer, RunArm)
        runs.append(answer.arm)
    assert runs == plan


def test_best_alone_says_nothing_of_the_candidate() -> None:
    """A confirmation begins so."""
    answer = verdict_of(flat(A, 100))
    assert isinstance(answer, RunArm)
    assert answer.arm is A


def test_no_pair_allowed_is_unclear_at_once() -> None:
    """A cap of no pairs asks for nothing more, and invents nothing."""
    answer = verdict_of(flat(B, 100), max_pairs=0)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.UNCLEAR
    assert answer.target_ratio is None
    assert "was not measured" in answer.sentence


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(50, 200), min_size=2, max_size=16))
def test_identical_series_are_never_better(times: list[float]) -> None:
    """The same numbers for both builds never make a keep, whatever they are."""
    runs = [flat(arm, us) for us in times for arm in (B, A)]
    answer = verdict_of(*runs, max_redos=0, max_pairs=len(times))
    assert isinstance(answer, Verdict)
    assert answer.outcome in {Outcome.TIE, Outcome.UNCLEAR}


@pytest.mark.parametrize("gain", [0.05, 0.03, -0.05])
def test_swapping_the_builds_swaps_the_verdict(gain: float) -> None:
    """What is better one way round is worse the other way round, by the inverse ratio."""
    one = card({0: gain}, count=2)
    runs = [one.run(arm) for arm in (B, B, A, A, B, A, A, B)]
    limits = JudgeLimits(max_pairs=4, max_redos=0)
    forth = next_measurement(measured(*runs), Bank(), one.classes, FIRST, limits)
    back = next_measurement(swapped(measured(*runs)), Bank(), one.classes, FIRST, limits)
    assert isinstance(forth, Verdict)
    assert isinstance(back, Verdict)
    assert {forth.outcome, back.outcome} == {Outcome.BETTER, Outcome.WORSE}
    assert (forth.target_ratio or 0) * (back.target_ratio or 0) == pytest.approx(1)


@pytest.mark.parametrize("factor", [1e-3, 1e6])
def test_the_unit_does_not_matter(factor: float) -> None:
    """Seconds or nanoseconds: the same verdict, ratio and evidence."""
    one = card({0: 0.03}, count=2)
    _, measurement = play(one, FIRST, bank=Bank())
    plain = next_measurement(measurement, Bank(), one.classes, FIRST)
    scaled = next_measurement(rescaled(measurement, factor), Bank(), one.classes, FIRST)
    assert isinstance(plain, Verdict)
    assert isinstance(scaled, Verdict)
    assert plain.outcome is scaled.outcome
    assert plain.target_ratio == pytest.approx(scaled.target_ratio)
    assert plain.evidence == pytest.approx(scaled.evidence)


@pytest.mark.parametrize("extra", [0.0, 0.01, 0.03])
def test_more_evidence_never_turns_a_keep_into_worse(extra: float) -> None:
    """A candidate that is faster still by the same amount in every run stays better."""
    one = card({0: 0.04}, count=1)
    _, measurement = play(one, FIRST)
    quicker = tuple(
        flat(B, run.script_us[0].us * math.exp(-extra)) if run.arm is B else run for run in measurement.runs
    )
    answer = next_measurement(replace(measurement, runs=quicker), one.bank(), one.classes, FIRST)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.BETTER


@pytest.mark.parametrize("bad", [math.nan, 0.0, -1.0, math.inf])
@pytest.mark.parametrize("arm", [A, B])
def test_an_impossible_time_is_never_better(bad: float, arm: object) -> None:
    """NaN, zero, negative and endless times give no verdict but unclear, and say which row."""
    usual = {A: 100.0, B: 50.0}
    runs = [flat(one, bad if one is arm and turn == 1 else usual[one]) for turn in range(4) for one in (B, A)]
    answer = verdict_of(*runs)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.UNCLEAR
    assert "block_size=0" in answer.sentence


def test_a_missing_row_is_never_better() -> None:
    """A candidate that leaves out a config is not faster for it."""
    runs = [flat(B, 50, count=1), flat(B, 50, count=1), flat(A, 100, count=2), flat(A, 100, count=2)]
    answer = verdict_of(*runs, count=2)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.UNCLEAR
    assert answer.runs == 4


def test_five_hundred_classes_are_judged() -> None:
    """Many classes only raise the bar for blaming one of them."""
    verdict, _ = play(card({0: 0.05}, count=500), FIRST)
    assert verdict.outcome is Outcome.BETTER
    assert len(verdict.classes) == 500


def test_no_class_and_an_unknown_target_are_refused() -> None:
    """A question that cannot be answered is an error, and names what there is."""
    with pytest.raises(UsageError, match="no config class"):
        next_measurement(measured(), Bank(), ())
    with pytest.raises(UsageError, match="block_size=0"):
        next_measurement(measured(), Bank(), classes_of(1), ("mtp=1",))


def test_faster_by_script_alone_is_not_kept_and_said() -> None:
    """Script time improves, GPU time does not: not kept."""
    one = card({}, count=1, sd=0.002)
    runs = []
    for arm in (B, B, A, A):
        run = one.run(arm)
        quick = tuple(replace(row, us=row.us * (0.9 if arm is B else 1.0)) for row in run.script_us)
        runs.append(replace(run, script_us=quick))
    answer = next_measurement(measured(*runs), one.bank(), one.classes)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.TIE
    assert "faster by script time but not by GPU time" in answer.sentence


def without_gpu(runs: list[object], whole: dict[object, float] | None = None) -> list[object]:
    """Take away the GPU time per config."""
    return [
        replace(run, gpu_us=None, gpu_whole_us=None if whole is None else whole[run.arm])  # type: ignore[attr-defined,type-var]
        for run in runs
    ]


def test_script_time_alone_never_keeps_where_gpu_time_can_be_had() -> None:
    """The quick check may only discard."""
    runs = without_gpu([flat(arm, 90 if arm is B else 100) for arm in (B, B, A, A)])
    answer = verdict_of(*runs)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.UNCLEAR
    assert "no GPU time" in answer.sentence
    assert isinstance(verdict_of(*runs, gpu_time=False), Verdict)
    assert verdict_of(*runs, gpu_time=False).outcome is Outcome.BETTER  # type: ignore[union-attr]


def test_script_time_may_discard() -> None:
    """A candidate slower by script is dropped before any trace."""
    runs = without_gpu([flat(arm, 120 if arm is B else 100) for arm in (B, B, A, A)])
    answer = verdict_of(*runs)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.WORSE
    assert answer.metric is Metric.SCRIPT


def test_the_whole_kernel_decides_when_classes_cannot_be_told_apart() -> None:
    """GPU time over the whole run is the target, script time watches the classes."""
    runs = without_gpu([flat(arm, 100, count=2) for arm in (B, B, A, A)], {A: 1000.0, B: 900.0})
    answer = verdict_of(*runs, count=2)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.BETTER
    assert answer.metric is Metric.GPU_WHOLE
    assert "whole run" in answer.sentence


@pytest.mark.parametrize("bad", [math.nan, -1.0])
def test_an_impossible_whole_time_is_never_better(bad: float) -> None:
    """A failed trace is not a fast kernel."""
    runs = without_gpu([flat(arm, 100) for arm in (B, B, A, A)], {A: 1000.0, B: bad})
    answer = verdict_of(*runs)
    assert isinstance(answer, Verdict)
    assert answer.outcome is Outcome.UNCLEAR


def test_a_disturbed_run_is_redone_and_then_given_up() -> None:
    """A contaminated run counts for nothing; a machine that never gets quiet gives no verdict."""
    first = flat(B, 100, disturbed="another process is on the card")
    answer = verdict_of(first)
    assert answer == Redo(index=0, why="another process is on the card")
    again = [first, *(replace(first, redo_of=index) for index in range(2))]
    given_up = verdict_of(*again)
    assert isinstance(given_up, Verdict)
    assert given_up.outcome is Outcome.UNCLEAR
    assert "another process" in given_up.sentence


def test_a_change_of_card_starts_the_pairs_anew() -> None:
    """Runs on another card are never paired with these."""
    elsewhere = [flat(arm, 50 if arm is B else 100, card="card-1") for arm in (B, B, A, A)]
    answer = verdict_of(*elsewhere, flat(B, 100))
    assert isinstance(answer, RunArm)
    assert answer.arm is B


@pytest.mark.parametrize(("factor", "most"), [(0.9, 0), (0.94, 0), (0.97, 2)])
def test_a_stale_bank_makes_no_regressions(factor: float, most: int) -> None:
    """The machine is slower than it was: who is as fast as best beside it is no worse for that."""
    outcomes: list[Outcome] = []
    for seed in range(10):
        one = card({}, seed=seed)
        verdict, measurement = play(one, FIRST, bank=Bank().with_measurement(remembered(one, factor), one.classes))
        outcomes.append(verdict.outcome)
        assert verdict.outcome is not Outcome.WORSE or {run.arm for run in measurement.runs} == {A, B}
    assert outcomes.count(Outcome.WORSE) <= most


def test_the_bank_alone_is_believed_once() -> None:
    """Of two that it would drop in a row the second is seen beside best: else a stale bank drops them all."""
    one = card({}, sd=0.003)
    known = Bank().with_measurement(remembered(one, 1.0), one.classes)
    verdict, first = play(one, bank=known)
    assert (verdict.outcome, {run.arm for run in first.runs}) == (Outcome.TIE, {B})
    doubted = known.with_measurement(first, one.classes)
    verdict, second = play(one, bank=doubted)
    assert (verdict.outcome, [run.arm for run in second.runs]) == (Outcome.TIE, [B, A])
    assert {run.arm for run in play(one, bank=doubted.with_measurement(second, one.classes))[1].runs} == {B}


def test_a_loss_is_seen_beside_best() -> None:
    """Best runs at once, and once is enough where both witnesses agree."""
    one = card({0: -0.05, 1: -0.05}, sd=0.003)
    verdict, measurement = play(one, bank=Bank().with_measurement(remembered(one, 1.0), one.classes))
    assert (verdict.outcome, [run.arm for run in measurement.runs]) == (Outcome.WORSE, [B, A])


def remembered(one: Card, factor: float) -> Measurement:
    """Best on that card as it was, so many times as long as it is now."""
    runs = tuple(one.run(A) for _ in range(24))
    return rescaled(Measurement(best="best", candidate="best", runs=runs), factor)


@pytest.mark.parametrize("factor", [0.9, 1.2])
def test_a_stale_bank_cannot_make_a_keep(factor: float) -> None:
    """The bank says best was a tenth faster or a fifth slower: what changes nothing is kept by chance only."""
    kept = 0
    for seed in range(20):
        one = card({}, seed=seed)
        verdict, _ = play(one, FIRST, bank=Bank().with_measurement(remembered(one, factor), one.classes))
        kept += verdict.outcome is Outcome.BETTER
    assert kept <= 1
