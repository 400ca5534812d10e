"""``kernel-opt history``: every round of a run in a table, or the commits it left on its branch."""

import argparse
import sys
from pathlib import Path

import msgspec

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb
from kernel_opt.cli.rounds import read_rounds
from kernel_opt.cli.runs import find_run
from kernel_opt.edges.git_history import read_history
from kernel_opt.edges.git_refs import branch_ref, read_ref
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.repository import Repository
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.errors import UsageError
from kernel_opt.model.facts import RunStarted
from kernel_opt.views.bundle import round_record
from kernel_opt.views.format import clean_line, short, utc
from kernel_opt.views.history import render_history
from kernel_opt.views.terminal import look_at, write

_EXAMPLES = """examples:
  kernel-opt history                          all rounds of the only run, or of the repository one stands in
  kernel-opt history --tag apr16-pa-ps | grep regression
  kernel-opt history --commits                the commits on the run's branch, oldest first
  kernel-opt history --json | jq '.[] | select(.ending == "kept") | .sentence'

--json prints a list with one object a round, the same as verdict.json in the round's folder.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "history", "list every round with its ending", _EXAMPLES)
    add_run_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--commits", action="store_true", help="list the commits on the run's branch instead")


def run(args: argparse.Namespace) -> int:
    """Print the table; exit code 0."""
    place = find_run(args.tag, args.repo)
    if args.commits:
        return _list_commits(place, as_json=args.json)
    rounds = read_rounds(Path(place.directory))
    if args.json:
        write([msgspec.json.encode([round_record(one) for one in rounds]).decode()])
    else:
        write(render_history(rounds, look_at(sys.stdout)))
    return 0


def _list_commits(place: RunPlace, *, as_json: bool) -> int:
    """Print the branch's commits since the run began: baseline row, one per keep, stop summaries."""
    repository = Repository.find(Path(place.repository))
    tip = read_ref(repository, branch_ref(place.tag))
    started = next(iter(entries(read_records(Path(place.directory)))), None)
    if tip is None or started is None or not isinstance(started.fact, RunStarted):
        raise UsageError(f"run {place.tag} has no branch", "`kernel-opt status` tells how it stands")
    commits = read_history(repository, started.fact.base, tip)
    if as_json:
        write([msgspec.json.encode(commits).decode()])
    else:
        write([f"{short(one.sha)}  {utc(one.at_s)}  {clean_line(one.subject)}" for one in commits])
    return 0
