"""Whatever stands in the way of a comparison is told in one line: which side, why, and what to do."""

import pytest

from kernel_opt.model.facts import BenchedWrong, Broke, Disturbed, Fact, Faulted, NoIdleGpu, Paused, StopAsked
from kernel_opt.model.round_facts import Refused
from kernel_opt.round.comparison_trouble import as_error


@pytest.mark.parametrize(
    ("fact", "said", "code"),
    [
        (StopAsked(by="Ctrl-C"), "ended by Ctrl-C, nothing of it is left", 130),
        (NoIdleGpu(why=("card 0: busy", "card 1: unknown")), "no idle card: card 0: busy; card 1: unknown; wait", 1),
        (NoIdleGpu(why=()), "no idle card: this host has none", 1),
        (Disturbed(why=("pid 7 came",)), "the card was not ours alone: pid 7 came", 1),
        (Disturbed(why=()), "somebody else came", 1),
        (
            Faulted(kind="tracer", why="no trace"),
            "no trace; compare by the benchmark's own times with --script-time",
            1,
        ),
        (Faulted(kind="gpu-lost", why="reset"), "the machine failed (gpu-lost): reset", 1),
        (BenchedWrong(commit="c", rows=(), why="2 of 2", folder="f"), "topic computes wrong numbers: 2 of 2", 1),
        (Broke(commit="c", kind="hang", why="killed", folder="f"), "topic does not run (hang): killed", 1),
        (
            Refused(rule="rows", why="one lost"),
            "topic cannot be compared (rows): one lost; A and B must run the same",
            1,
        ),
        (Paused(), "Paused is no answer to a measurement", 1),
    ],
)
def test_every_ending_has_its_words(fact: Fact, said: str, code: int) -> None:
    """With the exit code that a script can tell apart."""
    error = as_error(fact, "topic")
    assert said in str(error)
    assert error.exit_code == code
