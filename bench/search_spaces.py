"""Recorded spaces: every point that was measured, with its time; an empty time is a point that does not run."""

import csv
import gzip
import math
from pathlib import Path
from typing import NamedTuple

Point = tuple[int, ...]


class Recorded(NamedTuple):
    """One space."""

    name: str
    knobs: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    times: dict[Point, float | None]

    @property
    def optimum(self) -> float:
        """The shortest time there is."""
        return min(time for time in self.times.values() if time)


def read_spaces(folder: Path) -> list[Recorded]:
    """Read every CSV of a folder, compressed or not; the last column is the time."""
    return [read_space(path) for path in sorted(folder.iterdir()) if ".csv" in path.suffixes]


def read_space(path: Path) -> Recorded:
    """Read one; values are put in rising order where they are numbers."""
    plain = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    head, *rows = list(csv.reader(plain.decode().splitlines()))
    columns = list(zip(*rows, strict=True))[:-1]
    values = tuple(tuple(sorted(set(column), key=_rank)) for column in columns)
    places = [{value: place for place, value in enumerate(of_knob)} for of_knob in values]
    times = {
        tuple(place[cell] for place, cell in zip(places, row, strict=False)): float(row[-1]) if row[-1] else None
        for row in rows
    }
    return Recorded(path.name.split(".")[0], tuple(head[:-1]), values, times)


def _rank(text: str) -> tuple[bool, float, str]:
    try:
        return False, float(text), text
    except ValueError:
        return True, math.inf, text
