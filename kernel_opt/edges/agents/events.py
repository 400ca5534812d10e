"""The events of a coding agent's call: JSON, one a line, read back from the call's log with bounds on everything."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

Event = dict[str, Any]

LINE_CAP_BYTES = 4 << 20
"""4 MiB: a line may hold a whole file that was read; one longer is no event that decides anything."""

_LAST_BYTES = 4_000


def read_events(log: Path) -> Iterator[Event]:
    """Return what in a log is an event; other lines, cut ones and huge ones are passed over."""
    try:
        with log.open("rb") as file:
            yield from _parse(iter(lambda: file.readline(LINE_CAP_BYTES), b""))
    except OSError:  # no log: the program was never started
        return


def _parse(lines: Iterator[bytes]) -> Iterator[Event]:
    is_rest = False
    for line in lines:
        is_whole = not is_rest
        is_rest = not line.endswith(b"\n") and len(line) >= LINE_CAP_BYTES
        if is_whole and not is_rest:
            event = parse_event(line)
            if event is not None:
                yield event


def parse_event(line: bytes) -> Event | None:
    """Return the event of a line, None when it is none."""
    if not line.startswith(b"{"):
        return None
    try:
        found: object = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return cast("Event", found) if isinstance(found, dict) else None


def read_last_words(log: Path) -> str:
    """Return the last line of a log that is no event, as one line of bounded length."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = [line for line in file.read().splitlines() if line.strip() and not line.startswith(b"{")]
    except OSError:
        return ""
    return words(lines[-1].decode("utf-8", errors="replace")) if lines else ""


class EventTail:
    """Follows the log of a call that is under way."""

    def __init__(self, log: Path, is_progress: Callable[[Event], bool]) -> None:
        self._log = log
        self._is_progress = is_progress
        self._place = 0
        self._piece = b""

    def has_progressed(self) -> bool:
        """Tell whether since the last look there was an event that is more than a word about waiting."""
        try:
            with self._log.open("rb") as file:
                file.seek(self._place)
                fresh = file.read(LINE_CAP_BYTES)
        except OSError:
            return False
        self._place += len(fresh)
        *lines, self._piece = (self._piece + fresh).split(b"\n")
        self._piece = self._piece[-LINE_CAP_BYTES:]
        events = [parse_event(line) for line in lines]
        return any(event is not None and self._is_progress(event) for event in events)


def words(value: object, cap: int = 600) -> str:
    """Return foreign text as one line of bounded length; what is no text is empty."""
    return " ".join(value.split())[:cap] if isinstance(value, str) else ""


def table(value: object) -> Event:
    """Return a JSON object, an empty one when it is something else."""
    return cast("Event", value) if isinstance(value, dict) else {}


def texts(value: object) -> list[str]:
    """Return the texts of a list, each as one line."""
    return [words(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


def count(value: object) -> int:
    """Return a number of tokens; what is none counts as nothing."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else 0


def money(value: object) -> float | None:
    """Return an amount of money that can be one."""
    return amount(value, most=1e9)


def amount(value: object, most: float) -> float | None:
    """Return a number from 0 to ``most``, None when it is none."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < most:
        return None
    return float(value)
