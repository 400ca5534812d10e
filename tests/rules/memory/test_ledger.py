"""What did not hold is told once each, and summed up by place when there is too much of it."""

from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import Trial
from kernel_opt.rules.memory.ledger import find_dead_ends, sum_up


def test_each_dead_end_once_with_its_last_ending() -> None:
    """What held in the end is none, nor what the machine kept from being tried."""
    trials = (
        Trial("a", Ending.TIE, round=1), Trial("b", Ending.TIE, round=2), Trial("a", Ending.REGRESSION, round=3),
        Trial("b", Ending.KEPT, round=4), Trial("c", Ending.INFRASTRUCTURE, round=5), Trial("", Ending.TIE, round=6),
        Trial("d", Ending.WRONG, round=7),
    )  # fmt: skip
    assert [(one.sentence, one.round) for one in find_dead_ends(trials)] == [("a", 3), ("d", 7)]


def test_tries_are_summed_up_by_where_they_aimed() -> None:
    """By bottleneck, else by file, else together; the most tried first, with the best that came of it."""
    trials = (
        Trial("a", Ending.TIE, round=1, bottlenecks=("h1", "h2"), gain_pct=0.4),
        Trial("b", Ending.KEPT, round=2, bottlenecks=("h1",), gain_pct=3.0),
        Trial("c", Ending.WRONG, round=3, files=("k.py", "l.py")),
        Trial("d", Ending.REGRESSION, round=4, gain_pct=-2.0),
        Trial("e", Ending.GAVE_NOTHING, round=5, bottlenecks=("h1",)),
    )
    rows = sum_up(trials, most=9, recent=1)
    assert [(row.place, row.tries, row.kept, row.best_pct) for row in rows] == [
        ("h1", 2, 1, 3.0), ("", 1, 0, 0.0), ("h2", 1, 0, 0.4), ("k.py", 1, 0, 0.0),
    ]  # fmt: skip
    assert rows[0].last == ((2, Ending.KEPT),)
    assert len(sum_up(trials, most=2)) == 2
