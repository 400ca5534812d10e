"""Waiting ends by time or by a wish, and sleeps in between."""

from kernel_opt.model.facts import Paused, StopAsked, Unpaused, Waited
from kernel_opt.model.steps import Rest, Wait
from kernel_opt.round.rest import LONGEST_WAIT_S, rest, wait
from tests.round.toolbox import Box, FakeWishes


def test_a_wait_is_one_sleep(box: Box) -> None:
    """To the moment, and not woken in between."""
    until_s = box.wishes.now_s + 600.0
    assert wait(Wait(until_s, "gpu"), box.state(), box.tools) == Waited(waited_s=600.0, reason="gpu")
    assert box.wishes.slept_until_s == [until_s]


def test_a_moment_long_past_is_no_wait(box: Box) -> None:
    """Nor is time ever counted backwards, when somebody sets the clock."""
    assert wait(Wait(0.0, "gpu"), box.state(), box.tools) == Waited(waited_s=0.0, reason="gpu")

    def set_back(wishes: FakeWishes) -> None:
        wishes.now_s -= 86400.0

    box.wishes.on_sleep = set_back
    assert wait(Wait(box.wishes.now_s + 60.0, "gpu"), box.state(), box.tools) == Waited(waited_s=0.0, reason="gpu")


def test_no_wait_is_longer_than_the_protocol_knows(box: Box) -> None:
    """A clock that was set back by days must not make the run sleep for days."""
    fact = wait(Wait(box.wishes.now_s + 1e7, "proposer"), box.state(), box.tools)
    assert fact == Waited(waited_s=LONGEST_WAIT_S, reason="proposer")


def test_a_wish_ends_a_wait(box: Box) -> None:
    """A stop goes before a pause; a pause that is known already changes nothing."""
    box.wishes.paused = True
    assert wait(Wait(0.0, "gpu"), box.state(), box.tools) == Paused()
    assert isinstance(wait(Wait(0.0, "gpu"), box.state(paused=True), box.tools), Waited)
    box.wishes.stopper = "ana"
    assert wait(Wait(0.0, "gpu"), box.state(), box.tools) == StopAsked(by="ana")


def test_a_rest_lasts_until_somebody_ends_it(box: Box) -> None:
    """Waking for nothing goes on resting; the time is told."""

    def wake(wishes: FakeWishes) -> None:
        wishes.now_s += 100.0
        wishes.paused = len(wishes.slept_until_s) < 3

    box.wishes.paused = True
    box.wishes.on_sleep = wake
    assert rest(Rest(), box.state(paused=True), box.tools) == Unpaused(rested_s=300.0)
    assert len(box.wishes.slept_until_s) == 3


def test_a_stop_ends_a_rest(box: Box) -> None:
    """Without letting the run go on."""

    def stop(wishes: FakeWishes) -> None:
        wishes.stopper = "ana"

    box.wishes.paused = True
    box.wishes.on_sleep = stop
    assert rest(Rest(), box.state(), box.tools) == StopAsked(by="ana")


def test_without_a_pause_there_is_no_rest(box: Box) -> None:
    """Let go before it lay down."""
    assert rest(Rest(), box.state(), box.tools) == Unpaused(rested_s=0.0)
    assert box.wishes.slept_until_s == []
