"""Which of our own processes hold a card open, by the numbers of our own PID namespace."""

from collections.abc import Iterable
from pathlib import Path

_DRIVER = "/dev/kfd"


def find_holders(pids: Iterable[int], proc_root: Path = Path("/proc")) -> frozenset[int]:
    """Return those of ``pids`` that have the compute driver open.

    In a container this is the number of entries in the driver's table that are ours under other PIDs, which is what
    tells a neighbour from ourselves there.
    """
    return frozenset(pid for pid in pids if _holds(proc_root / str(pid) / "fd"))


def _holds(directory: Path) -> bool:
    try:
        return any(str(entry.readlink()) == _DRIVER for entry in directory.iterdir())
    except OSError:  # it has ended, or is not ours to look into
        return False
