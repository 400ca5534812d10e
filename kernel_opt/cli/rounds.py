"""The rounds of a run as its journal tells them, one by one, with what became of each later."""

from collections.abc import Iterator
from pathlib import Path

from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.views.story import RoundStory
from kernel_opt.views.telling import find_given_up, tell_rounds

_LATER = frozenset({"Kept", "RolledBack"})
"""Facts that say whether a keep still stands; all others are passed over undecoded."""


def read_rounds(directory: Path) -> Iterator[RoundStory]:
    """Yield the rounds of the journal in a directory, the open one last; never all of them in memory."""
    later = (record for record in read_records(directory) if record.kind in _LATER)
    given_up = find_given_up(entries(later))
    for one in tell_rounds(entries(read_records(directory))):
        one.is_given_up = one.round in given_up
        yield one
