import pytest

from kernel_opt.model import facts as f
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve
from kernel_opt.views.gains import SINGLE_RUNS
from kernel_opt.views.news import tell_news
from tests.views import canned
from tests.views.journals import HOSTILE, JOURNALS


def tell_all(run: canned.Canned) -> list[str]:
    state, told = RunState(), []
    for entry in run.entries:
        state = evolve(state, entry)
        news = tell_news(entry, state)
        told += [news.text] if news else []
    return told


def gain(figure: str, how: str) -> str:
    return f"Best takes {figure} % less time than the baseline ({how})."


def test_a_night_in_a_few_sentences():
    """The keep with its hypothesis and what best gains, the end with its reason; ties and regressions are silent."""
    assert tell_all(canned.stopped()) == [
        f"apr16: round 1 is kept: Prefetch block 1 of K earlier. {gain('7.5 ± 0.9', SINGLE_RUNS)}",
        f"apr16: the run ended: 5 regressions in a row. {gain('7.5 ± 0.4', 'GPU time, measured afresh')}",
    ]


def test_trouble_says_what_is_in_the_way():
    """Who sits on the cards, and that the proposer is gone."""
    assert tell_all(canned.waiting())[1:] == [
        "apr16: no idle GPU, it waits: GPU 0: pid 812 (train) uses it; GPU 1: unknown load"
    ]
    assert tell_all(JOURNALS["no-agent"]())[1:] == ["apr16: the proposer does not answer: usage limit reached"]


def test_refusals_crashes_and_a_full_disk():
    """Each in its own words."""
    run = canned.Canned().baseline()
    for _ in range(4):
        run.fail(Ending.REFUSED)
    run.add(f.DaemonStarted(pid=1, wished=False))
    run.propose()
    run.add(f.Faulted(kind="disk-full", why="12 MB left"))
    told = tell_all(run)
    assert told[0] == "apr16: 3 proposals of claude in a row were refused, the last: SyntaxError"
    assert told[1].startswith("apr16: the daemon was started again in round 4")
    assert told[2] == "apr16: the disk is full: 12 MB left"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_short_clean_line(text):
    """No escape codes, no line breaks, no endless words."""
    told = tell_all(canned.Canned().baseline().keep((0.9, 0.9), sentence=text))[0]
    assert told.isprintable()
    assert len(told) < 400


def test_without_a_keep_the_end_says_so():
    """Nothing is promised."""
    assert tell_all(canned.Canned().baseline().stop()) == [
        "apr16: the run ended: 5 regressions in a row. Nothing was kept."
    ]
