"""The gate on this host: looks, the choice of a card, and its lease."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from kernel_opt.edges import lease
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.lease import Lease
from kernel_opt.edges.session_records import SessionOutcome, SessionRequest, SessionResult
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.gate import CardState, judge_card, pick_card
from kernel_opt.worker.looks import Looker

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
    states = _judge_cards(looks, platform, request)
    why = [f"card {state.reading.card}: {state.why}" for state in states if not state.idle]
    while (picked := pick_card(states, request.last_used)) is not None:
        key = platform.lease_key(picked.reading)
        held = lease.take(key, {"tag": request.tag, "session": request.id})
        if held is not None:
            return HeldCard(picked.reading, held)
        why.append(f"card {picked.reading.card}: leased by {_tell_holder(key)}")
        states = [state for state in states if state is not picked]
    return SessionResult(outcome=SessionOutcome.BUSY_GPU, why=tuple(why) or ("this host has no card",))


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
