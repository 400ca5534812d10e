import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.notify_settings import News, NewsKind, NotifySettings, Told
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import RunState, Tally
from kernel_opt.rules.news import count_left_out, find_news, may_tell

STATE = RunState(looks=1, proposer_away=1, tally=Tally(refused=(("claude", 3),)))
TOLD = [
    (r.Kept(commit="c", candidate="d", why=""), "kept"),
    (f.Stopped(reason="x", code="x", best="b"), "stopped"),
    (r.RolledBack(commit="c", code="d", why="x"), "rolled-back"),
    (r.Dropped(ending=Ending.REFUSED, why="x"), "refused"),
    (f.NoIdleGpu(why=("busy",)), "gpu"),
    (f.ProposerAway(why="x"), "proposer"),
    (f.Faulted(kind="disk-full", why="x"), "disk"),
    (f.DaemonStarted(pid=1, wished=False), "restarted"),
]
UNTOLD = [
    f.DaemonStarted(pid=1, wished=True),
    f.Faulted(kind="gpu-lost", why="x"),
    r.Dropped(ending=Ending.TIE, why="x"),
    f.StopPlanned(reason="x", code="x"),
    f.Paused(),
]


@pytest.mark.parametrize(("fact", "about"), TOLD, ids=[about for _, about in TOLD])
def test_what_a_person_wants_to_know_at_night(fact, about):
    """Keeps, the end, and what may need a hand."""
    assert find_news(fact, STATE)[1] == about


@pytest.mark.parametrize("fact", UNTOLD)
def test_all_else_is_no_news(fact):
    """A run of five hundred rounds must not be five hundred messages."""
    assert find_news(fact, STATE) is None


def test_a_lasting_trouble_is_news_once():
    """The second look for a card, the second unanswered call, the second and the fourth refusal are not."""
    later = replace(STATE, looks=2, proposer_away=2)
    assert find_news(f.NoIdleGpu(why=()), later) is None
    assert find_news(f.NoIdleGpu(why=(), waited_s=1.0), later) == (NewsKind.TROUBLE, "gpu")  # the first, told as two
    assert find_news(f.NoIdleGpu(why=(), waited_s=1.0), replace(later, looks=3)) is None
    assert find_news(f.ProposerAway(why=""), later) is None
    assert find_news(f.ProposerAway(why="", final=True), later) == (NewsKind.TROUBLE, "proposer")
    for count in (2, 4):
        state = replace(STATE, tally=Tally(refused=(("claude", count), ("codex", 3))))
        assert find_news(r.Dropped(ending=Ending.REFUSED, why=""), state) is None


def news(kind: NewsKind, about: str, at_s: float) -> News:
    return News(kind=kind, about=about, text="", tag="", repository="", seq=1, round=1, at_s=at_s)


@given(st.lists(st.tuples(st.sampled_from(NewsKind), st.sampled_from("abc"), st.floats(0, 20_000)), max_size=60),
       st.integers(1, 5))  # fmt: skip
def test_no_hour_has_too_many_messages(events, per_hour):
    """Whatever happens when, and the end of the run is always told."""
    limits = NotifySettings(per_hour=per_hour)
    past: list[Told] = []
    for kind, about, at_s in sorted(events, key=lambda event: event[2]):
        is_told = may_tell(news(kind, about, at_s), past, limits)
        assert is_told or kind is not NewsKind.STOP
        past.append(Told(kind=kind, about=about, at_s=at_s, is_left_out=not is_told))
    told = [one for one in past if not one.is_left_out]
    for place, last in enumerate(told):
        hour = [one for one in told[:place] if last.at_s - one.at_s < 3600]
        assert last.kind is NewsKind.STOP or len(hour) < per_hour


def test_the_same_trouble_waits_and_another_does_not():
    """A busy machine is told once an hour; a full disk meanwhile at once; keeps are no trouble."""
    past = [Told(kind=NewsKind.TROUBLE, about="gpu", at_s=100.0), Told(kind=NewsKind.KEEP, about="kept", at_s=200.0)]
    limits = NotifySettings()
    assert not may_tell(news(NewsKind.TROUBLE, "gpu", 3699.0), past, limits)
    assert may_tell(news(NewsKind.TROUBLE, "gpu", 3700.0), past, limits)
    assert may_tell(news(NewsKind.TROUBLE, "disk", 300.0), past, limits)
    assert may_tell(news(NewsKind.KEEP, "kept", 300.0), past, limits)


def test_what_was_left_out_is_counted_from_the_last_message():
    """Those before it were counted in it."""
    words = [True, True, False, True]
    past = [Told(kind=NewsKind.KEEP, about="kept", at_s=1.0, is_left_out=word) for word in words]
    assert count_left_out(past) == 1
    assert count_left_out([]) == 0
