"""What stands in the queue, written down for `kernel-opt status`; may be thrown away."""

import contextlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path

from kernel_opt.edges.files import atomic_write
from kernel_opt.edges.places import QUEUE


class QueueNote:
    """The latest word on every open session, by round and step."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / QUEUE
        self._lock = threading.Lock()
        self._said: list[dict[str, str]] = []

    def tell(self, said: Mapping[Path, str]) -> None:
        """Write it down where it has changed."""
        fresh = [{"session": f"{path.parent.parent.name}/{path.parent.name}", "text": said[path]} for path in said]
        with self._lock:
            if fresh == self._said:
                return
            self._said = fresh
            with contextlib.suppress(OSError):  # it is only for people to look at
                if fresh:
                    atomic_write(self._path, json.dumps(fresh).encode())
                else:
                    self._path.unlink(missing_ok=True)
