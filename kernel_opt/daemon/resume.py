"""What an earlier daemon left when it died: measuring sessions are ended before anything else is done."""

from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.executors.executor import OPEN, Executor
from kernel_opt.edges.log import Log

NEWEST_ROUNDS = 2  # a round that is open, or had ended just before the crash


def end_old_sessions(executor: Executor, folder: Path, log: Log, open_rounds: Sequence[int] = ()) -> None:
    """End every session of the last rounds that still runs: its answers can reach nobody, its card is needed.

    With several rounds at once an open one may be far older than the last.
    """
    rounds = sorted((folder / "rounds").glob("[0-9]*"))
    named = {f"{number:04d}" for number in range(min(open_rounds, default=0), max(open_rounds, default=-1) + 1)}
    rounds = [path for path in rounds if path in rounds[-NEWEST_ROUNDS:] or path.name in named]
    sessions = [path for round_folder in rounds for path in sorted(round_folder.glob("*/session"))]
    for session, state in executor.adopt(sessions).items():
        if state in OPEN:
            log.warning("ending a session of an earlier daemon", session=str(session.relative_to(folder)))
            executor.cancel(session)
