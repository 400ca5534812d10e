"""Cards that a scheduler keeps from us: their device cannot be opened, whoever we are."""

import errno
import functools
import os
from collections.abc import Sequence
from dataclasses import replace

from kernel_opt.model.reading import Reading


def drop_fenced(cards: Sequence[Reading], dev_root: str) -> tuple[Reading, ...]:
    """Return the cards whose device this process may open, numbered anew as the runtime numbers what is left.

    A control group answers EPERM, where missing rights of the user would be EACCES: such a card is in sight of the
    status tools and out of reach of everything else, as if it were not there.
    """
    left = [card for card in cards if card.render_minor is None or not _is_fenced(dev_root, card.render_minor)]
    if len(left) == len(cards):
        return tuple(cards)
    order = sorted(card.hip_index for card in left if card.hip_index is not None)
    return tuple(
        card if card.hip_index is None else replace(card, hip_index=order.index(card.hip_index)) for card in left
    )


@functools.cache
def _is_fenced(dev_root: str, minor: int) -> bool:
    """Try once: a fence stays for a process's life, and whoever holds a device open looks like its user."""
    try:
        os.close(os.open(f"{dev_root}/dri/renderD{minor}", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EPERM
    return False
