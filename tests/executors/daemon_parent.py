"""A daemon that opens a session, orders a run, and never gets to see its end: FOLDER and the kind of its executor."""

import fcntl
import sys
from pathlib import Path

from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.executors.slurm import SlurmExecutor
from kernel_opt.edges.measuring import Session, open_session
from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_records import RunOrder, SessionRequest
from tests.executors.engines import quick_settings


def main(root: Path, kind: str) -> None:
    request, order = read_record(root / "request.json", SessionRequest), read_record(root / "order.json", RunOrder)
    assert request is not None
    assert order is not None
    with Path(request.owner_lock).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        executor = LocalExecutor() if kind == "local" else SlurmExecutor(quick_settings(root), root / "shared")
        session = open_session(executor, root / "sessions" / "s1", request)
        assert isinstance(session, Session), session
        session.run(order)


main(Path(sys.argv[1]), sys.argv[2])
