"""Signs of life for workers on other hosts, which no lock of ours reaches."""

import contextlib
import secrets
import threading
from pathlib import Path

from kernel_opt.edges.record_files import write_record

_SIGNS_IN_SILENCE = 8
"""Signs in the time after which we would count as gone: some may be late."""


class SignsOfLife:
    """Writes another number every few seconds, from a thread of its own, until it is let go."""

    def __init__(self, folder: Path, silence_s: float) -> None:
        self.path = folder / f"alive-{secrets.token_hex(4)}"
        self._gap_s = silence_s / _SIGNS_IN_SILENCE
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True, name="signs of life")
        write_record(self.path, 0)
        self._thread.start()

    def close(self) -> None:
        """Give no more signs."""
        self._over.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _go_on(self) -> None:
        number = 0
        while not self._over.wait(self._gap_s):
            number += 1
            with contextlib.suppress(OSError):  # a full disk for a moment: the next sign may get through
                write_record(self.path, number)
