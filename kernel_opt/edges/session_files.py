"""What stands where in a session's directory, and which process carries the session out."""

from dataclasses import dataclass
from pathlib import Path

REQUEST, RESULT, CANCEL, WORKER, WORKER_LOG = "request.json", "result.json", "cancel", "worker.json", "worker.log"


def order_path(directory: Path, number: int) -> Path:
    """Return where the order with this number stands; the first is 1."""
    return directory / "orders" / f"{number:04d}.json"


def answer_path(directory: Path, number: int) -> Path:
    """Return where the answer to an order stands; 0 tells of the card that was granted."""
    return directory / "answers" / f"{number:04d}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerMark:
    """Which process carries out a session, told from any later one with its PID."""

    pid: int
    start_ticks: int
    boot_id: str
    host: str = ""
    """Its node's name, where a scheduler started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Which session a job is to carry out; whoever renames it away has it, so there is never a second worker."""

    directory: str
