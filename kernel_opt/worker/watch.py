"""Watching one leased card around a run: was it quiet before, ours alone meanwhile, and quiet again after."""

import os
import time
from dataclasses import replace

from kernel_opt.edges.gpus.holders import find_holders
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.process_tree import find_descendants
from kernel_opt.edges.session_records import SessionRequest
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading, UnderLoad
from kernel_opt.rules.card.gate import find_disturbances
from kernel_opt.rules.card.load import sum_up_looks
from kernel_opt.worker.grant import HeldCard
from kernel_opt.worker.looks import Look, Looker

_FRESH_S = 1.0
"""The look that found the card idle, or one after a run, serves as the look before the next run if it is no older: a
look costs a second with some tools."""
_SETTLE_NAP_S = 0.25
"""Between two looks at a card whose load sample still has to fall."""


class CardWatch:
    """The readings around one run, and what they tell."""

    def __init__(self, request: SessionRequest, platform: Platform, looker: Looker, held: HeldCard) -> None:
        self._request = request
        self._platform = platform
        self._looker = looker
        self._key = held.lease.key
        self._idle = held.reading
        self._fresh_until = time.monotonic() + _FRESH_S
        self._before = self._after = held.reading
        self._begin()

    def look_before(self) -> tuple[Reading, tuple[str, ...]]:
        """Return how the card is now and what speaks against starting a run on it."""
        self._begin()
        if time.monotonic() < self._fresh_until:
            self._before = self._after
            return self._before, ()
        self._before, found = self._look_settled(self._idle)
        return self._before, found

    def look_meanwhile(self) -> None:
        """Take the look under way if it is there, and start the next when it is time; never waits."""
        self._take(self._looker.finish(0.0))
        if time.monotonic() >= self._next_look and self._looker.begin():
            self._next_look = time.monotonic() + self._request.watch_s
            self._tried += 1
            self._note_ours()

    def look_after(self) -> tuple[Reading, tuple[str, ...]]:
        """Return how the card is when our child has gone, and everything that was not us since it started."""
        self._take(self._looker.finish(self._request.read_limit_s))
        self._after, found = self._look_settled(self._before)
        self._fresh_until = time.monotonic() + (_FRESH_S if not found else 0.0)
        if self._tried and not self._during:
            found = (*found, "the card could not be read while the run lasted")
        return self._after, found

    def sum_up(self) -> UnderLoad | None:
        """Return what was seen while the last run lasted."""
        return sum_up_looks(self._during)

    def _begin(self) -> None:
        """Forget the run before."""
        self._during: list[Reading] = []
        self._ours: set[int] = set()
        self._holders: set[int] = set()
        self._tried = 0
        self._next_look = time.monotonic() + self._request.watch_s

    def _note_ours(self) -> None:
        """Note which processes are ours now, and which of them hold the driver open."""
        ours = find_descendants(os.getpid())
        self._ours.update(ours)
        self._holders.update(find_holders(ours))

    def _take(self, look: Look | None) -> None:
        """Keep our card's reading out of a look; our children of this moment are known again, some are short-lived."""
        if look is None or isinstance(look, ReadFailedError):
            return
        self._note_ours()
        self._during += [reading for reading in look if self._platform.lease_key(reading) == self._key]

    def _look_settled(self, reference: Reading) -> tuple[Reading, tuple[str, ...]]:
        """Look until nothing is found, or the time for the load sample to fall is over."""
        until = time.monotonic() + self._request.settle_s
        while True:
            now = self._look_at_card()
            ours, holders = frozenset(self._ours), frozenset(self._holders)
            found = find_disturbances(reference, self._during, now, ours, self._request.gate, holders=holders)
            if not found or time.monotonic() >= until:
                return now, found
            time.sleep(_SETTLE_NAP_S)

    def _look_at_card(self) -> Reading:
        """Read our card; what could not be read is a reading that knows nothing, and that is never quiet."""
        try:
            look = self._looker.look()
        except ReadFailedError as error:
            return Reading(card=self._idle.card, source=self._idle.source, at_s=self._idle.at_s, problem=str(error))
        mine = [reading for reading in look if self._platform.lease_key(reading) == self._key]
        lost = Reading(card=self._idle.card, source=self._idle.source, at_s=self._idle.at_s, problem="the card is gone")
        if mine and None not in (mine[0].unique_id, self._idle.unique_id) and mine[0].unique_id != self._idle.unique_id:
            return replace(lost, problem="another card answers at this address")
        return mine[0] if mine else lost
