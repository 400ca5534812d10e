"""``kernel-opt show N``: one round, the verdict first, then the claim, the numbers, the reason and the change."""

import argparse
import sys
from pathlib import Path

import msgspec

from kernel_opt.cli.options import Subparsers, add_run_options, add_verb
from kernel_opt.cli.rounds import read_rounds
from kernel_opt.cli.runs import find_run
from kernel_opt.model.errors import UsageError
from kernel_opt.views.bundle import round_record
from kernel_opt.views.format import clean_line, count
from kernel_opt.views.round_text import render_round
from kernel_opt.views.story import RoundStory
from kernel_opt.views.terminal import Segment, Terminal, look_at, write

_DIFF_LINES = 80  # about two screens; the rest is one flag away
_DIFF_COLOURS = {"+": "good", "-": "bad", "@": "strong"}

_EXAMPLES = """examples:
  kernel-opt show 12                   round 12 of the only run, or of the repository one stands in
  kernel-opt show 12 --diff | less     the whole change too
  kernel-opt show 12 --json | jq .verdict.classes

--json prints one object, the same as verdict.json in the round's folder.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "show", "tell one round: verdict, hypothesis, numbers, diff", _EXAMPLES)
    parser.add_argument("round", type=int, help="the round's number, as `kernel-opt history` lists it")
    add_run_options(parser)
    parser.add_argument("--diff", action="store_true", help=f"the whole diff, not only its first {_DIFF_LINES} lines")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the round; exit code 0."""
    place = find_run(args.tag, args.repo)
    one = find_round(Path(place.directory), args.round)
    if args.json:
        write([msgspec.json.encode(round_record(one)).decode()])
        return 0
    patch = Path(place.round_folder(args.round)) / "diff.patch"
    text = patch.read_text(encoding="utf-8", errors="replace") if patch.is_file() else ""
    most = sys.maxsize if args.diff else _DIFF_LINES
    terminal = look_at(sys.stdout)
    write([*render_round(one, terminal), *render_diff(text, terminal, most, str(patch))])
    return 0


def find_round(directory: Path, number: int) -> RoundStory:
    """Return one round of the journal in a directory."""
    last = 0
    for one in read_rounds(directory):
        if one.round == number:
            return one
        last = one.round
    known = f"its rounds are 1 to {last}" if last else "it has no round yet"
    raise UsageError(f"there is no round {number} in this run", known)


def render_diff(diff: str, terminal: Terminal, most: int, path: str) -> list[str]:
    """Return the change, with as many of its lines as wished; long ones are wrapped by the terminal, to be copied."""
    wide = terminal._replace(width=10_000)
    changed = [*map(clean_line, diff.splitlines())]
    lines = ["", *(wide.line(_paint(text)) for text in changed[:most])] if changed else []
    if len(changed) > most:
        lines.append(wide.line((f"... {count(len(changed) - most, 'more line')}: --diff, or {path}", "dim")))
    return lines


def _paint(text: str) -> Segment:
    is_header = text.startswith(("+++", "---"))
    return text, "strong" if is_header else _DIFF_COLOURS.get(text[:1], "")
