"""The runs of a study, in order, with their settings."""

from typing import Any

import msgspec
import pytest

from kernel_opt.model.study import Arm, StudyPlan
from kernel_opt.rules.study import MEASURED_ALIKE, find_plan_problem, list_tracks, merge, settings_of

ARMS = (Arm(name="trace"), Arm(name="blind", settings={"brief": {"evidence": False}}))
KERNEL: dict[str, Any] = {"benchmark": {"csv": "*.csv"}, "search": {"budget": 9}, "stop": {"max_hours": 3.0}}


def plan(**more: Any) -> StudyPlan:
    return StudyPlan(**({"name": "s", "rounds": 8, "seeds": 3, "arms": ARMS} | more))


def test_pairs_are_run_one_after_the_other_and_take_turns() -> None:
    """So that what drifts on the machine weighs on both arms alike."""
    tags = [one.tag for one in list_tracks(plan())]
    assert tags == [
        "study-s-trace-1", "study-s-blind-1", "study-s-blind-2",
        "study-s-trace-2", "study-s-trace-3", "study-s-blind-3",
    ]  # fmt: skip


def test_settings_are_laid_over_each_other() -> None:
    """The kernel's, then the study's, then the arm's; seed and budget are the track's own."""
    asked = plan(settings={"judge": {"max_pairs": 4}, "search": {"budget": 5}})
    last = list(list_tracks(asked))[-1]
    assert settings_of(last, asked, KERNEL) == {
        "benchmark": {"csv": "*.csv"},
        "judge": {"max_pairs": 4},
        "search": {"budget": 5, "seed": 3},
        "brief": {"evidence": False},
        "stop": {"max_rounds": 8, "max_hours": 0.0},
    }
    assert KERNEL["search"] == {"budget": 9}


def test_tables_are_merged_and_all_else_is_replaced() -> None:
    """A list of an arm is its whole list; nothing that was given is changed."""
    under = {"a": {"b": 1, "c": {"d": 2}}, "list": [1, 2], "x": {"y": 1}}
    over = {"a": {"c": {"d": 3}}, "list": [3], "x": 5}
    assert merge(under, over) == {"a": {"b": 1, "c": {"d": 3}}, "list": [3], "x": 5}
    assert under["a"] == {"b": 1, "c": {"d": 2}}


@pytest.mark.parametrize("table", MEASURED_ALIKE)
def test_arms_must_be_measured_alike(table: str) -> None:
    """What decides how a candidate is measured may be set for both, never for one."""
    arms = (Arm(name="a"), Arm(name="b", settings={table: {"x": 1}}))
    assert find_plan_problem(plan(arms=arms)) == f"arm b sets [{table}], by which both arms must be alike"
    assert find_plan_problem(plan(settings={table: {"x": 1}})) is None


def test_budget_and_seed_are_the_studys_own() -> None:
    """A fragment that sets them is a slip; one that is no table is told when the settings are read."""
    assert find_plan_problem(plan()) is None
    assert "both arms are named a" in str(find_plan_problem(plan(arms=(Arm(name="a"), Arm(name="a")))))
    assert "search.seed" in str(find_plan_problem(plan(settings={"search": {"seed": 1}})))
    assert "budget" in str(find_plan_problem(plan(settings={"stop": {"max_hours": 1.0}})))
    arms = (Arm(name="a"), Arm(name="b", settings={"search": {"seed": 1}}))
    assert str(find_plan_problem(plan(arms=arms))).startswith("arm b sets search.seed")
    assert find_plan_problem(plan(settings={"search": 3})) is None


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": 0},
        {"seeds": 17},
        {"rounds": 0},
        {"name": "a b"},
        {"name": ""},
        {"arms": []},
        {"name": "a\n"},
        {"x": 1},
    ],
)
def test_a_plan_out_of_bounds_is_refused(change: dict[str, Any]) -> None:
    """Before anything is run."""
    said: dict[str, Any] = {"name": "s", "rounds": 8, "arms": [{"name": "a"}, {"name": "b"}]}
    assert msgspec.convert(said, StudyPlan).seeds == 6
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said | change, StudyPlan)
