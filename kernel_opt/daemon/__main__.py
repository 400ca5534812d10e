"""``python -m kernel_opt.daemon STATE_DIRECTORY [--ready-fd N] [--console]``: one life of a run's daemon."""

import argparse
import json
import os
import sys
from pathlib import Path

from kernel_opt.daemon.last_words import leave_word, watch_over
from kernel_opt.daemon.loop import Life
from kernel_opt.daemon.plan import read_plan
from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.log import open_log
from kernel_opt.edges.places import LOG, read_about
from kernel_opt.model.errors import KernelOptError


def main() -> int:
    """Carry out the run; tell whoever started us, on the given descriptor, whether it stands."""
    parser = argparse.ArgumentParser(prog="kernel-opt daemon")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--ready-fd", type=int, default=-1)
    parser.add_argument("--console", action="store_true")
    args = parser.parse_args()
    log_path = args.directory / LOG
    watch_over(log_path)
    try:
        place, plan = read_about(str(args.directory)), read_plan(args.directory)
        log = open_log(Path(place.log), console=args.console)
        life = Life(place, plan, SystemClock(), log)
        scribe, tools = life.begin()
    except KernelOptError as error:
        leave_word(log_path, str(error))
        tell_starter(args.ready_fd, {"error": error.message, "mend": error.mend, "exit_code": error.exit_code})
        print(f"kernel-opt: {error}", file=sys.stderr)
        return error.exit_code
    tell_starter(args.ready_fd, {"pid": os.getpid()})
    try:
        life.carry_on(scribe, tools)
    except KernelOptError as error:  # the journal takes no more facts: nothing may happen that it does not tell
        leave_word(log_path, str(error))
        print(f"kernel-opt: {error}", file=sys.stderr)
        return error.exit_code
    life.end()
    return 0


def tell_starter(fd: int, message: dict[str, object]) -> None:
    """Write one line to the process that started us, if it listens."""
    if fd >= 0:
        try:
            os.write(fd, json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            pass  # it did not wait; nothing is lost
        finally:
            os.close(fd)


if __name__ == "__main__":
    sys.exit(main())
