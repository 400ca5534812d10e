import pytest

from kernel_opt.daemon.telling import Teller
from kernel_opt.model.facts import Entry
from kernel_opt.model.notify_settings import News
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve
from tests.views import canned


class Views:
    """Keeps which facts it was told."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def tell(self, entry: Entry, _state: RunState) -> None:
        self.told.append(entry.seq)


class Messages:
    """Keeps the news it was offered."""

    def __init__(self, *, is_wanted: bool = True) -> None:
        self.is_wanted = is_wanted
        self.offered: list[News] = []

    def offer(self, news: News) -> None:
        self.offered.append(news)


@pytest.fixture
def story() -> list[tuple[Entry, RunState]]:
    state, told = RunState(), []
    for entry in canned.stopped().entries:
        state = evolve(state, entry)
        told.append((entry, state))
    return told


def test_views_hear_every_fact_and_people_the_news(story):
    """In this order, so that what people are told of is there to be looked at."""
    views, messages = Views(), Messages()
    for entry, state in story:
        Teller(views, messages).tell(entry, state)
    assert views.told == [entry.seq for entry, _ in story]
    assert [news.about for news in messages.offered] == ["kept", "stopped"]


def test_the_last_fact_before_a_crash_is_offered_again(story):
    """The messages know whether it was told already; the views are rendered again as a whole elsewhere."""
    views, messages = Views(), Messages()
    Teller(views, messages).catch_up([story[-1][0]], story[-1][1])
    assert (views.told, [news.seq for news in messages.offered]) == ([], [story[-1][0].seq])
    Teller(views, messages).catch_up([], RunState())
    assert len(messages.offered) == 1


def test_without_a_way_to_tell_nothing_is_made(story):
    """The daemon of most people does no more than before."""
    messages = Messages(is_wanted=False)
    for entry, state in story:
        Teller(Views(), messages).tell(entry, state)
    assert messages.offered == []
