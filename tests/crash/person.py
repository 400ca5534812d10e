"""The command line with a daemon in this very process: says where a failpoint ends it, and can be one of the mutants.

Usage: ``python -m tests.crash.person MUTANT start --tag ...``; the mutant ``none`` is the product as it is.
"""

import os
import sys

from kernel_opt.cli import main as cli
from kernel_opt.daemon import __main__ as daemon
from kernel_opt.journal import failpoints
from kernel_opt.rules import protocol
from tests.crash.mutants import MUTANTS


def stay_here(_program: str, argv: list[str]) -> None:
    """Be the daemon in this very process, instead of another start of the interpreter."""
    sys.argv = ["daemon", argv[3]]
    sys.exit(daemon.main())


def main() -> int:
    fire = failpoints._fire

    def tell_and_fire(place: str, kind: str) -> None:
        os.write(2, f"failpoint {place}\n".encode())
        fire(place, kind)

    failpoints._fire = tell_and_fire
    os.execv = stay_here
    # A fault of the machine is waited out for a minute; what is tested here is that it is waited out at all.
    protocol.FIRST_BACKOFF_S = 0.05
    MUTANTS[sys.argv[1]]()
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
