"""The brief tells what the proposer needs, short, and nothing in it can pass for our own words."""

import json

import pytest
from msgspec.structs import replace

from kernel_opt.model.bench import WrongRow
from kernel_opt.model.brief_settings import BriefSettings
from kernel_opt.model.deeper import Deeper
from kernel_opt.model.explore import Aim, Ask
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.lesson import Finding
from kernel_opt.model.proposal import Task
from kernel_opt.model.recording import CounterTotal
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.skill import SkillNote
from kernel_opt.model.stages import Barred, Broken, Tries, Vetted, Weighed, Wrong
from kernel_opt.model.state import Best, Lookback, RunState, Trial
from kernel_opt.model.trace import Hotspot, Occupancy, StallKind, StallShare
from kernel_opt.model.verdict import Condition, Outcome, Term
from kernel_opt.rules.memory.outline import Outline
from kernel_opt.views.brief import NO_GUIDE, Guide, brief_facts, render_brief
from kernel_opt.views.brief_past import DEAD_ENDS
from kernel_opt.views.brief_tables import HOTSPOTS, LINE_CAP
from kernel_opt.views.brief_tasks import TEXT_CAP
from tests.fakes import KEYS, bench_run, candidate, config_class, hypothesis, settings, trace, verdict

CLASSES = tuple(config_class(key) for key in KEYS)
TOKENS = 12_000
SHOWN = replace(
    trace(),
    occupancy=(
        Occupancy(kernel="pa_main", gfx="gfx942", waves_per_simd=2.0, max_waves_per_simd=8, limited_by=("vgpr",)),
    ),
    stalls=(
        StallShare(kernel="pa_main", kind=StallKind.VMEM_WAIT, share_pct=40.0, stalled_pct=35.0, idle_pct=2.5),
        StallShare(kernel="pa_main", kind=StallKind.VALU, share_pct=9.0),
        StallShare(kernel="pa_main", kind=StallKind.OTHER, share_pct=0.5),
    ),
)


def state(**rest: object) -> RunState:
    best = Best("tip", "code" * 10, bench_run(), 0, SHOWN)
    return replace(RunState(tag="t1", round=3, best=best, classes=CLASSES), **rest)


def brief(
    task: Task = Task.PROPOSE,
    why: str = "",
    limits: BriefSettings | None = None,
    guide: Guide = NO_GUIDE,
    **rest: object,
) -> str:
    told = settings(brief=limits or BriefSettings())
    return render_brief(brief_facts(task, state(**rest), told, why, hypothesis(), guide), TOKENS)


def test_the_brief_of_a_new_round() -> None:
    """Goal, rules, evidence with ids, kernels and their limiter, stalls, classes with their worth, how to answer."""
    text = brief(detectable_pct={KEYS[0]: 0.5})
    for part in (
        "# Round 3 of t1: propose", "`us`", "kernels/**", "bench.py", "codecodecode",
        "| h1 | vmem_wait | pa_main | 40.0 |",
        "| pa_main | 40 | 100.0 | 80 | 128 | - | - | - | - | 2 of 8 per SIMD, limited by vgpr |",
        "| pa_main | vmem_wait | 40.0 | 35.0 | 2.5 |", "| pa_main | valu | 9.0 | 0.0 | - |",
        f"| {KEYS[0]} | 100.0 | 50 | 5.0 | 0.5 | 0x |", f"| {KEYS[1]} | 100.0 | 50 | 5.0 | unknown | 0x |",
        "$KERNEL_OPT_PROPOSAL", "s_waitcnt", "None yet.", "- vmem_wait: data is asked for too late",
        "## When ideas run dry",
    ):  # fmt: skip
        assert part in text, part
    for part in ("Dead ends", "What best is made of", "| other |", "Near misses", "What this round is asked for"):
        assert part not in text


def test_without_a_trace_it_says_so() -> None:
    """The proposer is not asked to cite what is not there."""
    assert "There is no trace to cite" in brief(best=None)


def test_evidence_can_be_withheld() -> None:
    """Then nothing that comes from the trace is told, recipes included."""
    text = brief(limits=BriefSettings(evidence=False))
    assert "It is withheld in this run" in text
    for part in ("h1", "pa_main", "vmem_wait", "limited by"):
        assert part not in text


def test_counters_that_were_asked_for() -> None:
    """They are told per launch, with what came of the wish; how to wish is told where there is a tracer that can."""
    counted = CounterTotal(kernel="pa_main", counter="TCC_HIT_sum", dispatches=4, total=100.0)
    idle = replace(counted, counter="SQ_WAVES", dispatches=0)
    best = Best("tip", "code" * 10, bench_run(), 0, replace(SHOWN, counters=(counted, idle)))
    came = "Counters were asked for in round 2; they came."
    text = brief(best=best, deeper=Deeper(taken=2, came=came), guide=Guide(has_counters=True))
    for part in (came, "| pa_main | TCC_HIT_sum | 25 |", 'Add `"deeper": true`', "at most every 5 rounds"):
        assert part in text, part
    assert "SQ_WAVES" not in text
    for plain in (brief(), brief(Task.SPLIT, guide=Guide(has_counters=True))):
        assert '"deeper"' not in plain
    withheld = brief(
        best=best, deeper=Deeper(came=came), limits=BriefSettings(evidence=False), guide=Guide(has_counters=True)
    )
    for part in (came, "TCC_HIT_sum", '"deeper"'):
        assert part not in withheld


@pytest.mark.parametrize("task", Task)
def test_every_task_can_be_told(task: Task) -> None:
    """With the reason under a title of its own; the facts are plain data."""
    text = brief(task, "because")
    assert "because" in text
    assert "\n\n\n" not in text
    json.dumps(brief_facts(task, state(), settings(), "", None))


@pytest.mark.parametrize("task", [Task.QUICK_FIX, Task.REPAIR, Task.COMMIT_MESSAGE])
def test_a_mend_is_told_what_it_needs_and_no_more(task: Task) -> None:
    """Its own edit so far; neither hot places nor the run's history."""
    text = brief(
        task, "why", guide=Guide(diff="-TILE = 16\n+TILE = 64\n```\n"), trial_blocks=((Trial("x", Ending.TIE),),)
    )
    assert "```diff\n-TILE = 16\n+TILE = 64\n'''\n```" in text
    assert "Your hypothesis of this round: tile by 64" in text
    for part in ("| h1 |", "Dead ends", "Config classes", "run dry"):
        assert part not in text


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
    assert "how far off" in text
    assert "n=16" not in text
    assert brief_facts(Task.REPAIR, state(stage=stage), settings(), "", None)["repairs"] == 2


def test_a_split_names_who_gains_and_who_loses() -> None:
    """By how much, and the condition, or that the columns are to be found."""
    weighed = Weighed(hypothesis(), candidate(), bench_run(), verdict(Outcome.DIVERGING), None, Tries())
    text = brief(Task.SPLIT, "diverging", stage=weighed)
    assert f"Classes that gain: {KEYS[0]}. Classes that lose: {KEYS[1]}." in text
    assert f"|---|---|---|\n| {KEYS[1]} | worse | 10.0 ± 0.5 % slower |\n| {KEYS[0]} | better |" in text
    assert "the columns that separate these classes" in text
    term = Term(column="block_size", operator="==", values=("16",))
    found = replace(weighed.verdict, condition=Condition(terms=(term,)))
    assert "dispatch on\nblock_size == 16" in brief(Task.SPLIT, "x", stage=replace(weighed, verdict=found))
    assert "Classes that gain: none" in brief(Task.SPLIT, "x")


def test_a_commit_message_is_told_what_was_measured() -> None:
    """Per class."""
    stage = Vetted(hypothesis(), candidate(), bench_run(), verdict(Outcome.BETTER), None, Tries(), 1)
    assert f"| {KEYS[0]} | better | 10.0 ± 0.5 % faster |" in brief(Task.COMMIT_MESSAGE, "x", stage=stage)


def test_predictions_stand_against_outcomes() -> None:
    """In the last rounds, in what best is made of, in dead ends; and what they were worth in all."""
    kept = Trial(
        "fuse reduce", Ending.KEPT, round=1, finding=Finding.CONFIRMED, predicted_pct=5.0, gain_pct=4.0,
        uncertainty_pct=0.5,
    )  # fmt: skip
    tied = replace(kept, sentence="wider loads", ending=Ending.TIE, round=2, finding=Finding.REFUTED, gain_pct=-0.1)
    past = Lookback(2, Ending.TIE, "wider loads", (), None, "0.1 % is noise")
    text = brief(lookbacks=(past,), trial_blocks=((kept, tied),))
    figures = "predicted 5 % faster, measured 0.1 ± 0.5 % slower, refuted"
    assert f"- round 2, tie: wider loads (0.1 % is noise) {figures}.\n" in text
    assert "- round 1: fuse reduce (kept; predicted 5 % faster, measured 4.0 ± 0.5 % faster, confirmed)\n" in text
    assert "Of 2 measured predictions 1 confirmed, 1 refuted, 0 inconclusive; at the median, 0.39 times the" in text
    assert "Dead ends" not in text


def test_dead_ends_are_summed_up_when_there_are_many() -> None:
    """The newest one by one, the older by where they aimed; never without end, and none twice."""
    dead = tuple(
        Trial(f"idea {number}", Ending.REGRESSION, round=number, bottlenecks=("h1",), gain_pct=-1.0)
        for number in range(1, DEAD_ENDS + 6)
    )
    near = Trial("almost", Ending.UNCLEAR, round=90, gain_pct=0.9, uncertainty_pct=0.5)
    text = brief(trial_blocks=((*dead, Trial("lost one", Ending.INFRASTRUCTURE), near),))
    assert (
        f"- round {DEAD_ENDS + 5}: idea {DEAD_ENDS + 5} (regression; measured about 1 % slower, inconclusive)" in text
    )
    assert "- round 5: idea 5 " not in text
    assert "Older ones, by what they aimed at:\n\n- h1: 5 tries\n" in text
    assert "## Near misses" in text
    assert text.count("almost") == 1
    assert "lost one" not in text
    assert f"| {DEAD_ENDS + 5}x, last r{DEAD_ENDS + 4} regression, r{DEAD_ENDS + 5} regression |" in text


def test_what_probes_have_shown() -> None:
    """Apart from dead ends: they were no candidates."""
    probe = Trial("skip V", Ending.PROBED, round=8, why="without this cost about 12 % faster")
    text = brief(trial_blocks=((probe,),))
    assert "- round 8: skip V (without this cost about 12 % faster)" in text
    assert "Dead ends" not in text


def test_refusals_are_told_in_plain_words() -> None:
    """What the rule means stands beside its name."""
    past = Lookback(2, Ending.REFUSED, "skip calls", (), None, "skipped-calls: 3 of 4")
    assert "In plain words: every call of the benchmark must launch the kernel" in brief(lookbacks=(past,))


def test_a_proposer_is_told_which_keep_did_not_hold() -> None:
    """Else it would build on a gain that was none."""
    past = Lookback(7, Ending.KEPT, "load earlier", (), 5.0, "faster", is_given_up=True)
    assert "- round 7, kept, given up later: it did not hold: load earlier (faster)" in brief(lookbacks=(past,))


def test_what_told_classes_apart_before_is_told() -> None:
    """Each condition once, the newest first."""
    trials = (Trial("a", Ending.DIVERGING, condition="n == 1"), Trial("b", Ending.SPLIT_FAILED, condition="n == 2"))
    text = brief(trial_blocks=(trials,))
    assert "gaining classes from losing ones before:\n\n- n == 2 gained (b)\n- n == 1 gained (a)\n" in text


def test_a_class_tells_what_was_tried_on_it() -> None:
    """How often it was aimed at, and the best that came of any try on top of the best of now."""
    tied = Trial("a", Ending.TIE, ((KEYS[0], 0.98),), targets=KEYS[:1])
    trials = (replace(tied, ending=Ending.KEPT, ratios=((KEYS[0], 0.5),), targets=()), tied)
    text = brief(trial_blocks=((*trials, Trial("b", Ending.TIE, ((KEYS[0], 1.1),))),))
    assert "| 1x, best try since the last keep 2.0 % faster |" in text


def test_what_stands_at_a_hot_place() -> None:
    """The line itself, so that it need not be looked up; cleaned, since it is somebody's code."""
    spot = replace(SHOWN.hotspots[0], source="kernels/pa.py:7")
    best = Best("tip", "code" * 10, bench_run(), 0, replace(SHOWN, hotspots=(spot,)))
    text = brief(guide=Guide(lines=(("kernels/pa.py:7", "a | b\x1b" + "c" * 200),)), best=best)
    assert f"| kernels/pa.py:7: a \\| b?{'c' * 93} " in text


def test_kinds_of_stall_that_were_not_told_are_not_told() -> None:
    """A table that says "other" says nothing."""
    plain = replace(SHOWN, stalls=(StallShare(kernel="pa_main", kind=StallKind.OTHER, share_pct=100.0),))
    assert "time goes to" not in brief(best=Best("tip", "code" * 10, bench_run(), 0, plain))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (Ask(aim=Aim.EXPLOIT), ["Go on from best"]),
        (Ask(aim=Aim.OTHER_BOTTLENECK, avoid=("h1", "h2"), dry=2), ["2 tries since", "Tried since then: h1; h2."]),
        (Ask(aim=Aim.OTHER_CLASS, towards=KEYS[1:], dry=1), ["1 try since", f"Not looked at: {KEYS[1]}."]),
        (Ask(aim=Aim.COMBINE, combine=(4, 7), dry=6), ["Combine", "Near misses: round 4; round 7."]),
        (Ask(aim=Aim.RADICAL, dry=8), ["Be radical"]),
        (Ask(aim=Aim.PROBE, dry=8), ["A probe", "never kept"]),
    ],
)  # fmt: skip
def test_what_a_round_is_asked_for(ask: Ask, said: list[str]) -> None:
    """In words, with the names that go with it; a mend is asked for nothing else."""
    text = brief(ask=ask)
    assert all(part in text for part in said), text
    assert "What this round is asked for" not in brief(Task.REPAIR, ask=ask)


def test_a_barred_claim_sees_its_relatives() -> None:
    """The nearest earlier tries stand below the reason; programs learn which claim was barred."""
    stage = Barred("repeat", "why", False, Tries(), Origin.PROPOSED, hypothesis("tile the loop by 7"))
    past = (Trial("tile the loop by 8", Ending.TIE, round=2, bottlenecks=("h1",)), Trial("pad LDS rows", Ending.TIE))
    text = brief(why="repeat: why", stage=stage, trial_blocks=(past,))
    assert (
        "nearest to it; if yours is another thing, say in `differs` what is:\n\n- round 2: tile the loop by 8" in text
    )
    facts = brief_facts(Task.PROPOSE, state(stage=stage), settings(), "", hypothesis())
    assert (facts["barred"], facts["hypothesis"], facts["proposer"]) == ("tile the loop by 7", "tile by 64", "")


def test_the_map_of_the_code_and_the_skills() -> None:
    """Files with what they define, skills with what they are for and where they lie."""
    guide = Guide(
        files=(
            Outline(path="kernels/pa.py", lines=12, names=(("decode", 3), ("reduce", 9))),
            Outline(path="k", lines=0),
        ),
        skills=(SkillNote(name="lds", about="about\x1b LDS. Use when lost.", path="/s/lds/SKILL.md"),),
    )
    text = brief(guide=guide)
    assert "- `kernels/pa.py`, 12 lines: decode:3, reduce:9\n- `k`, 0 lines\n" in text
    assert "as `NAME/SKILL.md` in /s.\n\n- `lds`: about? LDS\n" in text
    assert "## Skills" not in brief(Task.COMMIT_MESSAGE, guide=guide)


def test_playbooks_of_thought_are_a_setting() -> None:
    """Those that are named, and of the recipes only what the trace shows."""
    text = brief(limits=BriefSettings(hints=("batching", "layering")))
    assert "- Batching: " in text
    assert "- Layering: " in text
    assert "- vmem_wait: " not in text
    assert "- Batching: " not in brief(limits=BriefSettings(hints=()))


def test_tables_are_bounded() -> None:
    """However much a trace shows, and however long its names are; sums over a kernel stay, single lines go first."""
    spots = tuple(
        Hotspot(id=f"valu@{n}", kind="valu", kernel="k" * 999, share_pct=9.0, source="a|b") for n in range(99)
    )
    whole = Hotspot(id="occupancy:pa", kind="occupancy", kernel="pa", share_pct=0.1)
    shown = replace(trace(), hotspots=(*spots, whole))
    facts = brief_facts(Task.PROPOSE, state(best=Best("t", "c", bench_run(), 0, shown)), settings(), "w" * 9999, None)
    rows = facts["hotspots"]
    assert isinstance(rows, list)
    assert len(rows) == HOTSPOTS
    assert rows[-1]["id"] == "occupancy:pa"
    assert len(rows[0]["kernel"]) == LINE_CAP
    assert rows[0]["source"] == "a\\|b"
    assert len(str(facts["why"])) == TEXT_CAP
