"""The chain of JSON lines: what it reads back, and what it notices."""

import json
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.journal.book import Record
from kernel_opt.journal.mirror import FIRST_PREV, NAME, Mirror, format_line, parse_line, read_mirror
from kernel_opt.model.errors import ReadFailedError

BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
RECORDS = st.builds(
    Record,
    seq=st.integers(1, 2**40),
    round=st.integers(0, 10**6),
    kind=st.text(),
    at_s=st.floats(allow_nan=False, allow_infinity=False),
    boot_id=st.text(),
    boottime_s=st.floats(0, 1e9),
    body=BODIES.map(lambda body: json.dumps(body, separators=(",", ":")).encode()),
    schema=st.integers(1, 99),
)


def written(directory: Path, count: int) -> bytes:
    mirror = Mirror(directory)
    for seq in range(1, count + 1):
        mirror.append(Record(seq, 1, "Kept", 1.5, "boot", 2.5, b'{"n":%d}' % seq))
    mirror.close()
    return (directory / NAME).read_bytes()


@given(RECORDS)
def test_any_record_comes_back_from_its_line(record: Record) -> None:
    """Whatever text a field holds, the line is one line of JSON and gives the same record."""
    line = format_line(record, FIRST_PREV)
    assert line.count(b"\n") == 1
    assert json.loads(line)["prev"] == FIRST_PREV
    assert parse_line(line) == record


@given(st.binary())
def test_a_foreign_line_is_an_error_and_nothing_else(noise: bytes) -> None:
    """Bytes that are no record are refused in one way."""
    with pytest.raises(ValueError):
        parse_line(noise)


@pytest.mark.parametrize("line", [b'{"prev":"0","seq":1,"body":{}}\n', b'{"prev":"0","colour":1,"body":{}}\n'])
def test_a_line_with_other_fields_is_foreign(line: bytes) -> None:
    """A line that lacks a field or has one too many is refused."""
    with pytest.raises(ValueError, match="missing or unknown"):
        parse_line(line)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_a_cut_at_any_byte_leaves_the_whole_lines(tmp_path: Path, data: st.DataObject) -> None:
    """A torn last line never swallows a record, neither the one before nor the next."""
    (tmp_path / NAME).unlink(missing_ok=True)
    whole = written(tmp_path, 3)
    cut = data.draw(st.integers(0, len(whole)))
    (tmp_path / NAME).write_bytes(whole[:cut])
    mirror = Mirror(tmp_path)
    assert mirror.last_seq == whole[:cut].count(b"\n")
    mirror.append(Record(mirror.last_seq + 1, 1, "Dropped", 1.0, "boot", 2.0, b"{}"))
    mirror.close()
    assert [record.seq for record in read_mirror(tmp_path / NAME)] == list(range(1, mirror.last_seq + 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_byte_before_the_last_line_is_noticed(tmp_path: Path, data: st.DataObject) -> None:
    """No record in the middle can be altered: the chain breaks, and the file is left for a person to look at."""
    (tmp_path / NAME).unlink(missing_ok=True)
    whole = bytearray(written(tmp_path, 3))
    place = data.draw(st.integers(0, whole[:-1].rindex(b"\n")))
    whole[place] ^= data.draw(st.integers(1, 255))
    (tmp_path / NAME).write_bytes(whole)
    with pytest.raises(ReadFailedError):
        Mirror(tmp_path)
    assert (tmp_path / NAME).read_bytes() == whole


def test_an_altered_last_line_that_is_no_record_is_refused(tmp_path: Path) -> None:
    """The last line has no follower that seals it, but it must be a record."""
    whole = written(tmp_path, 2)
    (tmp_path / NAME).write_bytes(whole[: whole.rindex(b',"round"')] + b',"body":{}}\n')
    with pytest.raises(ReadFailedError, match="line 2: a field is missing"):
        Mirror(tmp_path)


def test_reading_can_start_behind_a_line(tmp_path: Path) -> None:
    """The lines before are checked for the chain, but not given."""
    written(tmp_path, 3)
    assert [record.seq for record in read_mirror(tmp_path / NAME, after=1)] == [2, 3]


def test_a_line_that_does_not_fit_leaves_no_part(tmp_path: Path) -> None:
    """A write that fails is cut off again, and the next one goes where it should."""
    mirror = Mirror(tmp_path)
    record = Record(1, 1, "Kept", 1.0, "boot", 2.0, b"{}")
    mirror.append(record)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / NAME).stat().st_size + 10, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            mirror.append(replace(record, seq=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / NAME).read_bytes().endswith(b"}\n")
    mirror.append(replace(record, seq=2))
    mirror.close()
    assert [seen.seq for seen in read_mirror(tmp_path / NAME)] == [1, 2]
