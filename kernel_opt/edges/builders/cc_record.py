"""A C compiler that also leaves its assembly: ``cc_record.py DUMP COMPILER ...``. Standard library only."""

import os
import subprocess
import sys

_SOURCES = (".c", ".cc", ".cpp", ".cxx")
_LINKING = ("-shared", "-c", "-S")
_LIMIT_S = 600.0
"""Seconds for the second pass; the first one took as long and was bounded by the caller."""


def main() -> int:
    """Compile as asked; when that went well, once more to assembly, which decides nothing."""
    dump, compiler = sys.argv[1], sys.argv[2:]
    done = subprocess.run(compiler, check=False)
    sources = [word for word in compiler if word.endswith(_SOURCES)]
    if done.returncode != 0 or len(sources) != 1:
        return done.returncode if done.returncode >= 0 else 1
    number = len(os.listdir(dump))  # noqa: PTH208 (pathlib would double the start of every compile)
    output = os.path.join(dump, f"{number:03d}-{os.path.basename(sources[0])}.s")  # noqa: PTH118, PTH119
    subprocess.run([*_to_assembly(compiler), "-S", "-o", output], check=False, timeout=_LIMIT_S)
    return 0


def _to_assembly(words: list[str]) -> list[str]:
    """Return the command without what says where its output goes, and without libraries."""
    kept: list[str] = []
    is_output = False
    for word in words:
        if is_output or word == "-o":
            is_output = word == "-o"
        elif word not in _LINKING and not word.startswith("-l"):
            kept.append(word)
    return kept


if __name__ == "__main__":
    sys.exit(main())
