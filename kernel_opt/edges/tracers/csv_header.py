"""A tracer's CSV: which columns there are, whose file it is, and the rows of one that is read as a whole."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.tracers.refusal import refuse

_MAX_HEADER_LINES = 4  # Some tools and mailers wrap a long header inside its quotes.
_MAX_HEADER_BYTES = 1 << 16

_STRANGERS = (
    ({"kernelname", "gpu-id"}, "a result of rocprof v1"),
    ({"dispatch_id", "gpu_id", "kernel_name"}, "a table of rocprofiler-compute"),
    ({"domain", "function"}, "an API trace: it holds host calls, no kernel times"),
)
"""Files of the same kind of name that hold something else, by columns that give them away."""


@dataclass(frozen=True)
class Header:
    """Column names as written, in small letters, and where the rows begin."""

    columns: tuple[str, ...]
    lines: int
    length_bytes: int

    def find(self, *names: str) -> int | None:
        """Return the place of the first of these columns that there is."""
        return next((self.columns.index(name) for name in names if name in self.columns), None)


def read_header(path: Path, required: tuple[str, ...]) -> Header:
    """Read the header and check that the required columns are there; refuse any other file."""
    with path.open("rb") as file:
        text = file.readline(_MAX_HEADER_BYTES)
        lines = 1
        while text.count(b'"') % 2 and lines < _MAX_HEADER_LINES:
            text += file.readline(_MAX_HEADER_BYTES)
            lines += 1
        length = file.tell()
    if not text.strip():
        raise refuse(path, 1, "the file is empty, the header is missing")
    try:
        columns = tuple(re.sub(r"\s+", "", name).lower() for name in _split(text))
    except csv.Error as error:
        raise refuse(path, 1, f"the header is damaged ({error})") from None
    _check(path, columns, required)
    return Header(columns, lines, length)


def read_rows(path: Path, header: Header) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the fields of every row below the header, empty lines left out."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        reader = csv.reader(file)
        try:
            for fields in reader:
                if reader.line_num > header.lines and fields:
                    yield reader.line_num, fields
        except csv.Error as error:
            raise refuse(path, reader.line_num, f"the line is damaged ({error})") from None


def _split(text: bytes) -> list[str]:
    line = text.decode("utf-8-sig", "replace").replace("\r", "").replace("\n", "")
    return next(csv.reader([line]), list[str]())


def _check(path: Path, columns: tuple[str, ...], required: tuple[str, ...]) -> None:
    missing = [name for name in required if name not in columns]
    if missing:
        for signs, whose in _STRANGERS:
            if signs <= set(columns):
                raise refuse(path, 1, f"this is {whose}", "give a directory that rocprofv3 --kernel-trace wrote")
        raise refuse(path, 1, f"not a file of this kind, no column {', '.join(missing)}")
    double = sorted({name for name in columns if columns.count(name) > 1})
    if double:
        raise refuse(path, 1, f"column {', '.join(double)} stands there twice")
