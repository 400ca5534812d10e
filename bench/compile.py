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
from dataclasses import dataclass, replace
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
    parser.add_argument("--short", action="store_true", help="one candidate of each kind, for one target")
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
    targets = args.targets.split(",")[: 1 if args.short else None]
    tried = [try_book(name, sources, str(python), targets, is_short=args.short) for name, sources in books]
    print(
        f"\n{'book':10} {'candidates':>10} {'settled':>8} {'share':>6} {'falsely':>8} {'median s':>9} {'longest s':>10}"
    )
    for one in tried:
        print(one)
    return 1 if any(one.wrong or not one.took_s for one in tried) else 0


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of the candidates of one book."""

    book: str
    took_s: tuple[float, ...] = ()
    """For each candidate; empty where the kernel itself does not compile."""
    settled: int = 0
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a row of the table."""
        count = len(self.took_s)
        if not count:
            return f"{self.book:10} its kernel does not compile here"
        share, median, longest = 100 * self.settled / count, statistics.median(self.took_s), max(self.took_s)
        figures = f"{count:10} {self.settled:8} {share:4.0f} % {len(self.wrong):8} {median:9.1f} {longest:10.1f}"
        return f"{self.book:10} {figures}"


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


def try_book(name: str, sources: tuple[Path, ...], python: str, targets: list[str], *, is_short: bool = False) -> Tried:
    """Print what became of each candidate of one book, or of those that stand for their kind."""
    book = read_book(DATA / f"{name}.toml", python, targets)
    book = replace(book, edits=tuple(edit for edit in book.edits if edit.is_short or not is_short))
    with tempfile.TemporaryDirectory(prefix="kernel-opt-book-") as folder:
        shelf = Shelf(book, sources, Path(folder), YardMaker(python, dict(os.environ)))
        print(f"\n{name}: {len(book.edits)} candidates, {len(shelf.best)} builds each ({', '.join(targets)})")
        for one in shelf.best:
            told = "; ".join(f"{k.vgpr} VGPR, LDS {k.lds_bytes}" for k in one.kernels) or one.why
            print(f"  best, {one.name} for {one.target}: {one.end.value}, {told}")
        if any(one.end is not BuildEnd.BUILT for one in shelf.best):
            return Tried(name)
        return _try_edits(shelf)


def _try_edits(shelf: Shelf) -> Tried:
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
    counts = Counter(one.compiled.outcome for one in found)
    print(f"  {', '.join(f'{counts[outcome]} {outcome.value}' for outcome in CompileOutcome if counts[outcome])}")
    for text in wrong:
        print(f"  WRONG {text}")
    return Tried(shelf.book.name, tuple(took_s), sum(counts[outcome] for outcome in SETTLED), tuple(wrong))


if __name__ == "__main__":
    sys.exit(main())
