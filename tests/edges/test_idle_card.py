"""An idle card for one command of a person."""

import json
from pathlib import Path

import pytest

from kernel_opt.edges.idle_card import hold_idle_card, open_platform
from kernel_opt.edges.lease import holder, take
from kernel_opt.edges.session_records import PlatformChoice
from kernel_opt.model.errors import InfrastructureError, UsageError
from kernel_opt.rules.card.gate import Thresholds

FACTORY = "tests.worker.fake_platform:open_platform"


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    def sleep_s(self, duration_s: float) -> None:
        self.slept_s.append(duration_s)


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says what the cards are, and leases of the test's own."""
    monkeypatch.setenv("KERNEL_OPT_LEASE_DIR", str(tmp_path / "leases"))
    return tmp_path / "cards"


def hold(cards: Path, *states: dict, clock: FakeClock | None = None):
    cards.write_text(json.dumps(states))
    platform = open_platform(PlatformChoice(factory=FACTORY, options={"state": str(cards)}))
    environ = {"FAKE_MASK": "1", "PATH": "/bin"}
    return hold_idle_card(platform, Thresholds(looks=3, gap_s=0.0), clock or FakeClock(), environ)


def test_the_idle_card_is_held_while_the_command_runs(cards: Path) -> None:
    """The environment shows that card alone; afterwards the lease is free. Every look but the first is waited for."""
    clock = FakeClock()
    with hold(cards, {"users": [7]}, {}, clock=clock) as environ:
        assert environ == {"PATH": "/bin", "FAKE_CARD": "1"}
        assert holder("fake-0000:01:00.0") is not None
    assert holder("fake-0000:01:00.0") is None
    assert clock.slept_s == [0.0, 0.0]


def test_a_command_that_fails_lets_go(cards: Path) -> None:
    """However it ends, the card is free again."""
    with pytest.raises(KeyError), hold(cards, {}):
        raise KeyError
    assert holder("fake-0000:00:00.0") is None


def test_a_leased_card_is_passed_over(cards: Path) -> None:
    """The next idle one is taken; when all are leased or busy, each is told with its reason."""
    lease = take("fake-0000:00:00.0", {"tag": "other"})
    assert lease is not None
    with hold(cards, {}, {}) as environ:
        assert environ["FAKE_CARD"] == "1"
    busy = r"no idle card: card 1: in use by pid 7 \(python\); card 0: leased by another run; wait"
    with pytest.raises(InfrastructureError, match=busy), hold(cards, {}, {"users": [7]}):
        pass
    lease.release()


def test_a_host_without_cards_is_told(cards: Path) -> None:
    """There is nothing to wait for."""
    with pytest.raises(InfrastructureError, match="no idle card: this host has none"), hold(cards):
        pass


@pytest.mark.parametrize(
    "choice",
    [
        PlatformChoice(factory="no.such.module:open"),
        PlatformChoice(factory="tests.worker.fake_platform:close"),
        PlatformChoice(factory=FACTORY, options={"colour": "red"}),
    ],
)
def test_a_platform_that_cannot_be_opened_is_told(choice: PlatformChoice) -> None:
    """A slip in the settings, with the key to look at."""
    with pytest.raises(UsageError, match=r"cannot be opened: .*; see platform.options"):
        open_platform(choice)
