"""A traced command gets an idle card of its own, or does not run."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from kernel_opt.cli.trace_run import hold_card
from kernel_opt.edges.lease import LEASE_DIR_VARIABLE, holder, take
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.reading import Reading
from kernel_opt.rules.gate import Thresholds

MIB = 2**20
IDLE = Reading(
    card=0,
    source="rocm-smi",
    at_s=0.0,
    bdf="0000:75:00.0",
    use_pct=0.0,
    vram_used_bytes=283 * MIB,
    vram_total_bytes=192 * 1024 * MIB,
    users=(),
    pids_local=True,
)
BUSY = replace(IDLE, card=1, bdf="0000:05:00.0", use_pct=97.0)


class Clock:
    """Time that passes only when somebody sleeps."""

    now_s = 100.0

    def sleep_s(self, duration_s: float) -> None:
        """Let time pass."""
        self.now_s += duration_s


class Cards:
    """A platform whose cards are as the test says."""

    name = "scripted"

    def __init__(self, clock: Clock, *cards: Reading) -> None:
        self._clock = clock
        self._cards = cards

    def read_cards(self) -> tuple[Reading, ...]:
        """Look now."""
        return tuple(replace(card, at_s=self._clock.now_s) for card in self._cards)

    def bind(self, card: Reading, environ: Mapping[str, str]) -> dict[str, str]:
        """Show one card."""
        return {**environ, "HIP_VISIBLE_DEVICES": str(card.card)}

    def lease_key(self, card: Reading) -> str:
        """Name the card."""
        return card.bdf or ""


@pytest.fixture(autouse=True)
def _leases(tmp_path, monkeypatch):
    monkeypatch.setenv(LEASE_DIR_VARIABLE, str(tmp_path / "leases"))


def hold(*cards: Reading):
    """Ask for a card."""
    clock = Clock()
    return hold_card(Cards(clock, *cards), Thresholds(), clock)


def test_the_idle_card_is_leased_and_shown_alone():
    """The busy one is left alone, and the lease ends with the command."""
    with hold(BUSY, IDLE) as environ:
        assert environ["HIP_VISIBLE_DEVICES"] == "0"
        assert holder("0000:75:00.0") is not None
    assert holder("0000:75:00.0") is None


def test_no_idle_card():
    """Every card is named with why it may not be taken."""
    with pytest.raises(InfrastructureError, match=r"no idle GPU: card 1: .*--any-gpu"), hold(BUSY):
        pass


def test_a_leased_card():
    """Another run's card is not traced on."""
    lease = take("0000:75:00.0", {"pid": 9})
    assert lease is not None
    with lease, pytest.raises(InfrastructureError, match="card 0 is leased"), hold(IDLE):
        pass
