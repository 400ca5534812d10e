"""Several runs on the same cards share them fairly."""

import pytest

from kernel_opt.rules.card.share import leaves_card


@pytest.mark.parametrize(
    ("idle", "held", "waiting", "leaves"),
    [
        (1, 0, [0], False),  # of two runs with nothing the first takes the card
        (1, 1, [0], True),
        (2, 1, [0], False),  # one is left for the other all the same
        (2, 7, [0, 3], True),
        (1, 2, [2], False),  # as many as this one
        (1, 3, [], False),
    ],
)
def test_a_run_that_holds_cards_leaves_the_next_to_one_that_waits_and_holds_fewer(
    idle: int, held: int, waiting: list[int], leaves: bool
) -> None:
    """Only as many as those that wait need; a run without any card never gives way."""
    assert leaves_card(idle, held, waiting) is leaves
