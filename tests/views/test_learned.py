import pytest

from kernel_opt.model.hypothesis import Direction, Hypothesis, Prediction
from kernel_opt.model.verdict import Outcome
from kernel_opt.views.learned import Finding, change_text, figure_text, learn
from kernel_opt.views.sentences import tell_verdict, tell_worse
from kernel_opt.views.telling import tell_rounds
from tests.views import canned
from tests.views.canned import verdict_of

FASTER, SAME, SLOWER = Direction.FASTER, Direction.SAME, Direction.SLOWER


@pytest.mark.parametrize(
    ("direction", "size_pct", "outcome", "ratio", "finding"),
    [
        (FASTER, 5, Outcome.BETTER, 0.95, Finding.CONFIRMED),
        (FASTER, 5, Outcome.WORSE, 1.05, Finding.REFUTED),
        (FASTER, 5, Outcome.TIE, 1.0, Finding.REFUTED),
        (FASTER, 0.3, Outcome.TIE, 1.0, Finding.INCONCLUSIVE),
        (FASTER, None, Outcome.TIE, 1.0, Finding.REFUTED),
        (FASTER, 5, Outcome.UNCLEAR, 1.0, Finding.INCONCLUSIVE),
        (FASTER, 5, Outcome.DIVERGING, 1.0, Finding.INCONCLUSIVE),
        (SAME, None, Outcome.TIE, 1.0, Finding.CONFIRMED),
        (SAME, None, Outcome.BETTER, 0.9, Finding.REFUTED),
        (SLOWER, 2, Outcome.WORSE, 1.05, Finding.CONFIRMED),
    ],
)
def test_a_prediction_against_its_outcome(direction, size_pct, outcome, ratio, finding):
    """Confirmed when the direction shows, refuted when another does or the size is ruled out, else inconclusive."""
    claim = Hypothesis(sentence="s", prediction=Prediction(direction=direction, size_pct=size_pct))
    assert learn(claim, verdict_of(outcome, (ratio, ratio))).finding is finding


def test_without_numbers_nothing_is_refuted():
    """A candidate that never ran says nothing about its idea."""
    lesson = learn(Hypothesis(sentence="s"), None)
    assert lesson.finding is Finding.INCONCLUSIVE
    assert (lesson.predicted, lesson.measured) == ("faster", "not measured")
    assert learn(None, verdict_of(Outcome.BETTER, (0.9, 0.9))).predicted == "nothing"


def test_changes_in_words():
    """A reader never has to think about signs."""
    assert change_text(0.938, (0.934, 0.942)) == "6.2 ± 0.4 % faster"
    assert change_text(1.05, (1.04, 1.06)) == "5 ± 1 % slower"
    assert change_text(1.0001, (0.99, 1.01)) == "no change shown (0 ± 1 %)"
    assert change_text(1.002, (0.998, 1.006)) == "no change shown (0.2 ± 0.4 % slower)"
    assert figure_text(1.002, (0.998, 1.006)) == "0.2 ± 0.4 % slower"
    assert figure_text(None, None) == "not measured"
    assert change_text(0.9, None) == "about 10 % faster"
    assert change_text(None, None) == "not measured"


def test_the_verdict_sentence_names_what_changed():
    """Some classes are named, many are counted, unclear ones are admitted."""
    run = canned.Canned().baseline()
    run.propose()
    run.bench((1, 1))
    run.judge(Outcome.DIVERGING, (1.1, 0.8))
    run.add(canned.r.Dropped(ending=canned.Ending.DIVERGING, why="w"))
    told = next(tell_rounds(run.entries))
    assert tell_verdict(told) == (
        f"diverging: 10.0 ± 0.4 % slower on {canned.KEYS[0]}; 20.0 ± 0.4 % faster on {canned.KEYS[1]}"
    )
    many = told.verdict.classes[:1] * 5
    unclear = canned.replace(told.verdict.classes[0], outcome=Outcome.UNCLEAR)
    told.verdict = canned.replace(told.verdict, classes=(*many, unclear))
    sentence = tell_verdict(told)
    assert "2 more classes changed" in sentence
    assert sentence.endswith("the rest unchanged within noise (1 unclear)")


def test_the_losing_classes_are_named():
    """Three are named with their figures, more are counted; where none lost, the verdict's own sentence stands."""
    worse = verdict_of(Outcome.WORSE, (1.1, 1.2))
    assert tell_worse(worse) == (f"10.0 ± 0.4 % slower on {canned.KEYS[0]}; 20.0 ± 0.4 % slower on {canned.KEYS[1]}")
    many = canned.replace(worse, classes=worse.classes[:1] * 5)
    assert tell_worse(many).endswith("; 2 more classes lost")
    tie = verdict_of(Outcome.TIE, (1.0, 1.0))
    assert tell_worse(tie) == tie.sentence
