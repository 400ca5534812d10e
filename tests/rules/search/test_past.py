"""What rounds tell of points: ratios chain over keeps, failures are known, other code teaches nothing."""

import math

import pytest
from msgspec.structs import replace

from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Timed
from kernel_opt.model.state import Trial
from kernel_opt.rules.search.past import PastTrial, find_point, name_point, points_of, read_past
from kernel_opt.rules.search.points import Seen
from kernel_opt.rules.tally import TRIALS_PER_BLOCK as FULL
from tests.fakes import KEYS, advance, at_every_stage


def tried(digits: tuple[int, ...], ending: str = "tie", **ratios: float) -> PastTrial:
    return PastTrial(f"Faster {name_point(digits)}.", ending, ratios)


def test_a_point_is_found_in_the_sentence_that_names_it() -> None:
    """And nothing else is."""
    assert find_point(f"x {name_point((3, 0, 12))}.") == (3, 0, 12)
    assert find_point("Larger tiles (knob point x)") is None
    assert find_point("Larger tiles") is None


def test_ratios_against_a_moving_best_chain() -> None:
    """A point measured after a keep is told against the kernel as found, class by class."""
    past = read_past(
        [
            tried((1, 1), "kept", a=0.5, b=0.8),
            PastTrial("Somebody else's idea", "kept", {"a": 0.5}),
            tried((2, 1), "regression", a=1.2, b=1.0),
        ]
    )
    assert past.best == pytest.approx({"a": math.log(0.25), "b": math.log(0.8)})
    assert past.best_levels == pytest.approx((math.log(0.25), math.log(0.8)))
    assert past.tried[0].levels == pytest.approx({"a": math.log(0.5), "b": math.log(0.8)})
    assert past.tried[1].levels == pytest.approx({"a": math.log(0.3), "b": math.log(0.8)})


def test_before_anything_is_measured_best_stands_at_nought() -> None:
    """One number, so that there is something to compare with."""
    past = read_past([])
    assert (past.tried, past.best_levels) == ((), (0.0,))


def test_points_teach_block_or_do_not_count() -> None:
    """Measured ones teach, broken ones warn, refused ones are only taken, faults of the machine do not count."""
    past = read_past(
        [
            tried((1, 1), "unclear", a=1.0, b=1.1),
            tried((1, 2), "wrong"),
            tried((1, 3), "gave-nothing"),
            tried((2, 1), "infrastructure"),
            tried((2, 2), "tie", a=1.0),
        ]
    )
    seen, taken = points_of(past, (0, 1), 2)
    assert seen == [Seen((0, 0), (0.0, pytest.approx(math.log(1.1)))), Seen((0, 1), None)]
    assert taken == {(0, 2), (1, 1)}


def test_points_of_other_knobs_teach_nothing() -> None:
    """They were of other code; the same holds for a settings file that declared other knobs."""
    past = read_past([tried((1, 0, 2), a=1.0), tried((1, 1, 2), a=1.0), tried((1, 1), a=1.0)])
    assert points_of(past, (0, 2), 3) == ([Seen((0, 1), (0.0,))], set())
    assert points_of(past, (0, 1, 2), 3) == ([Seen((0, 0, 1), (0.0,))], set())


def test_a_point_measured_again_counts_as_it_was_last() -> None:
    """A point that was cut off once and measured later is measured."""
    past = read_past([tried((1,), "gave-nothing"), tried((1,), "tie", a=1.0), tried((1,), "regression", a=2.0)])
    assert points_of(past, (0,), 1) == ([Seen((0,), (pytest.approx(math.log(2.0)),))], set())


def test_a_run_remembers_every_hypothesis_with_its_ratios() -> None:
    """Folded from the journal, so that a search goes on after a restart; a round without numbers has none."""
    kept = advance(at_every_stage()[Timed], "better", "good", "good", "good", "better", "good", "good", "good")
    assert [(one.sentence, one.ending) for one in kept.trials] == [("idea 1", Ending.KEPT)]
    assert dict(kept.trials[0].ratios) == dict.fromkeys(KEYS, 0.9)
    later = advance(kept, "good", "good", "good", "good", "broken", "good")
    assert [one.ending for one in later.trials] == [Ending.KEPT, Ending.FAILED]
    assert later.trials[1].ratios == ()


@pytest.mark.parametrize(
    ("before", "blocks"),
    [(1, [2]), (FULL - 1, [FULL]), (FULL, [FULL, 1])],
)
def test_trials_of_many_rounds_are_kept_in_order(before: int, blocks: list[int]) -> None:
    """None is lost where one block is full and the next begins."""
    past = tuple(Trial(f"idea {number}", Ending.REFUSED) for number in range(before))
    state = advance(replace(at_every_stage()[Timed], trial_blocks=(past,)), "tie", "good")
    assert [len(block) for block in state.trial_blocks] == blocks
    assert state.trials[:-1] == past
    assert state.trials[-1].ending is Ending.TIE
