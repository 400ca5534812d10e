"""A daemon that opens a session, runs the hostile program in it, and never gets to see its end.

Its argument is a directory with ``request.json`` and ``order.json``; it holds the owner's lock that the request names.
"""

import fcntl
import sys
from pathlib import Path

from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.measuring import Session, open_session
from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_records import RunOrder, SessionRequest

place = Path(sys.argv[1])
request, order = read_record(place / "request.json", SessionRequest), read_record(place / "order.json", RunOrder)
assert request is not None
assert order is not None
with Path(request.owner_lock).open() as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    session = open_session(LocalExecutor(), place / "session", request)
    assert isinstance(session, Session), session
    session.run(order)
