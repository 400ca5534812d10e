"""What the compile gate settles without a GPU, in what time, and whether it is ever wrong.

Installs the compilers into a virtual environment of its own below out/, for several hundred MB of wheels. With
``--flydsl-checkout DIR`` the same is tried on the paged-attention kernel of a checkout of FlyDSL.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.compile_book import DATA, Shelf, Weighed, YardMaker, read_book
from bench.compile_proof import prove
from kernel_opt.model.compiled import BuildEnd, CompileOutcome
from kernel_opt.rules.isa.compile_gate import SETTLED

ROOT = Path(__file__).parents[1]
EXTRAS = ("flydsl==0.4.2", "triton==3.6.0", "numpy", "ziglang")
_INSTALL_LIMIT_S = 900.0
BOOKS = ("triton", "flydsl")


def main() -> int:
    """Try every book; exit code 1 when anything was refused for no reason."""
    parser = argparse.ArgumentParser(prog="python -m bench.compile", description=__doc__)
    parser.add_argument("--targets", default="gfx942,gfx950", help="comma-separated (default: %(default)s)")
    parser.add_argument("--flydsl-checkout", type=Path, metavar="DIR", help="a checkout of FlyDSL")
    parser.add_argument("--only", choices=BOOKS, help="one book")
    parser.add_argument("--python", type=Path, metavar="FILE", help="an interpreter that has the compilers already")
    args = parser.parse_args()
    python = args.python or install(ROOT / "out" / "compile")
    if python is None:
        print(f"skipped: {', '.join(EXTRAS)} cannot be installed here")
        return 0
    books: list[tuple[str, tuple[Path, ...]]] = [(name, (DATA / name,)) for name in BOOKS if args.only in (None, name)]
    if args.flydsl_checkout is not None:
        books.append(("checkout", (args.flydsl_checkout, DATA / "checkout")))
    wrong = sum(try_book(name, sources, str(python), args.targets.split(",")) for name, sources in books)
    return 1 if wrong else 0


def install(folder: Path) -> Path | None:
    """Return the interpreter of a virtual environment with the compilers; None when they cannot be had."""
    python = folder / "bin" / "python"
    if (folder / "ready").exists():
        return python
    words = [str(python), "-m", "pip", "install", "--quiet", *EXTRAS]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(words, check=True, timeout=_INSTALL_LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return None
    (folder / "ready").touch()
    return python


def try_book(name: str, sources: tuple[Path, ...], python: str, targets: list[str]) -> int:
    """Print what became of each candidate of one book; return how many were refused for no reason."""
    book = read_book(DATA / f"{name}.toml", python, targets)
    with tempfile.TemporaryDirectory(prefix="kernel-opt-book-") as folder:
        shelf = Shelf(book, sources, Path(folder), YardMaker(python, dict(os.environ)))
        print(f"\n{name}: {len(book.edits)} candidates, {len(shelf.best)} builds each ({', '.join(targets)})")
        for one in shelf.best:
            told = "; ".join(f"{k.vgpr} VGPR, LDS {k.lds_bytes}" for k in one.kernels) or one.why
            print(f"  best, {one.name} for {one.target}: {one.end.value}, {told}")
        if any(one.end is not BuildEnd.BUILT for one in shelf.best):
            return 1
        return _try_edits(shelf)


def _try_edits(shelf: Shelf) -> int:
    found: list[Weighed] = []
    took_s: list[float] = []
    wrong: list[str] = []
    for edit in shelf.book.edits:
        began = time.monotonic()
        weighed = shelf.weigh(edit)
        if weighed is None:
            print(f"  {edit.name:38} does not apply")
            continue
        took_s.append(time.monotonic() - began)
        found.append(weighed)
        against = prove(shelf, weighed)
        if against:
            wrong.append(f"{edit.name}: {against}")
        compiled = weighed.compiled
        print(f"  {edit.name:38} {compiled.outcome.value:16} {took_s[-1]:5.1f} s  {against or compiled.why[:100]}")
    _sum_up(found, took_s, wrong)
    return len(wrong)


def _sum_up(found: list[Weighed], took_s: list[float], wrong: list[str]) -> None:
    counts = Counter(one.compiled.outcome for one in found)
    settled = sum(counts[outcome] for outcome in SETTLED)
    told = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in CompileOutcome if counts[outcome])
    print(f"  {told}")
    share = 100 * settled / len(found)
    print(f"  settled without a GPU: {settled} of {len(found)} ({share:.0f} %); false refusals: {len(wrong)}")
    print(f"  seconds per candidate: median {statistics.median(took_s):.1f}, longest {max(took_s):.1f}")
    for text in wrong:
        print(f"  WRONG {text}")


if __name__ == "__main__":
    sys.exit(main())
