"""Carry out measuring sessions: ``python -S -m kernel_opt.worker``, told their directories on standard input.

Each line is one directory as a JSON string. The next line is read when a session has ended well; after any other
ending, and when nobody is left who could write one, the program ends.
"""

import json
import os
from pathlib import Path

from kernel_opt.edges.session_files import WORKER_LOG
from kernel_opt.worker.session import carry_out


def main() -> None:
    """Carry out sessions, and end without waiting for a look that hangs."""
    told = os.fdopen(os.dup(0), encoding="ascii")
    _stand_for(0, os.devnull, os.O_RDONLY)  # nothing that is started here may read what is meant for us
    for line in told:
        directory = Path(json.loads(line))
        for stream in (1, 2):
            _stand_for(stream, directory / WORKER_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if not carry_out(directory).worker_stays:
            break
    os._exit(0)


def _stand_for(fd: int, path: Path | str, flags: int) -> None:
    """Put a file in the place of a standard stream."""
    opened = os.open(path, flags, 0o644)
    os.dup2(opened, fd)
    os.close(opened)


if __name__ == "__main__":
    main()
