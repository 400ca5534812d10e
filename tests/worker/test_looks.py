"""Promises of looking: one look at a time, and nobody waits for one that hangs."""

import threading
from collections.abc import Mapping

import pytest

from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading
from kernel_opt.worker.looks import Looker


class SlowPlatform:
    """A platform that answers when it is let."""

    name = "slow"

    def __init__(self, answer: tuple[Reading, ...] | Exception = ()) -> None:
        self.answer = answer
        self.may_answer = threading.Event()
        self.asked = 0

    def read_cards(self) -> tuple[Reading, ...]:
        self.asked += 1
        assert self.may_answer.wait(30)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def bind(self, card: Reading, environ: Mapping[str, str]) -> dict[str, str]:
        return {**environ, "CARD": str(card.card)}

    def lease_key(self, card: Reading) -> str:
        return str(card.card)


READINGS = (Reading(card=0, source="slow", at_s=1.0),)


def test_a_look_is_the_platforms() -> None:
    """A look returns what the platform read."""
    platform = SlowPlatform(READINGS)
    platform.may_answer.set()
    assert Looker(platform, 20.0).look() == READINGS


def test_only_one_look_at_a_time() -> None:
    """While one look is under way no second one is started: status tools that hang would pile up."""
    platform = SlowPlatform(READINGS)
    looker = Looker(platform, 20.0)
    assert looker.begin()
    assert not looker.begin()
    assert looker.finish(0.0) is None
    platform.may_answer.set()
    assert looker.finish(20.0) == READINGS
    assert looker.finish(0.0) is None
    assert platform.asked == 1


def test_a_look_that_hangs_is_given_up() -> None:
    """A look over its limit fails; the next says that the first still hangs, and one after its end is good again."""
    platform = SlowPlatform(READINGS)
    looker = Looker(platform, 0.05)
    with pytest.raises(ReadFailedError, match="longer than"):
        looker.look()
    with pytest.raises(ReadFailedError, match="still hangs"):
        looker.look()
    platform.may_answer.set()
    assert looker.finish(20.0) == READINGS
    assert Looker(platform, 20.0).look() == READINGS


def test_an_old_look_is_not_taken_for_a_new_one() -> None:
    """What was asked before is thrown away when somebody looks now."""
    platform = SlowPlatform(READINGS)
    looker = Looker(platform, 20.0)
    looker.begin()
    platform.may_answer.set()
    assert looker.look() == READINGS
    assert platform.asked == 2


@pytest.mark.parametrize("error", [ReadFailedError("no tool"), KeyError("card3"), ZeroDivisionError("x")])
def test_whatever_a_platform_raises_is_an_answer(error: Exception) -> None:
    """A platform's failure reaches whoever asked as a failed reading, with its cause."""
    platform = SlowPlatform(error)
    platform.may_answer.set()
    with pytest.raises(ReadFailedError, match=str(error)):
        Looker(platform, 20.0).look()
