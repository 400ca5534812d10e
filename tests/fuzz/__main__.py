"""Throw spoilt inputs at the parsers until time is up: ``python -m tests.fuzz [PARSER ...] --seconds 60``.

With ``--atheris`` the coverage-guided fuzzer of that name does it, for one parser (``pip install atheris``; it is no
dependency of the project). What was found is written to ``--finds``, one file each; give a file of it as
``--again FILE`` to see it once more.
"""

import argparse
import hashlib
import importlib
import random
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.spoil import spoil
from tests.fuzz.targets import TARGETS, Target


def main() -> int:
    """Fuzz; exit code 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("parsers", nargs="*", choices=[[], *TARGETS], help="which (default: all)")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each parser (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the dice (default: %(default)s)")
    parser.add_argument("--corpus", type=Path, help="a folder with further true inputs, used for every parser")
    parser.add_argument("--finds", type=Path, default=Path("out/fuzz"), help="where finds go (default: %(default)s)")
    parser.add_argument("--again", type=Path, help="run one find again")
    parser.add_argument("--atheris", action="store_true", help="let atheris guide it, one parser only")
    args = parser.parse_args()
    names = args.parsers or list(TARGETS)
    if args.again:
        TARGETS[names[0]].run(args.again.read_bytes())
        return 0
    if args.atheris:
        return _guide(names[0], args.seconds, args.finds)
    return int(sum(_fuzz(name, _with_corpus(TARGETS[name], args.corpus), args) for name in names) > 0)


def _with_corpus(target: Target, folder: Path | None) -> Target:
    more = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()] if folder else []
    return Target((*target.seeds, *(one for one in more if len(one) < 1 << 17)), target.run)


def _fuzz(name: str, target: Target, args: argparse.Namespace) -> int:
    """Fuzz one parser; return how many different finds there were."""
    source, finds, count, slowest_s = random.Random(f"{name}{args.seed}"), set[str](), 0, 0.0
    until = time.monotonic() + args.seconds
    while (began := time.monotonic()) < until:
        data, count = spoil(source, target.seeds), count + 1
        try:
            target.run(data)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            where = "".join(traceback.format_tb(error.__traceback__)[-1:]) + f"{type(error).__name__}: {error}"[:300]
            key = hashlib.sha256("".join(traceback.format_tb(error.__traceback__)[-2:]).encode()).hexdigest()[:12]
            if key not in finds:
                finds.add(key)
                args.finds.mkdir(parents=True, exist_ok=True)
                (args.finds / f"{name}-{key}").write_bytes(data)
                print(f"{name}: {args.finds / f'{name}-{key}'}\n{where}", flush=True)
        slowest_s = max(slowest_s, time.monotonic() - began)
    print(f"{name}: {count} inputs, {len(finds)} finds, the slowest took {slowest_s:.2f} s", flush=True)
    return len(finds)


def _guide(name: str, seconds: float, finds: Path) -> int:
    """Hand over to atheris, which never returns."""
    atheris = importlib.import_module("atheris")
    corpus = finds / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.instrument_all()
    argv = [sys.argv[0], f"-max_total_time={seconds:.0f}", "-max_len=65536", f"-artifact_prefix={finds}/", str(corpus)]
    atheris.Setup(argv, TARGETS[name].run)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
