"""What the verbs' parsers have in common."""

import argparse
from typing import Any, Protocol


class Subparsers(Protocol):
    """What argparse gives for adding verbs; its own class has no public name."""

    def add_parser(self, name: str, **kwargs: Any) -> argparse.ArgumentParser:
        """Add one verb."""
        ...


def add_verb(subparsers: Subparsers, name: str, help_line: str, examples: str) -> argparse.ArgumentParser:
    """Add a verb with its help and its examples."""
    return subparsers.add_parser(
        name,
        help=help_line,
        description=help_line[0].upper() + help_line[1:] + ".",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what names one run."""
    parser.add_argument("--tag", metavar="T", help="which run (default: the only one here)")
    parser.add_argument("--repo", metavar="DIR", help="the run's repository (default: the one you stand in)")
