"""What the two ends of a measuring session say to each other: request, orders, answers, result."""

import enum
from dataclasses import dataclass, field
from typing import Any

from kernel_opt.model.reading import Reading, UnderLoad
from kernel_opt.model.sandbox import Sandbox, SandboxLevel
from kernel_opt.rules.card.gate import Thresholds

PROTOCOL = 2
"""Raised when the meaning of a record changes: the worker of another host may be of another version."""


class RunOutcome(enum.StrEnum):
    """How one run ended. The first four speak of the command, the rest of the machine or of us."""

    OK = "ok"
    FAILED = "failed"
    STEP_TIMEOUT = "step_timeout"
    STALLED = "stalled"
    DISTURBED = "disturbed"
    CANCELLED = "cancelled"
    SETUP_ERROR = "setup_error"
    LOST = "lost"


class SessionOutcome(enum.StrEnum):
    """Why a session ended."""

    OK = "ok"
    BUSY_GPU = "busy_gpu"
    CANCELLED = "cancelled"
    IDLE = "idle"
    OWNER_GONE = "owner_gone"
    LEAKED = "leaked"
    SETUP_ERROR = "setup_error"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformChoice:
    """Which platform the worker opens."""

    factory: str
    """``module:function``; the function takes the options and returns a Platform."""
    options: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """What a worker must know that a cluster's scheduler starts."""

    signs: str
    """A file in which the daemon writes another number every few seconds: locks do not reach other hosts."""
    silence_s: float
    """Seconds without a new number after which the daemon counts as gone."""
    one_card: bool
    """One card was asked for: more than one in sight means that they are not kept apart. Else: the whole node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """What a worker is started with."""

    id: str
    tag: str
    platform: PlatformChoice
    owner_lock: str
    """A file the daemon holds a flock on; when it is free, the daemon is gone and so is the worker. Not used where the
    worker may be on another host."""
    scheduler: Scheduler | None = None
    """Who starts the worker, when that is not the daemon itself."""
    level: SandboxLevel | None = None
    """The walls that the orders will ask for; a host that has not got them says so before it takes a card."""
    gate: Thresholds = field(default_factory=Thresholds)
    last_used: dict[str, float] = field(default_factory=dict[str, float])
    """When we last used each card, by the gate's name for it: of equals, the longest rested is taken."""
    watch_s: float = 5.0
    """Seconds between looks while a run lasts: often enough for a neighbour of ten seconds to be seen."""
    settle_s: float = 3.0
    """Seconds the card's own load sample may take to fall when a run has ended."""
    read_limit_s: float = 30.0
    """Seconds one look may take: a status tool that lasts longer hangs in the driver."""
    idle_order_s: float = 600.0
    """Seconds without an order after which the card is let go: a daemon needs that long only when it is stuck."""
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The card this session holds: answer 0."""

    card: Reading
    lease_key: str
    """With the host before it where there are several: PCI addresses are the same on all of them."""
    env: dict[str, str | None]
    """What binding to the card changes in a child's environment; None is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """One command to run on the card."""

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    timeout_s: float
    run_dir: str
    """Where the log and what is collected go, relative to the session's directory; new for every order."""
    log_name: str
    collect: tuple[str, ...] = ()
    """Patterns relative to ``cwd``; what matches and is new or changed is moved away from there."""
    collect_dirs: tuple[str, ...] = ()
    """Absolute directories of which everything new or changed is moved away."""
    max_collect_bytes: int = 8 << 30
    """8 GiB: a trace of instructions is a few; a candidate that fills the disk is not to fill ours as well."""
    no_output_s: float | None = None
    max_file_bytes: int | None = None
    sandbox: Sandbox | None = None
    """What the command may see and write; the devices of the card are shown to it besides. None: all that we may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order: a run, or the end when there is none."""

    run: RunOrder | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedFile:
    """A file a run wrote, at its new place."""

    path: str
    """Relative to the session's directory."""
    origin: str
    """Where the run wrote it: relative to ``cwd``, or absolute."""
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnswer:
    """What became of one run."""

    outcome: RunOutcome
    detail: str = ""
    """One sentence where the outcome does not say it all."""
    exit_code: int | None = None
    signal: int | None = None
    wall_s: float | None = None
    """None: it was never started."""
    log: str | None = None
    """Relative to the session's directory."""
    log_bytes: int = 0
    log_truncated: bool = False
    files: tuple[CollectedFile, ...] = ()
    stale: tuple[str, ...] = ()
    """What matched but was there before, unchanged: never to be read as this run's."""
    refused: tuple[str, ...] = ()
    """What was new but not taken, each with the reason."""
    before: Reading | None = None
    after: Reading | None = None
    under_load: UnderLoad | None = None
    """None: too short for a look, or none succeeded."""
    disturbances: tuple[str, ...] = ()
    sandbox: str = ""
    """The level at which the command was held; empty when it was not."""
    survivors_killed: int = 0
    leaked_pids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """The last word of a session."""

    outcome: SessionOutcome
    why: tuple[str, ...] = ()
    worker_stays: bool = False
    """The process that carried it out waits, without a card, for another session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """What a node offers to sessions, as a job on it sees it."""

    node: str
    python: str
    protocol: int
    level: SandboxLevel
    programs: dict[str, str]
    """Paths by name; empty: not on PATH."""
    masks: dict[str, str]
    """Variables that hide cards, as the scheduler has set them."""
    cards: tuple[str, ...]
    problem: str
    """Why no card could be read."""
