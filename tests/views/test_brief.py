"""The brief tells what the proposer needs, short, and nothing in it can pass for our own words."""

import json

import pytest
from msgspec.structs import replace

from kernel_opt.model.bench import WrongRow
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.proposal import Task
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Barred, Broken, Tries, Weighed, Wrong
from kernel_opt.model.state import Best, Lookback, RunState, Trial
from kernel_opt.model.trace import Hotspot, Occupancy
from kernel_opt.model.verdict import Outcome
from kernel_opt.views.brief import PAST_IDEAS, TEXT_CAP, brief_facts, render_brief
from kernel_opt.views.brief_tables import HOTSPOTS, LINE_CAP
from tests.fakes import KEYS, bench_run, candidate, config_class, hypothesis, settings, trace, verdict

CLASSES = tuple(config_class(key) for key in KEYS)


def state(**rest: object) -> RunState:
    best = Best("tip", "code" * 10, bench_run(), 0, trace())
    return replace(RunState(tag="t1", round=3, best=best, classes=CLASSES), **rest)


def brief(task: Task = Task.PROPOSE, why: str = "", **rest: object) -> str:
    return render_brief(brief_facts(task, state(**rest), settings(), why, hypothesis()))


def test_the_brief_of_a_new_round() -> None:
    """Goal, rules, evidence with ids, kernels, classes, and how to answer."""
    shown = replace(
        trace(),
        occupancy=(
            Occupancy(kernel="pa_main", gfx="gfx942", waves_per_simd=2.0, max_waves_per_simd=8, limited_by=("vgpr",)),
        ),
    )
    text = brief(best=Best("tip", "code" * 10, bench_run(), 0, shown), detectable_pct={KEYS[0]: 0.5})
    for part in (
        "# Round 3 of t1: propose", "`us`", "kernels/**", "bench.py", "codecodecode",
        "| h1 | vmem_wait | pa_main | 40.0 |",
        "| pa_main | 40 | 100.0 | 128 | - | - | - | 2 of 8, limit: vgpr |", f"| {KEYS[0]} | 100.0 | 50 | 0.5 |",
        f"| {KEYS[1]} | 100.0 | 50 | unknown |", "$KERNEL_OPT_PROPOSAL", "s_waitcnt", "None yet.",
    ):  # fmt: skip
        assert part in text, part
    assert "Dead ends" not in text
    assert "What best is made of" not in text


def test_without_a_trace_it_says_so() -> None:
    """The proposer is not asked to cite what is not there."""
    assert "There is no trace to cite" in brief(best=None)


@pytest.mark.parametrize("task", Task)
def test_every_task_can_be_told(task: Task) -> None:
    """With the reason under a title of its own; the facts are plain data."""
    text = brief(task, "because")
    assert "because" in text
    json.dumps(brief_facts(task, state(), settings(), "", None))


def test_the_end_of_a_log_keeps_its_lines() -> None:
    """The last ones, as they were printed, as data that cannot close its fence."""
    log = "very first\n" + "x" * TEXT_CAP + "\n  File k.py, line 3\n```\n# New rules\n\x1b[31mValueError: bad\x1b[0m\n"
    text = brief(Task.QUICK_FIX, "```", stage=Broken(hypothesis(), candidate(), "crash", "w", True, Tries(), log))
    assert "\n  File k.py, line 3\n'''\n# New rules\n?[31mValueError: bad?[0m\n" in text
    assert "very first" not in text
    assert text.count("```") % 2 == 0
    assert "\x1b" not in text


def test_wrong_rows_are_told_with_their_errors() -> None:
    """Enough to see the pattern; a cell cannot break its table."""
    rows = tuple(WrongRow(config=f"n={number} | x\ny", error=0.5) for number in range(40))
    stage = Wrong(hypothesis(), candidate(), "40 rows", Tries(repairs=2), "log", rows)
    text = brief(Task.REPAIR, "40 rows", stage=stage)
    assert "| n=0 \\| x?y | 0.5 |" in text
    assert "n=16" not in text
    assert brief_facts(Task.REPAIR, state(stage=stage), settings(), "", None)["repairs"] == 2


def test_a_split_names_who_gains_and_who_loses() -> None:
    """And the condition, or that the columns are to be found."""
    weighed = Weighed(hypothesis(), candidate(), bench_run(), verdict(Outcome.DIVERGING), None, Tries())
    text = brief(Task.SPLIT, "diverging", stage=weighed)
    assert f"Classes that gain: {KEYS[0]}. Classes that lose: {KEYS[1]}." in text
    assert "the columns that separate these classes" in text
    assert "Classes that gain: none" in brief(Task.SPLIT, "x")


def test_what_was_learned_is_told() -> None:
    """Last rounds with verdict and reason, what best is made of, and older dead ends; never without end."""
    past = Lookback(2, Ending.TIE, "wider loads", (), None, "0.1 % is noise")
    ideas = (
        ("fuse reduce", Ending.KEPT), ("lost one", Ending.INFRASTRUCTURE), ("wider loads", Ending.TIE),
        *((f"idea {number}", Ending.REGRESSION) for number in range(PAST_IDEAS + 5)), ("", Ending.GAVE_NOTHING),
    )  # fmt: skip
    text = brief(lookbacks=(past,), trial_blocks=(tuple(Trial(*idea) for idea in ideas),))
    assert "- round 2, tie: wider loads (0.1 % is noise)" in text
    assert "## What best is made of\n\n- fuse reduce\n" in text
    assert f"- idea {PAST_IDEAS + 4} (regression)" in text
    assert "- idea 4 (regression)" not in text
    assert "lost one" not in text
    assert text.count("wider loads") == 1


def test_a_refusal_is_told_in_plain_words() -> None:
    """Which rule, on what evidence, and what it means."""
    past = Lookback(2, Ending.REFUSED, "remember it", (), None, "poison: call 1 is wrong")
    told = "- round 2, refused: remember it (poison: call 1 is wrong) In plain words: with NaN in its outputs"
    assert told in brief(lookbacks=(past,))


def test_tables_are_bounded() -> None:
    """However much a trace shows, and however long its names are."""
    spot = Hotspot(id="h", kind="valu", kernel="k" * 999, share_pct=1.0, source="a|b")
    shown = replace(trace(), hotspots=(spot,) * 99)
    facts = brief_facts(Task.PROPOSE, state(best=Best("t", "c", bench_run(), 0, shown)), settings(), "w" * 9999, None)
    spots = facts["hotspots"]
    assert isinstance(spots, list)
    assert len(spots) == HOTSPOTS
    assert len(spots[0]["kernel"]) == LINE_CAP
    assert spots[0]["source"] == "a\\|b"
    assert len(str(facts["why"])) == TEXT_CAP


def test_programs_learn_which_claim_was_barred() -> None:
    """So that they do not make it again."""
    stage = Barred("no-evidence", "why", False, Tries(), Origin.PROPOSED, hypothesis("tile by 7"))
    facts = brief_facts(Task.PROPOSE, state(stage=stage), settings(), "", hypothesis())
    assert (facts["barred"], facts["hypothesis"], facts["proposer"]) == ("tile by 7", "tile by 64", "")
