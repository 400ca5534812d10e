"""Carry out one measuring session: ``python -S -m kernel_opt.worker SESSION_DIR``."""

import os
import sys
from pathlib import Path

from kernel_opt.worker.session import carry_out


def main() -> None:
    """Carry out the session, and end without waiting for a look that hangs."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -S -m kernel_opt.worker SESSION_DIR")
    carry_out(Path(sys.argv[1]).absolute())
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
