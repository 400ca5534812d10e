"""What a round works with: the run's places, its repository, its platform, its proposer, and its time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kernel_opt.edges.agents.proposer import Proposer
from kernel_opt.edges.clock import Clock
from kernel_opt.edges.executors.executor import Executor
from kernel_opt.edges.lease_wants import Wants
from kernel_opt.edges.pins import Pins
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.platforms import PlatformKit
from kernel_opt.edges.process import StopWish
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.worktree import RunTree
from kernel_opt.model.facts import Entry
from kernel_opt.model.sandbox import Sandbox, SandboxLevel
from kernel_opt.model.settings import Settings


class Wishes(Protocol):
    """What people ask of a running daemon."""

    def stop_now(self) -> StopWish | None:
        """Return who asked that what runs be ended at once."""
        ...

    def stop(self) -> str | None:
        """Return who asked to stop after the current step."""
        ...

    def pause(self) -> bool:
        """Say whether the run is to rest."""
        ...

    def sleep_until(self, at_s: float) -> None:
        """Sleep until the wall clock shows this time or somebody asks for something; wakes for nothing else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Everything a step needs besides the state."""

    settings: Settings
    place: RunPlace
    repository: Repository
    tree: RunTree
    """The checkout that is worked in: the run's own, or that of a lane."""
    executor: Executor
    platform: PlatformKit
    proposer: Proposer
    environment: Mapping[str, str]
    """The user's variables as they were when the run began, so that a resume from another shell changes nothing."""
    wishes: Wishes
    clock: Clock
    history: Callable[[], Iterable[Entry]]
    """The journal so far."""
    wants: Wants | None = None
    """Where other runs on this host are told that this one waits for a card; None: nobody is told."""
    sandbox: Sandbox | None = None
    """The walls that are the same for every child; None: children are held together, and no more."""
    pins: Pins | None = None
    protected: tuple[str, ...] = ()
    """Files and folders outside of exports that no run may change: interpreter and installed packages."""

    secrets: tuple[str, ...] = ()
    """Values of the user's that are kept nowhere."""
    unheeded: frozenset[str] = frozenset()
    """Checks whose findings change nothing, so that it can be seen what each is worth; no setting fills it."""

    @property
    def is_unwalled(self) -> bool:
        """Say whether a child could have changed installed files, since no wall keeps it from that."""
        return self.sandbox is not None and self.sandbox.level is SandboxLevel.S1

    @property
    def skills(self) -> Path:
        """Where the skills are laid out for the proposer; every lane has its own, so that none sees them half made."""
        return self.folder / (f"skills-{self.tree.lane}" if self.tree.lane else "skills")

    @property
    def homes(self) -> Path:
        """Where proposers have their homes for as long as a round lasts; rounds of several lanes last side by side."""
        return self.folder / (f"agents-{self.tree.lane}" if self.tree.lane else "agents")

    @property
    def folder(self) -> Path:
        """The run's state directory."""
        return Path(self.place.directory)

    def round_folder(self, number: int) -> Path:
        """Return the folder of a round, made if need be; 0 is the baseline."""
        folder = Path(self.place.round_folder(number))
        folder.mkdir(parents=True, exist_ok=True)
        # Workers on other hosts see only where a link leads to.
        return folder.resolve() if folder.parent.is_symlink() else folder

    def fresh_folder(self, number: int, name: str) -> Path:
        """Return a new, empty folder in a round's: an attempt cut off by a crash is never used again."""
        parent = self.round_folder(number)
        for attempt in range(1, 10_000):
            folder = parent / f"{name}-{attempt}"
            if not folder.exists():
                folder.mkdir()
                return folder
        raise RuntimeError(f"{parent} holds ten thousand attempts")  # bounded by the protocol long before

    def relative(self, path: Path) -> str:
        """Return a path as the journal names it: below the state directory, whatever a link in there leads to."""
        if path.is_relative_to(self.folder):
            return str(path.relative_to(self.folder))
        rounds = Path(self.place.round_folder(0)).parent
        return str((rounds / path.relative_to(rounds.resolve())).relative_to(self.folder))
