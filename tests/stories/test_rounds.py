"""Whole runs, told as text: how a round can go."""

import pytest

from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import RoundSettings
from kernel_opt.model.steps import Amend, Bench, Measure, PlanStop, Propose
from tests.fakes import KEYS, Run, settings
from tests.stories.teller import tell

IDEA = "proposed 'idea 1' -> "
ROUNDS_ALONE = settings(round=RoundSettings(headline_every=0))
"""Without the measurement that ends a run, which is a story of its own."""
THREE_FAULTS = "fault -> waited 1 min -> fault -> waited 2 min -> fault -> waited 4 min"


def told(run: Run, rounds: int = 1) -> list[str]:
    """The lines of the rounds alone."""
    run.start(max_rounds=rounds)
    return [line.removeprefix("round ") for line in tell(run.entries()) if line.startswith("round ")]


def test_the_whole_of_a_short_run_reads_as_it_was() -> None:
    """From the baseline to the stop, nothing is left out."""
    run = Run(Judge=["better", "better", "worse"])
    assert run.start(max_rounds=2) == "2 rounds done, as asked"
    assert tell(run.entries()) == [
        "started",
        "baseline: right -> traced -> kept",
        "round 1: proposed 'idea 1' -> right -> better -> formatted -> right -> better -> re-checked -> kept -> traced",
        "round 2: proposed 'idea 2' -> right -> worse -> dropped as regression -> headline",
        "stop: 2 rounds done, as asked -> stopped at stop-3",
    ]


ROUNDS = {
    "keep": (
        {"Judge": ["better", "better"]},
        "right -> better -> formatted -> right -> better -> re-checked -> kept",
    ),
    "tie": ({}, "right -> tie -> dropped as tie"),
    "unclear": ({"Judge": ["unclear"]}, "right -> unclear -> dropped as unclear"),
    "regression": ({"Judge": ["worse"]}, "right -> worse -> dropped as regression"),
    "failure": ({"Bench": ["good", "crash"]}, "crash -> dropped as failed"),
    "quick fix": ({"Bench": ["good", "trivial"]}, "trivial -> quick-fix -> right -> tie -> dropped as tie"),
    "quick fix in vain": (
        {"Bench": ["good", "trivial", "trivial"]},
        "trivial -> quick-fix -> trivial -> dropped as failed",
    ),
    "no quick fix offered": (
        {"Bench": ["good", "trivial"], "Amend": ["nothing"]},
        "trivial -> nothing -> dropped as failed",
    ),
    "repaired at 1": ({"Bench": ["good", "wrong"]}, "wrong -> repair -> right -> tie -> dropped as tie"),
    "repaired at 2": (
        {"Bench": ["good", "wrong", "wrong"]},
        "wrong -> repair -> wrong -> repair -> right -> tie -> dropped as tie",
    ),
    "repaired at 3": (
        {"Bench": ["good", "wrong", "wrong", "wrong"], "Judge": ["better", "better"]},
        f"{'wrong -> repair -> ' * 3}right -> better -> formatted -> right -> better -> re-checked -> kept",
    ),
    "never repaired": (
        {"Bench": ["good", "wrong", "wrong", "wrong", "wrong"]},
        "wrong -> repair -> wrong -> repair -> wrong -> repair -> wrong -> dropped as wrong",
    ),
    "no repair offered": (
        {"Bench": ["good", "wrong"], "Amend": ["nothing", "nothing", "nothing"]},
        "wrong -> nothing -> nothing -> nothing -> dropped as wrong",
    ),
    "a repair breaks the rules": (
        {"Bench": ["good", "wrong"], "Check": ["good", "slip"]},
        "wrong -> repair -> slip -> dropped as wrong",
    ),
    "split kept": (
        {"Judge": ["diverging", "better", "better"]},
        "right -> diverging -> split -> right -> better -> formatted -> right -> better -> re-checked -> kept",
    ),
    "split dropped": (
        {"Judge": ["diverging", "diverging"]},
        "right -> diverging -> split -> right -> diverging -> dropped as split-failed",
    ),
    "no split offered": (
        {"Judge": ["diverging"], "Amend": ["nothing"]},
        "right -> diverging -> nothing -> dropped as split-failed",
    ),
    "formatting loses the gain": (
        {"Judge": ["better", "tie"]},
        "right -> better -> formatted -> right -> tie -> dropped as format-lost",
    ),
    "formatting breaks it": (
        {"Judge": ["better"], "Bench": ["good", "good", "trivial"]},
        "right -> better -> formatted -> trivial -> dropped as format-lost",
    ),
    "formatting makes it wrong": (
        {"Judge": ["better"], "Bench": ["good", "good", "wrong"]},
        "right -> better -> formatted -> wrong -> dropped as format-lost",
    ),
    "no formatter": (
        {"Judge": ["better", "better"], "Format": ["no-formatter"]},
        "right -> better -> no-formatter -> right -> better -> re-checked -> kept",
    ),
    "the changed code never ran": ({"Judge": ["unused"]}, "right -> unused -> dropped as unused"),
    "a proposal without evidence is sent back once": (
        {"Check": ["slip", "slip"]},
        "slip -> proposed 'idea 1' -> slip -> dropped as gave-nothing",
    ),
    "a proposal that was sent back is mended": (
        {"Check": ["slip", "good"]},
        "slip -> proposed 'idea 1' -> right -> tie -> dropped as tie",
    ),
    "nothing comes after sending back": (
        {"Check": ["slip"], "Propose": ["good", "nothing"]},
        "slip -> nothing -> dropped as gave-nothing",
    ),
    "a re-check shows a cheat": (
        {"Judge": ["better", "better"], "Recheck": ["cheat"]},
        "right -> better -> formatted -> right -> better -> cheat -> dropped as refused",
    ),
    "a re-check is disturbed, then faults": (
        {"Judge": ["better", "better"], "Recheck": ["disturbed", "fault"]},
        "right -> better -> formatted -> right -> better -> disturbed -> fault -> waited 1 min -> re-checked -> kept",
    ),
    "a machine that cannot re-check keeps nothing": (
        {"Judge": ["better", "better"], "Recheck": ["fault"] * 3},
        f"right -> better -> formatted -> right -> better -> {THREE_FAULTS} -> dropped as infrastructure",
    ),
    "does not compile": (
        {"Check": ["does-not-compile", "good"]},
        "does-not-compile -> quick-fix -> right -> tie -> dropped as tie",
    ),
    "cannot be launched, twice": (
        {"Check": ["cannot-launch", "cannot-launch"]},
        "cannot-launch -> quick-fix -> cannot-launch -> dropped as failed",
    ),
    "compiles to the same": ({"Check": ["unused"]}, "unused -> dropped as unused"),
    "compiles to costlier code": (
        {"Check": ["costlier", "costlier"]},
        "costlier -> look-again -> costlier -> right -> tie -> dropped as tie",
    ),
    "stands by its costlier code": (
        {"Check": ["costlier"], "Amend": ["nothing"]},
        "costlier -> nothing -> right -> tie -> dropped as tie",
    ),
    "a cheat": ({"Check": ["cheat"]}, "cheat -> dropped as refused"),
    "a cheat that only the run shows": ({"Bench": ["good", "cheat"]}, "cheat -> dropped as refused"),
    "a cheat that only the timing shows": ({"Measure": ["good", "cheat"]}, "right -> cheat -> dropped as refused"),
    "wrong under the tracer": (
        {"Measure": ["good", "wrong"]},
        "right -> wrong -> repair -> right -> tie -> dropped as tie",
    ),
    "contaminated measurement": (
        {"Measure": ["good", "disturbed", "disturbed"]},
        "right -> disturbed -> disturbed -> tie -> dropped as tie",
    ),
    "a fault is waited out": (
        {"Bench": ["good", "fault", "fault"]},
        "fault -> waited 1 min -> fault -> waited 2 min -> right -> tie -> dropped as tie",
    ),
    "faults close the round": (
        {"Bench": ["good", "fault", "fault", "fault"]},
        f"{THREE_FAULTS} -> dropped as infrastructure",
    ),
    "best failing next to the candidate is the machine's fault": (
        {"Measure": ["good", "best-broke"]},
        "right -> fault -> waited 1 min -> tie -> dropped as tie",
    ),
    "a verdict outlives faults of putting it away": (
        {"Judge": ["worse"], "Drop": ["fault", "fault", "fault"]},
        f"right -> worse -> {THREE_FAULTS} -> dropped as regression",
    ),
    "the proposer comes back": (
        {"Propose": ["away", "away"]},
        "away -> waited 1 min -> away -> waited 2 min -> proposed 'idea 1' -> right -> tie -> dropped as tie",
    ),
}


@pytest.mark.parametrize("name", ROUNDS)
def test_a_round_goes_as_the_protocol_says(name: str) -> None:
    """One round of each kind, step by step; the run ends afterwards, with the branch where the book says it is."""
    script, story = ROUNDS[name]
    run = Run(ROUNDS_ALONE, **script)
    opening = "" if story.startswith(("away", "nothing")) else IDEA
    assert told(run) == [f"1: {opening}{story}"]
    assert run.world.branch == run.state.tip
    assert run.state.stop is not None
    assert run.state.stop.is_done


UNMOVED = ("a cheat", "a cheat that only the run shows", "faults close the round", "nothing comes after sending back")
RESET = ("tie", "unclear", "failure", "never repaired", "the changed code never ran", "split dropped", "keep")


@pytest.mark.parametrize("name", (*UNMOVED, *RESET))
def test_only_what_was_judged_moves_the_regressions_in_a_row(name: str) -> None:
    """After one regression: refusals, faults and silence leave the count at 1, all else puts it to 0."""
    script, _ = ROUNDS[name]
    spared = {"Check": "good", "Bench": "good", "Measure": "good", "Judge": "worse", "Propose": "good"}
    later = {kind: [*words[:1], *words] if kind in {"Bench", "Measure"} else [spared.get(kind, "good"), *words]
             for kind, words in script.items()}  # fmt: skip
    run = Run(**{"Judge": ["worse"], **later})
    lines = told(run, rounds=2)
    assert lines[0].endswith("right -> worse -> dropped as regression")
    assert run.state.tally.regressions_in_a_row == (1 if name in UNMOVED else 0)
    assert len(run.state.recent_regressions) == 1


def test_a_contaminated_measurement_counts_for_nothing_but_its_time() -> None:
    """Neither keep nor regression: only the card's time is counted."""
    run = Run(Measure=["good", "disturbed"])
    told(run)
    assert dict(run.state.tally.endings) == {"tie": 1}
    assert run.state.tally.gpu_s == 60 + 240 + 30 + 60 + 5 + 240


def test_a_neighbour_who_keeps_coming_is_waited_for() -> None:
    """After five disturbances the run waits before it measures again."""
    run = Run(Measure=["good", *["disturbed"] * 5])
    assert "disturbed -> disturbed -> waited 1 min -> tie" in told(run)[0]


def test_a_split_is_asked_for_the_classes_that_gained() -> None:
    """The second measurement is about the gaining class, whatever the hypothesis named."""
    run = Run(ROUNDS_ALONE, Judge=["diverging", "better", "better"])
    told(run)
    targets = [step.targets for step in run.world.asked if isinstance(step, Measure)]
    assert targets == [(), (), (KEYS[0],), (KEYS[0],)]


def test_the_reason_is_sent_back_with_the_proposal() -> None:
    """The proposer reads which rule its first try broke."""
    run = Run(Check=["slip", "good"])
    told(run)
    assert [step.sent_back for step in run.world.asked if isinstance(step, Propose)] == [
        "",
        "no-evidence: not allowed",
    ]


def test_no_log_of_a_round_is_written_over_another() -> None:
    """Each benchmark of a round has a log of its own, also when the formatter could not run."""
    run = Run(
        Bench=["good", "trivial", "wrong", "wrong"], Judge=["diverging", "better", "better"], Format=["no-formatter"]
    )
    told(run)
    names = [step.log_name for step in run.world.asked if isinstance(step, Bench)]
    assert names == [
        "baseline.log", "candidate.log", "quick-fix.log", "repair-1.log", "repair-2.log", "split.log", "formatted.log",
    ]  # fmt: skip


def test_amendments_go_to_the_candidate_that_needs_them() -> None:
    """A repair gets the wrong candidate and what was wrong with it."""
    run = Run(Bench=["good", "wrong"])
    told(run)
    (amend,) = (step for step in run.world.asked if isinstance(step, Amend))
    assert (amend.candidate.commit, amend.why) == ("cand-1", "1 row is wrong")


def test_the_headline_is_measured_afresh_after_some_keeps() -> None:
    """Baseline against best, then not again before as many keeps, and once more when the run ends by itself."""
    run = Run(settings(round=RoundSettings(headline_every=2)), Judge=["better"] * 6)
    lines = told(run, rounds=4)
    assert [line.count("headline") for line in lines] == [0, 1, 0, 1]
    assert run.state.headline is not None


def test_a_run_that_ends_by_itself_measures_what_it_claims() -> None:
    """Nothing kept: nothing to measure. Asked to stop: nobody waits for it. Else the last step is the headline."""
    assert "headline" not in told(Run())[0]
    assert told(Run(Judge=["better", "better"]))[0].endswith("kept -> headline")


def test_every_ended_round_leaves_a_look_back() -> None:
    """The last five rounds are told with what was tried, refused ones too."""
    run = Run(Judge=["better", "better", "worse"], Check=["good", "good", "cheat"])
    told(run, rounds=7)
    assert [(back.round, back.ending, back.sentence) for back in run.state.lookbacks] == [
        (3, Ending.REFUSED, "idea 3"),
        *((number, Ending.TIE, f"idea {number}") for number in (4, 5, 6, 7)),
    ]


def test_the_stop_is_the_only_way_out() -> None:
    """Ties for ever never end a run; only the bound that was asked for does."""
    run = Run()
    told(run, rounds=40)
    assert isinstance(run.world.asked[-3], PlanStop)
    assert dict(run.state.tally.endings) == {"tie": 40}
