"""`kernel-opt study`: does it help? Two arms, several seeds, equal budgets, an exact test."""

import argparse
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_verb

EXAMPLES = """a study's file says what is compared:
  name = "evidence"                 part of each track's tag
  repository = "../my-kernels"      relative to this file; left out: the folder it is in
  config = "kernel-opt.toml"        settings of the kernel; left out: those that `kernel-opt start` would take
  seeds = 6                         tracks of each arm; six are the least that can show a difference
  rounds = 12                       what every track may try
  [settings]                        laid over the kernel's settings in both arms
  agent.name = "claude"
  [[arms]]
  name = "trace"
  [[arms]]
  name = "blind"
  settings.brief.evidence = false   laid over them in this arm: a brief, a model, a proposer

Each track is an ordinary run with a branch and a worktree of its own, one at a time: `kernel-opt status`, `show` and
`report` tell of it, `kernel-opt clean` removes it. The same command again goes on where it ended.

examples:
  kernel-opt study evidence.toml                         carry out what is missing, then tell
  kernel-opt study evidence.toml --tell                  only tell what is there so far
  kernel-opt study evidence.toml --tell --json           the same as data
  kernel-opt study evidence.toml --picture evidence.svg  and the curves

exit codes: 0 all tracks are done (with --tell: it was told), 1 a track could not be done, 2 usage, 130 Ctrl-C
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "study", "compare two briefs, models or proposers over several runs", EXAMPLES)
    parser.add_argument("file", type=Path, metavar="FILE", help="the study, as TOML")
    parser.add_argument("--tell", action="store_true", help="run nothing, tell what is there so far")
    parser.add_argument("--json", action="store_true", help="tell it as JSON")
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw the curves into this file")


def run(args: argparse.Namespace) -> int:
    """Carry the study out and tell it."""
    import sys

    import msgspec

    from kernel_opt.cli.study_plan import read_study
    from kernel_opt.cli.study_tracks import carry_out, look
    from kernel_opt.edges.files import atomic_write
    from kernel_opt.views.study import tell_study
    from kernel_opt.views.study_plot import draw_study
    from kernel_opt.views.study_text import render_study
    from kernel_opt.views.terminal import write

    study = read_study(args.file)
    was_interrupted = False if args.tell else carry_out(study, lambda line: write([line], sys.stderr))
    result = tell_study(study.plan, str(study.repository), [look(study, track) for track in study.tracks])
    if args.picture:
        atomic_write(args.picture, draw_study(result).encode())
    if args.json:
        write([msgspec.json.format(msgspec.json.encode(result), indent=1).decode()])
    else:
        write(render_study(result))
    return 130 if was_interrupted else 0
