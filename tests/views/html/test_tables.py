"""Classes, traces and cards as the page shows them."""

from msgspec.structs import replace

from kernel_opt.model.facts import Benched
from kernel_opt.model.integrity import failed, not_checked, passed
from kernel_opt.views.html.classes import lay_out
from kernel_opt.views.html.fold import PageStory
from kernel_opt.views.html.profile import compare
from kernel_opt.views.html.rounds import make_card
from tests.views import canned
from tests.views.html.rich import rich_run
from tests.views.journals import JOURNALS


def tell(entries) -> PageStory:
    story = PageStory()
    for entry in entries:
        story.add(entry)
    return story


def test_the_class_with_most_time_stands_first():
    """With its figures as known, and a whisker on the side of the gain."""
    table = lay_out(tell(canned.stopped().entries).run.state)
    assert [row.key for row in table.rows] == [canned.KEYS[1], canned.KEYS[0]]
    first = table.rows[0]
    assert (first.share, first.baseline, first.best, first.gain) == ("80 %", "400", "380", "5.0 ± 0.4 %")
    assert first.detectable == "0.6 %"
    assert first.whisker.meaning == "good"
    assert table.zero < first.whisker.low < first.whisker.x < first.whisker.high
    assert table.hows == ["GPU time, measured afresh"]


def test_a_gain_within_its_uncertainty_is_none():
    """It is neither green nor red; before the baseline there is no row at all."""
    same = lay_out(tell(canned.Canned().baseline().keep((1.001, 0.999)).entries).run.state)
    assert {row.whisker.meaning for row in same.rows} == {"same"}
    worse = lay_out(tell(canned.Canned().baseline().keep((1.2, 0.8)).entries).run.state)
    assert [row.whisker.meaning for row in worse.rows] == ["good", "bad"]
    assert lay_out(tell(canned.fresh().entries).run.state).rows == []


def test_baseline_and_best_are_held_side_by_side():
    """Kernels and stalls by share, the larger first, with what was traced and how much of it."""
    profile = compare(tell(rich_run()))
    assert profile.has_best
    assert profile.launches == (30, 30)
    assert [bar.name for bar in profile.kernels][:2] == ["pa_decode_kernel", "pa_reduce_kernel<float, 128>"]
    assert (profile.stalls[0].name, profile.stalls[0].before_pct, profile.stalls[0].now_pct) == (
        "waiting for memory", 41.0, 23.0,
    )  # fmt: skip
    assert [place.id for place in profile.places] == ["h1", "h2", "h3"]
    assert ("arch VGPRs", "128", "128") in profile.figures


def test_before_a_keep_there_is_one_column():
    """And without any trace nothing is shown."""
    assert not compare(tell(canned.Canned().baseline().entries)).has_best
    assert compare(tell(canned.fresh().entries)) is None


def test_a_kernel_that_was_cut_off_the_list_is_unknown_not_zero():
    """A list that left kernels out says nothing about those that are not on it."""
    story = tell(rich_run("running"))
    state = story.run.state
    cut = replace(state.baseline_trace, kernels=state.baseline_trace.kernels[:1], kernels_left_out=3)
    whole = replace(state.best.trace, kernels_left_out=0)
    story.run.state = replace(state, baseline_trace=cut, best=replace(state.best, trace=whole))
    reduce = compare(story).kernels[1]
    assert (reduce.before_pct, reduce.now_pct) == (None, 6.0)


def card_of(name: str, number: int, places=None):
    story = tell(JOURNALS[name]().entries)
    keys = {one.key: place for place, one in enumerate(story.run.state.classes)}
    return make_card(story.rounds[number - 1], keys if places is None else places, None)


def test_a_card_holds_the_prediction_against_the_outcome():
    """With the verdict in one sentence, the reason, and every class."""
    card = card_of("running", 1)
    facts = dict(card.facts)
    assert (card.ending, card.tone, card.change) == ("kept", "good", "7.5 ± 0.4 % faster")
    assert facts["Predicted"] == "5 % faster"
    assert facts["Measured"] == "7.5 ± 0.4 % faster: confirmed"
    assert facts["Points at"] == "h1"
    assert facts["Passed"] == (
        "only allowed files changed; numbers right in 4 rows, by the error column; "
        "timed next to best, 6 pairs, 12 runs; measured again after formatting"
    )
    assert [line.change for line in card.classes] == ["10.0 ± 0.4 % faster", "5.0 ± 0.4 % faster"]


def test_the_filter_knows_what_a_round_is_about():
    """One class by its number; the whole as all."""
    assert card_of("running", 5).keys == "1"
    assert card_of("running", 1).keys == "all"
    assert card_of("running", 5, {}).keys == "all"


def test_a_round_without_hypothesis_says_why():
    """And the open one that the proposer is at work."""
    assert card_of("endings", 9).title == "no proposal file"
    assert card_of("endings", 14).title == "The proposer is at work."
    assert card_of("endings", 14).ending == "open"


def test_every_try_of_a_repair_is_listed():
    """How each came to be and what became of it."""
    card = card_of("endings", 8)
    assert [origin for _, origin, _ in card.attempts] == ["proposed", "repair", "repair", "repair"]
    assert all("2 of 4 rows are wrong" in outcome for _, _, outcome in card.attempts)


def test_checks_show_their_last_look_with_failures_first():
    """A check that could not be made is neither green nor red."""
    run = canned.Canned().baseline()
    run.propose()
    looks = (passed("control column"), not_checked("held-out rows", "none set"), failed("launches", "half of them"))
    run.add(Benched(run=canned.bench_of(run.commit()), checks=(*looks, failed("control column", "moved by 40 %"))))
    story = tell(run.entries)
    checks = make_card(story.rounds[0], {}, None).checks
    assert [(one.name, one.outcome, one.tone) for one in checks] == [
        ("control column", "failed", "bad"),
        ("launches", "failed", "bad"),
        ("held-out rows", "not checked", ""),
    ]


def test_many_classes_are_counted_not_listed():
    """Twelve lines of a card at most, those that changed first."""
    story = tell(canned.running().entries)
    one = story.rounds[0]
    verdict = one.verdict
    same = [replace(verdict.classes[0], key=f"k{number}", outcome=canned.Outcome.TIE) for number in range(30)]
    one.verdict = replace(verdict, classes=(*same, verdict.classes[1]))
    card = make_card(one, {}, None)
    assert len(card.classes) == 12
    assert card.classes[0].key == canned.KEYS[1]
    assert card.classes_left == 19
