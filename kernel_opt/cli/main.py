"""The command `kernel-opt`: one verb, loaded only when it is called."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from kernel_opt import __version__
from kernel_opt.model.errors import KernelOptError

VERBS = {
    "start": "set up a run and start its daemon, or resume one",
    "status": "how a run stands, from any terminal",
    "stop": "end a run after its current step, or now",
    "pause": "let a run rest between two steps",
    "resume": "let a paused run go on",
    "logs": "what the daemon says",
    "history": "the rounds of a run, one line each",
    "show": "one round: hypothesis, diff, numbers, verdict and why",
    "report": "render performance.md, results.tsv or an HTML page",
    "ui": "the same page live in a browser, for all runs",
    "notify": "try the notifications of the settings",
    "export": "all measurements of a run as CSV, JSON or Parquet",
    "compare": "measure any two commits against each other",
    "finish": "the kept commits as a clean branch or as patches",
    "gpus": "the cards, who is on them, which would be taken",
    "trace": "trace a command, or read what a tracer left",
    "isa": "registers, waves, spills and instructions of compiled kernels",
    "study": "compare two briefs, models or proposers over several runs",
    "skills": "the skills that come along, for your own coding agent",
    "demo": "tune the shipped example on this machine's CPU, live",
    "init": "look at a repository and write its kernel-opt.toml",
    "doctor": "every precondition, with what to do",
    "clean": "remove a finished run",
    "service": "a systemd user unit for restart at boot",
    "completion": "completion for your shell",
}

EXAMPLES = """examples:
  kernel-opt start --tag apr16-pa-ps      begin a run in the repository you stand in
  kernel-opt status                       how it stands
  kernel-opt show 7                       what round 7 tried, and what came of it
  kernel-opt stop                         end it after the current step
"""


class Parser(argparse.ArgumentParser):
    """Tells a slip on the command line as every other error is told: in one line."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        self.exit(2, f"kernel-opt: {message}; see `{self.prog} --help`\n")


def build_parser(verbs: Sequence[str] = tuple(VERBS)) -> argparse.ArgumentParser:
    """Return the parser with the given verbs loaded; all of them for help and completion."""
    parser = Parser(
        prog="kernel-opt",
        description="Makes one GPU kernel faster, on its own, overnight.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"kernel-opt {__version__}")
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, help_line in VERBS.items():
        if verb in verbs:
            importlib.import_module(f"kernel_opt.cli.{verb}").add_parser(subparsers)
        else:
            subparsers.add_parser(verb, help=help_line)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; an error is one line that says what, where, and what to do."""
    _open_closed_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    called = next((word for word in words if not word.startswith("-")), "")
    try:
        args = build_parser((called,) if called in VERBS else ()).parse_args(words)
        code = int(importlib.import_module(f"kernel_opt.cli.{args.verb}").run(args))
        sys.stdout.flush()
    except KernelOptError as error:
        print(f"kernel-opt: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has had enough.
        _drop_output()
        return 141
    except OSError as error:
        _drop_output()
        where = "standard output" if error.filename is None else error.filename
        print(f"kernel-opt: {where}: {error.strerror or error}; see that it can be read and written", file=sys.stderr)
        return 1
    return code


def _open_closed_streams() -> None:
    """Put /dev/null where a standard stream is closed: else the next file opened, the journal say, would become it."""
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(fd, mode, closefd=False))


def _drop_output() -> None:
    """Point stdout at nothing: the interpreter must not complain at its end about what it cannot write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
