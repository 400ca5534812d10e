"""What an earlier daemon left when it died: measuring sessions are ended before anything else is done."""

from pathlib import Path

from kernel_opt.edges.executor import LocalExecutor, SessionState
from kernel_opt.edges.log import Log

NEWEST_ROUNDS = 2  # a daemon works on one round; one more for a crash right at its end


def end_old_sessions(executor: LocalExecutor, folder: Path, log: Log) -> None:
    """End every session of the last rounds that still runs: its answers can reach nobody, its card is needed."""
    rounds = sorted((folder / "rounds").glob("[0-9]*"))[-NEWEST_ROUNDS:]
    for session in (path for round_folder in rounds for path in sorted(round_folder.glob("*/session"))):
        if executor.poll(session) is SessionState.RUNNING:
            log.warning("ending a session of an earlier daemon", session=str(session.relative_to(folder)))
            executor.cancel(session)
