"""The daemon's log: JSON lines in a rotated file, words on the console. It may be thrown away; the journal may not."""

import logging
import logging.handlers
import sys
from pathlib import Path
from typing import Protocol

import structlog

ROTATE_BYTES, ROTATE_FILES = 10 * 1024 * 1024, 10  # ten files of ten megabytes: months of rounds


class Log(Protocol):
    """What the round and the daemon say to whoever looks over their shoulder."""

    def info(self, event: str, **fields: object) -> object:
        """Say what happens."""
        ...

    def warning(self, event: str, **fields: object) -> object:
        """Say what a person may want to know."""
        ...

    def error(self, event: str, **fields: object) -> object:
        """Say what went wrong."""
        ...


def open_log(path: Path | None, *, console: bool) -> Log:
    """Return a log that writes JSON lines to ``path`` and, if wished, words to the console."""
    handlers: list[logging.Handler] = []
    shared = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    if path is not None:
        file = logging.handlers.RotatingFileHandler(
            path, maxBytes=ROTATE_BYTES, backupCount=ROTATE_FILES, encoding="utf-8"
        )
        file.setFormatter(_formatter(structlog.processors.JSONRenderer()))
        handlers.append(file)
    if console:
        words = logging.StreamHandler(sys.stderr)
        words.setFormatter(_formatter(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())))
        handlers.append(words)
    base = logging.Logger("kernel-opt")
    base.setLevel(logging.INFO)
    for handler in handlers:
        base.addHandler(handler)
    wrapped = structlog.wrap_logger(
        base,
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    )
    return wrapped.bind()


def _formatter(renderer: structlog.typing.Processor) -> logging.Formatter:
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(processors=[drop_meta, renderer])
