"""Which facts answer which step: exactly those that are permitted, about the right thing, and fit to be kept."""

import pytest
from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import steps as s
from kernel_opt.model.facts import Fact, Purpose
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.round_facts import Ending
from kernel_opt.rules.answers import ANSWERS, ANY_TIME, fits
from tests import fakes
from tests.fakes import one_of_each, permitted

TIE = fakes.verdict()
STATE = fakes.advance(fakes.fold(fakes.run_started(), fakes.daemon_started()), *["good"] * 7)
STEPS: tuple[s.Step, ...] = (
    s.Wait(1.0, "busy"), s.Rest(), s.Bench("cand", "candidate.log"), s.Bench("base", "baseline.log", is_baseline=True),
    *(s.Measure("base", "cand", purpose) for purpose in Purpose), *(s.Judge(purpose) for purpose in Purpose),
    s.Profile("base"), s.OpenRound(1), s.Propose(), s.Check(), s.Format(fakes.candidate()),
    *(s.Amend(origin, fakes.hypothesis(), fakes.candidate(), "x") for origin in Origin), s.Drop(Ending.TIE, "tie"),
    *(s.Seal(purpose, "cand") for purpose in ("baseline", "keep", "rollback", "stop")),
    *(s.Publish(purpose, "a", "b") for purpose in ("baseline", "keep", "rollback", "stop")),
    s.Recheck(fakes.candidate(), TIE, 1), s.Explain(fakes.hypothesis(), fakes.candidate(), TIE),
    s.Rebase("best-2"), s.Rebase("best-2", "tree"),
    s.Finish("done", "asked"), s.PlanStop("done", "asked"), s.Close("done"),
)  # fmt: skip


def test_every_step_says_what_may_answer_it() -> None:
    """A new step without answers fails here."""
    assert {type(step) for step in STEPS} == set(ANSWERS)


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_what_is_permitted_fits_and_no_other_kind_does(number: int) -> None:
    """Exactly the kinds that the protocol decides about, and what a person may say at any time."""
    step = STEPS[number]
    good = permitted(step, STATE)
    assert all(fits(step, fact) for fact in good)
    kinds = {type(fact) for fact in good} | set(ANY_TIME)
    for fact in one_of_each():
        if type(fact) not in kinds:
            assert not fits(step, fact), fact
        if isinstance(fact, ANY_TIME):
            assert fits(step, fact)


WRONG_THING: list[tuple[s.Step, Fact]] = [
    (s.Bench("cand", "x.log"), f.Benched(run=fakes.bench_run("other"))),
    (s.Bench("cand", "x.log"), fakes.benched_wrong("other")),
    (s.Bench("cand", "x.log"), fakes.broke("other")),
    (s.Measure("base", "cand", Purpose.ROUND), fakes.measured(Purpose.NOISE)),
    (s.Measure("base", "cand", Purpose.ROUND), fakes.broke("base")),
    (s.Measure("base", "cand", Purpose.ROUND), fakes.benched_wrong("base")),
    (s.Measure("base", "cand", Purpose.HEADLINE), fakes.broke("other")),
    (s.Profile("base"), f.Traced(commit="other", trace=None, folder="t")),
    (s.OpenRound(4), r.RoundOpened(round=3, best="base", seed=1)),
    (s.Amend(Origin.REPAIR, fakes.hypothesis(), fakes.candidate(), ""), fakes.edited(Origin.SPLIT)),
    (s.Seal("stop", "base"), r.Sealed(purpose="keep", old="a", new="b")),
    (s.Recheck(fakes.candidate(), TIE, 1), r.Rechecked(commit="other", checks=(), folder="c")),
    (s.Publish("rollback", "a", "b"), r.RolledBack(commit="c", code="base", why="")),
    (s.Publish("keep", "a", "b"), r.Kept(commit="c", candidate="x", why="")),
    (s.Publish("baseline", "a", "b"), r.BaselineKept(commit="c")),
    (s.Publish("stop", "a", "b"), f.Stopped(reason="done", code="asked", best="a")),
    (s.Drop(Ending.REGRESSION, "slow"), r.Dropped(ending=Ending.TIE, why="slow")),
]


@pytest.mark.parametrize("number", range(len(WRONG_THING)))
def test_an_answer_about_something_else_is_none(number: int) -> None:
    """The right kind of fact about another commit, round or purpose would loop or blame the innocent."""
    assert not fits(*WRONG_THING[number])


def test_best_may_fail_where_best_is_what_is_measured() -> None:
    """At the headline, baseline and best are both under test."""
    step = s.Measure("base", "best", Purpose.HEADLINE)
    assert fits(step, fakes.broke("base"))
    assert fits(step, fakes.benched_wrong("best"))


NAN = float("nan")


@pytest.mark.parametrize(
    "fact",
    [
        f.Judged(verdict=replace(TIE, evidence=NAN)),
        f.Judged(verdict=replace(TIE, evidence=float("inf"))),
        f.Judged(verdict=replace(TIE, sentence="lone \ud800 surrogate")),
        replace(fakes.broke(), why="caf\udce9"),
        f.Judged(verdict=None),
        f.StopAsked(by="caf\udce9"),
    ],
    ids=["nan", "infinity", "surrogate", "undecoded byte", "no verdict", "undecoded name"],
)
def test_what_the_journal_could_not_give_back_is_no_answer(fact: Fact) -> None:
    """Such a fact would be written once and then make the journal unreadable for ever."""
    assert not fits(s.Judge(Purpose.ROUND), fact)


def test_an_object_that_has_no_json_is_no_answer() -> None:
    """Nothing but plain values is ever written."""
    assert not fits(s.PlanStop("x", "y"), f.StopPlanned(reason=object(), code="y"))
