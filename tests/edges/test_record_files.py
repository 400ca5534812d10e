"""Promises of record files: what was written is read, and what does not fit is refused with its place."""

import enum
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_opt.edges.record_files import build_record, read_record, write_record
from kernel_opt.model.errors import ReadFailedError


class Colour(enum.StrEnum):
    """An enum."""

    RED = "red"


@dataclass(frozen=True)
class Inner:
    """A record in a record."""

    pid: int


@dataclass(frozen=True)
class Outer:
    """One field of each kind."""

    text: str
    count: int
    share: float
    is_so: bool
    colour: Colour = Colour.RED
    names: tuple[str, ...] = ()
    inner: Inner | None = None
    all_inner: tuple[Inner, ...] | None = None
    changes: dict[str, str | None] = field(default_factory=dict[str, str | None])


GOOD = {"text": "a", "count": 1, "share": 2, "is_so": True}

outers = st.builds(
    Outer,
    text=st.text(),
    count=st.integers(),
    share=st.floats(allow_nan=False),
    is_so=st.booleans(),
    names=st.lists(st.text()).map(tuple),
    inner=st.none() | st.builds(Inner, st.integers()),
    all_inner=st.none() | st.lists(st.builds(Inner, st.integers())).map(tuple),
    changes=st.dictionaries(st.text(), st.none() | st.text()),
)


@settings(deadline=None)  # it writes files, and a busy disk is no broken promise
@given(outers)
def test_a_record_comes_back(tmp_path_factory: pytest.TempPathFactory, record: Outer) -> None:
    """Whatever a record holds comes back the same."""
    path = tmp_path_factory.getbasetemp() / "record.json"
    write_record(path, record)
    assert read_record(path, Outer) == record


def test_bytes_that_are_no_text_come_back(tmp_path: Path) -> None:
    """A path or variable that is no UTF-8 survives."""
    write_record(tmp_path / "r", Outer("\udcff", 1, 1.0, is_so=True))
    record = read_record(tmp_path / "r", Outer)
    assert record is not None
    assert record.text == "\udcff"


def test_no_file_is_no_record(tmp_path: Path) -> None:
    """A record that has not been written yet is None."""
    assert read_record(tmp_path / "r", Outer) is None


def test_nothing_is_left_beside_a_record(tmp_path: Path) -> None:
    """Writing leaves the record alone in its directory."""
    write_record(tmp_path / "r", Outer("a", 1, 1.0, is_so=True))
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"text": 1}, "Outer.text"),
        ({"count": True}, "Outer.count"),
        ({"count": 1.5}, "Outer.count"),
        ({"share": "x"}, "Outer.share"),
        ({"is_so": 1}, "Outer.is_so"),
        ({"colour": "blue"}, "blue"),
        ({"names": "ab"}, "Outer.names"),
        ({"names": [1]}, "Outer.names"),
        ({"inner": {}}, "Outer.inner lacks pid"),
        ({"inner": []}, "Outer.inner"),
        ({"changes": {"a": 1}}, "Outer.changes.a"),
        ({"odd": 1}, "unknown field odd"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], place: str) -> None:
    """A value of the wrong kind, an unknown or a missing field is refused, and its place is told."""
    with pytest.raises(ReadFailedError, match=place):
        build_record(GOOD | change, Outer)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "[" * 100_000, '{"text": NaN}'])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is cut off or another thing is refused with its name."""
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ReadFailedError, match=r"r\.json is not a Outer"):
        read_record(tmp_path / "r.json", Outer)


def test_what_has_no_place_in_a_record_is_not_written(tmp_path: Path) -> None:
    """An object of another kind is a mistake of the programmer, told as such."""
    with pytest.raises(TypeError, match="object has no place"):
        write_record(tmp_path / "r", object())


def test_a_whole_number_is_a_number(tmp_path: Path) -> None:
    """JSON's 2 may stand for 2.0."""
    (tmp_path / "r").write_text(json.dumps(GOOD))
    record = read_record(tmp_path / "r", Outer)
    assert record is not None
    assert isinstance(record.share, float)
