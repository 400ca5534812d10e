"""Several runs on the same cards: who leaves the next one to whom."""

from collections.abc import Sequence


def leaves_card(idle: int, held: int, held_by_waiting: Sequence[int]) -> bool:
    """Say whether a run that holds ``held`` cards leaves the ``idle`` ones to others that wait and hold fewer.

    A run that holds none never does: of two such runs the first takes the card, as it always was.
    """
    return idle <= sum(theirs < held for theirs in held_by_waiting)
