"""How a reader says no: file, line, reason, and what to do."""

from pathlib import Path

from kernel_opt.model.errors import ReadFailedError

AGAIN = "trace again into a fresh directory, or give the directory of another trace with --dir"


def refuse(path: Path, line: int | None, reason: str, mend: str = AGAIN) -> ReadFailedError:
    """Return the error for a file that cannot be read right."""
    where = f"{path}" if line is None else f"{path}, line {line}"
    return ReadFailedError(f"{where}: {reason}", mend)


class LineError(Exception):
    """A line of a file is not what it should be; told on with the file's name by who knows it."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(line, reason)
        self.line = line
        self.reason = reason
