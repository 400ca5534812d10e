"""The texts of the files being tuned, read with bounds: kernels are named in them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from kernel_opt.rules.globs import matches_any

FILE_CAP_BYTES = 1_000_000
FILES_CAP = 2_000  # more than any kernel repository tunes at once; a bound, not a guess


def read_sources(root: Path, globs: Sequence[str]) -> Iterator[str]:
    """Yield the text of each plain file below ``root`` that matches."""
    count = 0
    for folder, folders, names in os.walk(root):
        folders.sort()  # which files the cap leaves out must not depend on the file system
        for name in sorted(names):
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if matches_any(relative, globs) is None or path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > FILES_CAP:
                return
            if path.stat().st_size <= FILE_CAP_BYTES:
                yield path.read_text(encoding="utf-8", errors="replace")
