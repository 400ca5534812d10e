"""What a person's own measurement needs: tools as a daemon has, in a folder that goes away, ended by Ctrl-C."""

import os
import signal
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from msgspec.structs import replace

from kernel_opt.cli.ending import hear_ending
from kernel_opt.cli.progress import Progress
from kernel_opt.daemon.begin_machine import refuse_missing_programs
from kernel_opt.daemon.lock import RunLock
from kernel_opt.daemon.walls import raise_walls
from kernel_opt.edges.agents.choose import choose_proposer
from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.executors.choose import find_shared, make_executor
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.pins import pin_inputs
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.process import StopWish
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.secrets import find_secrets
from kernel_opt.edges.worktree import RunTree
from kernel_opt.model.settings import Settings
from kernel_opt.round.tools import Tools

TAG = "compare"
"""Stands where a run's tag stands: in the session's name and in the lease, for others to read."""


class TerminalWishes:
    """Hears what ends a command at a terminal; being asked for it is also when the line on the terminal moves on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._by = ""

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Remember who asked."""
        self._by = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name

    def stop_now(self) -> StopWish | None:
        """Return who asked to end it."""
        self._progress.tick()
        return StopWish(self._by) if self._by else None

    def stop(self) -> str | None:
        """Return the same: there is no step after this one."""
        return self._by or None

    def pause(self) -> bool:
        """Nobody can ask for that here."""
        return False

    def sleep_until(self, at_s: float) -> None:
        """Sleep; a measurement of a person's own never waits for an hour."""
        clock = SystemClock()
        while self.stop_now() is None and (left_s := at_s - clock.utc().timestamp()) > 0:
            clock.sleep_s(min(left_s, 0.1))


@contextmanager
def hear_ctrl_c(progress: Progress) -> Generator[TerminalWishes]:
    """Turn Ctrl-C, a closed terminal and SIGTERM into a wish: what runs is ended in order and the card let go."""
    wishes = TerminalWishes(progress)
    with hear_ending(wishes.hear):
        yield wishes


@contextmanager
def open_tools(
    repository: Repository,
    settings: Settings,
    environment: Mapping[str, str],
    wishes: TerminalWishes,
    pinned: Mapping[str, str] | None = None,
) -> Generator[Tools]:
    """Give everything that measuring needs; afterwards no file, no lock and no process of it is left."""
    refuse_missing_programs(settings)
    pins = pin_inputs(repository.root, settings.tree.inputs) if pinned is None else pinned
    scratch = Path(tempfile.mkdtemp(prefix="kernel-opt-compare-"))
    # As deep as a run's own directory, since walls hide the two levels above it.
    folder = scratch / scratch.name / TAG
    folder.mkdir(parents=True)
    place = RunPlace(str(folder), TAG, str(repository.root), str(repository.root))
    lock, executor = RunLock(Path(place.lock), TAG), make_executor(settings, place)
    try:
        walls = raise_walls(settings, place, repository, environment, pins)
        yield Tools(
            settings=settings,
            place=place,
            repository=repository,
            tree=RunTree(repository, TAG),
            executor=executor,
            platform=open_kit(settings.platform),
            proposer=choose_proposer(settings, repository.root),
            environment=environment,
            wishes=wishes,
            clock=SystemClock(),
            history=lambda: (),
            sandbox=walls.sandbox,
            pins=walls.pins,
            protected=walls.protected,
            secrets=find_secrets({**environment, **os.environ}),
        )
    finally:
        executor.close()
        lock.release()
        if shared := find_shared(folder):
            remove_tree(shared)
        remove_tree(scratch)


def without_tracer(settings: Settings) -> Settings:
    """Return settings under which the benchmark's own times decide."""
    return replace(settings, platform=replace(settings.platform, trace=False))
