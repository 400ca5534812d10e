"""Tools for single steps: a real repository and worktree in a folder of the test's own, and a world that is told."""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.edits import capture_edit
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.process import StopWish
from kernel_opt.edges.worktree import create_run_tree, put_back
from kernel_opt.model.config import ConfigClass
from kernel_opt.model.edit import Edit
from kernel_opt.model.facts import Entry
from kernel_opt.model.hypothesis import Origin, Usage
from kernel_opt.model.proposal import Answer, Reply, Request
from kernel_opt.model.settings import PlatformSettings, Settings
from kernel_opt.model.stages import Drafted, Tries
from kernel_opt.model.state import Best, RunState
from kernel_opt.round.tools import Tools
from tests.edges.toy_repository import make_repository
from tests.fakes import KEYS, bench_run, config_class, hypothesis, settings

PYTHON = {"PATH": os.environ["PATH"]}
CLASSES: tuple[ConfigClass, ...] = tuple(config_class(key) for key in KEYS)


OK = Answer(reply=Reply.OK, hypothesis=hypothesis(), usage=Usage(cost_usd=0.5))


@dataclass
class FakeWishes:
    """What people ask: each sleep hears the next word of the script, if any is left."""

    now_s: float = 1_800_000_000.0
    stopper: str | None = None
    paused: bool = False
    at_once: StopWish | None = None
    slept_until_s: list[float] = field(default_factory=list)
    on_sleep: Callable[["FakeWishes"], None] | None = None

    def stop_now(self) -> StopWish | None:
        return self.at_once

    def stop(self) -> str | None:
        return self.stopper

    def pause(self) -> bool:
        return self.paused

    def sleep_until(self, at_s: float) -> None:
        self.slept_until_s.append(at_s)
        if self.on_sleep is not None:
            self.on_sleep(self)
        else:
            self.now_s = max(self.now_s, at_s)


@dataclass
class WishClock:
    """The clock by which the wishes sleep."""

    wishes: FakeWishes

    def boot_s(self) -> float:
        return self.wishes.now_s

    def utc(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.wishes.now_s, dt.UTC)

    def sleep_s(self, duration_s: float) -> None:
        self.wishes.now_s += duration_s


@dataclass
class FakeProposer:
    """Does to the worktree what it is told, and answers what it is told."""

    act: Callable[[Path], None] = lambda _: None
    answer: Answer = OK
    name: str = "fake"
    asked: list[Request] = field(default_factory=list)

    def find_problem(self) -> str | None:
        return None

    def work(self, request: Request, on_tick: Callable[[], StopWish | None]) -> Answer:
        del on_tick
        self.asked.append(request)
        self.act(Path(request.worktree))
        return self.answer


@dataclass
class Box:
    """One run's tools, with what they are made of at hand."""

    tools: Tools
    wishes: FakeWishes
    proposer: FakeProposer
    journal: list[Entry]
    base: str

    @property
    def tree(self) -> Path:
        return self.tools.tree.path

    @property
    def git(self):
        return self.tools.repository.git

    def state(self, number: int = 1, **rest: object) -> RunState:
        """The run in a round, with best at the base."""
        run = replace(bench_run(self.base), commit=self.base)
        best = Best(self.base, self.base, run, 0)
        plain = RunState(tag="t1", base=self.base, round=number, best=best, classes=CLASSES, stage_s=1000.0 + number)
        return replace(plain, **rest)

    def edit(self, act: Callable[[Path], None]) -> Edit:
        """What a proposer that does this to best would be told to have changed."""
        put_back(self.tools.tree, self.base)
        act(self.tree)
        return capture_edit(self.tools.repository, self.tree, self.base)

    def draft(self, act: Callable[[Path], None], number: int = 1, origin: Origin = Origin.PROPOSED, **rest) -> RunState:
        """The run with an edit that nobody has looked at."""
        stage = Drafted(hypothesis(), self.edit(act), origin, Tries())
        return self.state(number, stage=stage, **rest)


def write(name: str, text: str) -> Callable[[Path], None]:
    """An edit of one file."""

    def act(tree: Path) -> None:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)

    return act


def make_box(folder: Path, limits: Settings | None = None) -> Box:
    """A repository with one commit, a worktree of run t1 beside it, and a state directory."""
    repository = make_repository(folder / "repo")
    base = repository.head_commit()
    tree = create_run_tree(repository, "t1", base)
    wishes, proposer, journal = FakeWishes(), FakeProposer(), list[Entry]()
    place = RunPlace(str(folder / "state"), "t1", str(repository.root), str(tree.path))
    Path(place.directory).mkdir()
    tools = Tools(
        settings=limits or settings(),
        place=place,
        repository=repository,
        tree=tree,
        executor=LocalExecutor(),
        platform=open_kit(PlatformSettings(name="host")),
        proposer=proposer,
        environment=PYTHON,
        wishes=wishes,
        clock=WishClock(wishes),
        history=lambda: iter(journal),
    )
    return Box(tools, wishes, proposer, journal, base)
