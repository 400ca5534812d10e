"""What several rounds at once need of the daemon: how many, a worktree and a proposer each, and who listens."""

from collections.abc import Callable
from dataclasses import replace

from kernel_opt.daemon.signals import SignalWishes
from kernel_opt.edges.agents.proposer import Proposer
from kernel_opt.edges.clock import Clock
from kernel_opt.edges.executors.executor import Executor
from kernel_opt.edges.idle_card import open_platform
from kernel_opt.edges.log import Log
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.worktree import lanes_folder
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.settings import Settings
from kernel_opt.round.perform import Hands
from kernel_opt.round.tools import Tools

AUTO_MOST = 8
"""A node has eight cards; with more rounds at once than that most would be drafted on a best that is old by then."""


def count_lanes(settings: Settings, executor: Executor, log: Log) -> int:
    """Return how many rounds may be measured at once; for "auto" as many as there are cards, as far as it is told."""
    if isinstance(settings.lanes, int):
        return settings.lanes
    capacity = executor.capacity()
    cards = _count_cards(settings, log) if capacity.free is None else capacity.free
    lanes = min(max(1, cards), AUTO_MOST)
    log.info("lanes", count=lanes, cards=cards, why=capacity.why)
    return lanes


def _count_cards(settings: Settings, log: Log) -> int:
    try:
        return len(open_platform(open_kit(settings.platform).choice).read_cards())
    except KernelOptError as error:
        log.warning("the cards cannot be counted, one lane it is", why=str(error))
        return 1


class LaneCrew:
    """Hands for each lane: a worktree and a proposer of its own, everything else shared."""

    def __init__(self, tools: Tools, log: Log, choose: Callable[[], Proposer]) -> None:
        self._tools, self._log, self._choose = tools, log, choose
        self._hands = {0: Hands(tools, log)}

    def __call__(self, lane: int) -> Hands:
        """Return who does the steps in a lane's worktree; 0 is the run's own."""
        if lane not in self._hands:
            tree = replace(self._tools.tree, lane=lane)
            lanes_folder(self._tools.tree.path).mkdir(exist_ok=True)
            self._hands[lane] = Hands(replace(self._tools, tree=tree, proposer=self._choose()), self._log)
        return self._hands[lane]


class LaneEars:
    """Hears people, answers and the passing of time."""

    def __init__(self, wishes: SignalWishes, clock: Clock) -> None:
        self._wishes, self._clock = wishes, clock

    def now_s(self) -> float:
        """See Ears."""
        return self._clock.utc().timestamp()

    def hear(self, until_s: float | None) -> None:
        """See Ears."""
        self._wishes.hear(None if until_s is None else until_s - self.now_s())

    def wake(self) -> None:
        """See Ears."""
        self._wishes.wake()
