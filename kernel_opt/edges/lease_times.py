"""When each card was last leased on this host: the time of its lock file, which every lease writes to."""

import contextlib
from pathlib import Path

from kernel_opt.edges.lease import lease_dir
from kernel_opt.model.errors import InfrastructureError

_PREFIX, _SUFFIX = "card-", ".lock"


def find_last_used(folder: Path | None = None) -> dict[str, float]:
    """Return the time of the last lease by the card's key; a card that was never leased is not among them."""
    try:
        place = folder or lease_dir()
    except (InfrastructureError, OSError):  # whoever takes a lease there says so; the order of cards is not worth it
        return {}
    found: dict[str, float] = {}
    for path in sorted(place.glob(f"{_PREFIX}*{_SUFFIX}")):
        with contextlib.suppress(OSError):
            found[path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)] = path.stat().st_mtime
    return found
