"""What the daemon has for several rounds at once."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.daemon.lanes import AUTO_MOST, LaneCrew, LaneEars, count_lanes
from kernel_opt.edges.executors.executor import Capacity
from kernel_opt.model.settings import PlatformSettings, Settings
from kernel_opt.model.steps import OpenRound
from kernel_opt.round.tools import Tools
from tests.daemon.test_book import FakeLog
from tests.fakes import settings
from tests.round.toolbox import FakeProposer, make_box


@dataclass
class FakeExecutor:
    """Says how many sessions could begin."""

    free: int | None = None

    def capacity(self) -> Capacity:
        return Capacity(self.free, "told by a fake")


def with_cards(tmp_path: Path, cards: str, **more: object) -> Settings:
    (tmp_path / "cards.json").write_text(cards)
    options = {"state": str(tmp_path / "cards.json")}
    platform = PlatformSettings(name="tests.worker.fake_platform:open_platform", options=options)
    return settings(platform=platform, **more)


@pytest.mark.parametrize(
    ("cards", "free", "lanes"),
    [("[{}, {}, {}]", None, 3), ("[]", None, 1), ("[{}]", 5, 5), ("[{}]", 400, AUTO_MOST), ("[{}]", 0, 1)],
)
def test_auto_is_as_many_as_there_are_cards(tmp_path: Path, cards: str, free: int | None, lanes: int) -> None:
    """As the executor tells, or else as this host has; at least one, and no more than a node has."""
    auto = with_cards(tmp_path, cards, lanes="auto")
    assert count_lanes(auto, FakeExecutor(free), FakeLog()) == lanes
    assert count_lanes(replace(auto, lanes=2), FakeExecutor(free), FakeLog()) == 2


def test_cards_that_cannot_be_counted_are_one_lane_and_it_is_said(tmp_path: Path) -> None:
    """The run starts all the same."""
    log = FakeLog()
    assert count_lanes(with_cards(tmp_path, '{"fail": "driver"}', lanes="auto"), FakeExecutor(), log) == 1
    assert any("cannot be counted" in event for event, _ in log.said)


def test_each_lane_has_a_worktree_and_a_proposer_of_its_own(tmp_path: Path) -> None:
    """Made once; the run's own stands for no lane, and has the run's own proposer."""
    box = make_box(tmp_path)
    proposers: list[FakeProposer] = []

    def choose() -> FakeProposer:
        proposers.append(FakeProposer())
        return proposers[-1]

    crew = LaneCrew(box.tools, FakeLog(), choose)
    hands = [crew(0), crew(1), crew(2), crew(1)]
    assert hands[1] is hands[3]
    tools: list[Tools] = [one._tools for one in hands]
    assert [one.tree.lane for one in tools] == [0, 1, 2, 1]
    assert len({str(one.skills) for one in tools}) == 3
    assert len({str(one.homes) for one in tools}) == 3
    assert [one.proposer for one in tools[:3]] == [box.tools.proposer, *proposers]
    assert type(hands[1].perform(OpenRound(1), box.state())).__name__ == "RoundOpened"


@dataclass
class FakeWishes:
    heard: list[float | None] = field(default_factory=list)
    woken: int = 0

    def hear(self, most_s: float | None) -> None:
        self.heard.append(most_s)

    def wake(self) -> None:
        self.woken += 1


class FakeClock:
    def utc(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(1000.0, dt.UTC)


def test_ears_hear_until_a_moment() -> None:
    """Told by the wall clock, or for ever."""
    wishes = FakeWishes()
    ears = LaneEars(wishes, FakeClock())
    ears.hear(1060.0)
    ears.hear(None)
    ears.wake()
    assert (ears.now_s(), wishes.heard, wishes.woken) == (1000.0, [60.0, None], 1)
