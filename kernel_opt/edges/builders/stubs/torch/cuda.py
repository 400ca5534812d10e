"""No card: streams that lead nowhere."""

from typing import Any


class Stream:
    """The default stream."""

    cuda_stream = 0

    def __init__(self, *_: Any, **__: Any) -> None:
        """Take what a real one takes."""


class Event(Stream):
    """Never recorded."""


class ExternalStream(Stream):
    """Somebody else's stream."""


def is_available() -> bool:
    """Say that there is no card."""
    return False


def is_initialized() -> bool:
    """Say that none was asked for."""
    return False


def is_current_stream_capturing() -> bool:
    """Say that nothing is captured."""
    return False


def current_stream(*_: Any) -> Stream:
    """Return the default stream."""
    return Stream()


def current_device() -> int:
    """Return the first card's number."""
    return 0


def device_count() -> int:
    """Return that there is none."""
    return 0
