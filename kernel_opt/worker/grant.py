"""The gate on this host: looks, the choice of a card, and its lease."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernel_opt.edges import lease
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.lease import Lease
from kernel_opt.edges.lease_wants import count_held, find_waiting
from kernel_opt.edges.session_records import SessionOutcome, SessionRequest, SessionResult
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.gate import CardState, judge_card, pick_card
from kernel_opt.rules.card.share import leaves_card
from kernel_opt.worker.looks import Looker
from kernel_opt.worker.site import require_one_card

_NAP_S = 0.05
"""Between two questions whether the session is still wanted."""


@dataclass(frozen=True, slots=True)
class HeldCard:
    """A card that was idle when we looked, and is ours now."""

    reading: Reading
    lease: Lease


def take_idle_card(
    request: SessionRequest,
    platform: Platform,
    looker: Looker,
    find_reason_to_end: Callable[[], SessionOutcome | None],
) -> HeldCard | SessionResult:
    """Look as often as the gate asks, then take the most idle card that nobody else has leased."""
    looks: list[tuple[Reading, ...]] = []
    for number in range(request.gate.looks):
        reason = _wait(request.gate.gap_s if number else 0.0, find_reason_to_end)
        if reason is not None:
            return SessionResult(outcome=reason)
        try:
            looks.append(looker.look())
        except ReadFailedError as error:
            return SessionResult(outcome=SessionOutcome.BUSY_GPU, why=(f"no card could be read: {error}",))
    if request.scheduler is not None and request.scheduler.one_card:
        require_one_card(looks[-1], os.environ)
    states = _judge_cards(looks, platform, request)
    why = [f"card {state.reading.card}: {state.why}" for state in states if not state.idle]
    while (picked := pick_card(states, request.last_used)) is not None:
        key = platform.lease_key(picked.reading)
        if (others := _find_others(states, request)) is not None:
            return SessionResult(outcome=SessionOutcome.BUSY_GPU, why=(*why, others))
        held = lease.take(key, {"tag": request.tag, "session": request.id, "run": request.owner_lock})
        if held is not None:
            return HeldCard(picked.reading, held)
        why.append(f"card {picked.reading.card}: leased by {_tell_holder(key)}")
        states = [state for state in states if state is not picked]
    return SessionResult(outcome=SessionOutcome.BUSY_GPU, why=tuple(why) or ("this host has no card",))


def _find_others(states: Sequence[CardState], request: SessionRequest) -> str | None:
    """Say to whom the idle cards are left: to runs that wait for one and hold fewer than this run does."""
    waiting = find_waiting(request.owner_lock)
    held = count_held() if waiting else Counter[str]()
    if not leaves_card(sum(state.idle for state in states), held[request.owner_lock], [held[run] for run in waiting]):
        return None
    return f"this run holds {held[request.owner_lock]}, and another one that holds fewer waits for the next"


def _wait(duration_s: float, find_reason_to_end: Callable[[], SessionOutcome | None]) -> SessionOutcome | None:
    """Wait between two looks, unless the session is not wanted any more."""
    until = time.monotonic() + duration_s
    while (reason := find_reason_to_end()) is None and (left_s := until - time.monotonic()) > 0:
        time.sleep(min(left_s, _NAP_S))
    return reason


def _judge_cards(looks: list[tuple[Reading, ...]], platform: Platform, request: SessionRequest) -> list[CardState]:
    """Judge each card by its own looks; one that was not seen in all of them has too few to be idle."""
    by_key: dict[str, list[Reading]] = {}
    for look in looks:
        for reading in look:
            by_key.setdefault(platform.lease_key(reading), []).append(reading)
    return [judge_card(of_card, request.gate) for of_card in by_key.values()]


def _tell_holder(key: str) -> str:
    """Name who holds a card, for people."""
    note = lease.holder(key) or {}
    return f"pid {note.get('pid', 'unknown')} (run {note.get('tag', 'unknown')})"
