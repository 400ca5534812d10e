"""What the compilers of one run left behind: kept beside its trace, for fingerprints of what ran."""

import os
import shutil
import stat
from pathlib import Path

KEPT = (".amdgcn", ".hsaco")
"""Text and code objects of Triton, whose cache has a place for every variant. The dump of FlyDSL is not taken: its
names repeat, so that only the last variant compiled would be left, and pass for all of them."""
_MAX_NAMES = 50_000
_MAX_FILES = 256
_MAX_BYTES = 256 << 20
"""Of all of them: a benchmark compiles some dozen kernels of some hundred kilobytes."""


def keep_code(home: Path, folder: Path) -> None:
    """Move compiled kernels from below a run's own home, caches included, to a folder that need not be there yet.

    Where there is more than fits nothing is kept: a part would pass for the whole.
    """
    found = _find(home)
    if found is None or not found:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(found):
        shutil.move(path, folder / f"{number:04d}-{path.name}")


def _find(home: Path) -> list[Path] | None:
    """Return the files in a fixed order; links are not followed. None when there are too many."""
    found: list[Path] = []
    seen = size = 0
    for directory, below, names in os.walk(home):
        below.sort()
        for name in sorted(names):
            seen += 1
            path = Path(directory, name)
            if name.endswith(KEPT) and stat.S_ISREG((about := path.lstat()).st_mode):
                found.append(path)
                size += about.st_size
        if seen > _MAX_NAMES or len(found) > _MAX_FILES or size > _MAX_BYTES:
            return None
    return found
