"""What an executor must be able to do; a session is known by its directory, one for each attempt."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_files import RESULT
from kernel_opt.edges.session_records import SessionRequest, SessionResult


class SessionState(enum.StrEnum):
    """Where a session stands, seen from outside."""

    ABSENT = "absent"
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    LOST = "lost"
    UNKNOWN = "unknown"
    """Nobody could be asked: this concludes nothing."""


OPEN = frozenset({SessionState.PENDING, SessionState.RUNNING, SessionState.UNKNOWN})
"""A session that may still have something to say."""
WAITING = frozenset({SessionState.PENDING, SessionState.UNKNOWN})
"""A session that has not begun as far as anybody knows."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """A hint at how many sessions could run now."""

    free: int | None
    """Cards, or nodes where a session takes a whole one; None: not known."""
    why: str = ""
    """What keeps it from being known, or what it counts."""


class Executor(Protocol):
    """Carries out sessions. All calls may come from several threads at once."""

    def submit(self, directory: Path, request: SessionRequest) -> None:
        """Start a session; one that was submitted before is left as it is, so submitting twice is harmless."""
        ...

    def poll(self, directories: Sequence[Path]) -> dict[Path, SessionState]:
        """Tell where sessions stand, all by one question to the engine; what they wrote is believed first."""
        ...

    def describe(self, directory: Path) -> str:
        """Tell people what the engine says of a session; empty when it says nothing."""
        ...

    def leave(self, directory: Path) -> None:
        """Leave a pending session to itself: a session submitted later may take its place in the queue."""
        ...

    def cancel(self, directory: Path) -> None:
        """End a session, marked as cancelled before anything of it is killed; returns when it is over."""
        ...

    def wait_ended(self, directory: Path, limit_s: float) -> None:
        """Wait for a session that was told to end; cancel it when it does not."""
        ...

    def adopt(self, directories: Sequence[Path]) -> dict[Path, SessionState]:
        """Tell where the sessions of an earlier daemon stand, asking until it is known; as good as submitted here."""
        ...

    def capacity(self) -> Capacity:
        """Tell how many sessions could begin now."""
        ...

    def close(self) -> None:
        """Let go of everything that is held for sessions to come."""
        ...


def read_result(directory: Path) -> SessionResult | None:
    """Return the last word of a session, None as long as there is none."""
    return read_record(directory / RESULT, SessionResult)
