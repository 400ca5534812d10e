"""The CSV that the benchmark writes: columns found, not assumed; nothing in it is believed unchecked."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.settings import BenchmarkSettings
from kernel_opt.rules.globs import matches_any

SIZE_CAP_BYTES = 16 * 1024 * 1024  # a benchmark has tens of rows; what is larger is no benchmark's table
ROWS_CAP = 100_000
COLUMNS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class BenchTable:
    """The benchmark's rows, in its own order."""

    rows: tuple[ConfigRow, ...]
    config_columns: tuple[str, ...]
    has_error_column: bool
    columns: tuple[str, ...]
    """All of the header, in its order."""
    control_us: float | None
    """Geometric mean of the control column; None without one, or where a row of it is no time."""


def read_bench_csv(path: Path, benchmark: BenchmarkSettings) -> BenchTable:
    """Read the table; raise ReadFailedError with file, line and reason when it is not a usable one."""
    header, lines = _read_lines(path)
    if benchmark.metric not in header:
        shown = ", ".join(header[:COLUMNS_SHOWN]) + (", ..." if len(header) > COLUMNS_SHOWN else "")
        raise ReadFailedError(f"{path.name} has no column {benchmark.metric!r}", f"its columns are: {shown}")
    config_columns = tuple(name for name in header if _is_config(name, benchmark))
    error_column = benchmark.error if benchmark.error in header else ""
    results = [name for name in header if matches_any(name, benchmark.result_columns) and name not in config_columns]
    rows: list[ConfigRow] = []
    taken: dict[str, int] = {}
    for place, (number, line) in enumerate(lines, 1):
        values = {name: line[name] for name in config_columns}
        rows.append(
            ConfigRow(
                key=_unique(", ".join(f"{name}={value}" for name, value in values.items()) or f"row={place}", taken),
                values=values,
                us=_positive(line[benchmark.metric], path, number, benchmark.metric),
                error=_number(line[error_column], path, number, error_column) if error_column else None,
                results={name: line[name] for name in results if name not in (benchmark.metric, benchmark.error)},
            )
        )
    control_us = _control(lines, benchmark.control) if benchmark.control in header else None
    return BenchTable(tuple(rows), config_columns, bool(error_column), tuple(header), control_us)


def _unique(key: str, taken: dict[str, int]) -> str:
    """Return the key, numbered when it was taken before; ``taken`` holds how often."""
    unique = key
    while unique in taken:
        taken[key] += 1
        unique = f"{key} (#{taken[key]})"
    taken[unique] = 1
    return unique


def _read_lines(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    try:
        if path.stat().st_size > SIZE_CAP_BYTES:
            raise ReadFailedError(f"{path.name} is larger than {SIZE_CAP_BYTES >> 20} MiB")
        if not path.is_file():
            raise ReadFailedError(f"{path.name} is not a file")
        # utf-8-sig: a spreadsheet's mark must not become part of the first column's name.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file, skipinitialspace=True)
            header = [name.strip() for name in next(reader, list[str]())]
            lines = [_line(path, reader.line_num, header, fields) for fields in reader if fields]
    except (OSError, csv.Error) as error:
        raise ReadFailedError(f"{path.name} cannot be read: {error}") from error
    if not header:
        raise ReadFailedError(f"{path.name} is empty", "the benchmark must write a header and one row per config")
    if len(set(header)) != len(header):
        raise ReadFailedError(f"{path.name} has two columns of one name")
    if not lines:
        raise ReadFailedError(f"{path.name} has a header and no rows")
    return header, lines


def _line(path: Path, number: int, header: list[str], fields: list[str]) -> tuple[int, dict[str, str]]:
    if number > ROWS_CAP:
        raise ReadFailedError(f"{path.name} has more than {ROWS_CAP} lines")
    if len(fields) != len(header):
        raise ReadFailedError(f"{path.name} line {number}: {len(fields)} fields, the header has {len(header)}")
    if any("\0" in field for field in fields):
        raise ReadFailedError(f"{path.name} line {number} holds a zero byte")
    return number, {name: field.strip() for name, field in zip(header, fields, strict=True)}


def _is_config(name: str, benchmark: BenchmarkSettings) -> bool:
    if name in ("", benchmark.metric, benchmark.error, benchmark.control) or name.startswith("Unnamed"):
        return False
    return matches_any(name, benchmark.result_columns) is None


def _number(text: str, path: Path, line: int, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ReadFailedError(f"{path.name} line {line}: {column} is {text!r}, not a number")
    return value


def _positive(text: str, path: Path, line: int, column: str) -> float:
    value = _number(text, path, line, column)
    if value <= 0:
        raise ReadFailedError(f"{path.name} line {line}: {column} is {text}, no time can be that")
    return value


def _control(lines: list[tuple[int, dict[str, str]]], column: str) -> float | None:
    """Return the control's geometric mean; the untouched kernel may lack a config, then nothing is known."""
    try:
        times = [float(line[column]) for _, line in lines]
    except ValueError:
        return None
    if not all(math.isfinite(time) and time > 0 for time in times):
        return None
    return math.exp(sum(map(math.log, times)) / len(times))
