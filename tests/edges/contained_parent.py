"""A process that runs the hostile program and never gets to see its end. Arguments: containment, log, lock fd."""

import os
import sys
from pathlib import Path

from kernel_opt.edges import containment
from kernel_opt.edges.process import run_contained

level, log, lock_fd = getattr(containment, sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
os.set_inheritable(lock_fd, False)
run_contained(
    [sys.executable, str(Path(__file__).with_name("hostile.py")), "stay"],
    cwd=log.parent,
    env=dict(os.environ),
    log=log,
    timeout_s=600,
    containment=level,
    pass_fds=[lock_fd],
)
