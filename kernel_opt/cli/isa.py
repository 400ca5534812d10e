"""``kernel-opt isa``: what compiled code says of each kernel before it runs."""

import argparse
import sys
from pathlib import Path
from typing import Any

_EXAMPLES = """examples:
  kernel-opt isa build/kernel.s             one file: assembly, a code object, a fat binary
  kernel-opt isa ~/.triton/cache            every kernel in a cache or a compiler's dump
  kernel-opt isa --diff before.s after.s    what changed, and whether the instructions did
  kernel-opt isa HEAD --target gfx942       compile a commit, as [[compile.builds]] say
  kernel-opt isa --diff HEAD~1 HEAD         the same of two
  kernel-opt isa dump --kernel 'pa_.*' --json | jq '.kernels[] | [.name, .occupancy.waves_per_simd]'

json: {"kernels": [...], "files": [...], "notes": [...]}, with --diff {"before": ..., "after": ..., "changes": ...}.
A kernel has name, source, gfx, wave_size, arch_vgpr, agpr, vgpr (what counts against the file: both kinds together on
gfx90a and later), sgpr, vgpr_spills, sgpr_spills, scratch_bytes, lds_bytes, kernarg_bytes, max_workgroup_items,
workgroup, has_dynamic_stack, float_mode, counts, code_bytes, fingerprint {kind, digest}, occupancy {waves_per_simd,
limited_by, cliffs, ...} and launch_problems. null is unknown. Fields are only ever added.
"""


def add_parser(subparsers: Any) -> None:
    """Register the verb."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "isa",
        help="show registers, waves, spills, LDS and instructions of compiled kernels",
        description="Show registers, waves per SIMD, spills, LDS and instructions of compiled kernels. Needs no GPU.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("code", nargs="?", metavar="FILE|DIR|COMMIT", help="what the compiler left")
    parser.add_argument("--diff", nargs=2, metavar=("A", "B"), help="say what changed from A to B")
    parser.add_argument(
        "--repo", type=Path, default=Path(), metavar="DIR", help="the commit's repository (default: here)"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings with [[compile.builds]] (default: its own)"
    )
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="GFX",
        help="compile a commit for this, where a build names none",
    )
    parser.add_argument("--kernel", metavar="NAME", help="only these: a name or a regular expression")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Read, then print the report."""
    from kernel_opt.model.errors import UsageError
    from kernel_opt.rules.isa.static_changes import compare_statics
    from kernel_opt.views.static_changes import tell_static_changes
    from kernel_opt.views.statics import tell_statics

    if (args.code is None) == (args.diff is None):
        raise UsageError("isa needs one file or folder, or two after --diff", "see `kernel-opt isa --help`")
    if args.diff is None:
        statics = _read(args.code, args)
        sys.stdout.write(_to_json(statics) if args.json else tell_statics(statics))
        return 0
    before, after = (_read(code, args) for code in args.diff)
    changes = compare_statics(before, after)
    document = {"before": before, "after": after, "changes": changes}
    notes = [
        f"{code}: {note}"
        for code, one, other in zip(args.diff, (before, after), (after, before), strict=True)
        for note in one.notes
        if note not in other.notes
    ]
    sys.stdout.write(_to_json(document) if args.json else tell_static_changes(changes, notes))
    return 0


def _read(code: str, args: argparse.Namespace) -> Any:
    from msgspec import structs

    from kernel_opt.edges.isa.read import read_statics
    from kernel_opt.model.errors import UsageError

    path = Path(code).expanduser()
    if path.exists():
        statics = read_statics(path)
    else:
        from kernel_opt.cli.isa_commit import read_commit

        statics = read_commit(code, args.repo, args.config, args.target)
    named: str | None = args.kernel
    if named is None:
        return statics
    pattern = _compile(named)
    kernels = tuple(kernel for kernel in statics.kernels if kernel.name == named or pattern.search(kernel.name))
    if not kernels:
        there = ", ".join(sorted({kernel.name for kernel in statics.kernels})[:8]) or "none"
        raise UsageError(f"no kernel of {code} is called {named!r}", f"there are: {there}")
    return structs.replace(statics, kernels=kernels)


def _compile(named: str) -> Any:
    import re

    from kernel_opt.model.errors import UsageError

    try:
        return re.compile(named)
    except re.error as error:
        raise UsageError(
            f"{named!r} is no regular expression: {error}", "escape it, or name the kernel whole"
        ) from None


def _to_json(document: object) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
