"""Promises of the capped log: beginning and end are kept, and nothing is left out unsaid."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_opt.edges.supervisor_log import CappedLog


def write_through(path: Path, chunks: list[bytes], cap_bytes: int) -> CappedLog:
    """Send chunks through a log."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    log = CappedLog(fd, cap_bytes)
    for chunk in chunks:
        log.add(chunk)
    log.close()
    os.close(fd)
    return log


@settings(deadline=None)  # it writes files, and a busy disk is no broken promise
@given(st.lists(st.binary(max_size=40)), st.integers(min_value=2, max_value=60))
def test_whatever_comes_in_whatever_pieces(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], cap_bytes: int
) -> None:
    """An output within the cap is kept whole; of a longer one, the first and last half of the cap."""
    path = tmp_path_factory.getbasetemp() / "log"
    log = write_through(path, chunks, cap_bytes)
    whole = b"".join(chunks)
    head, tail = cap_bytes // 2, cap_bytes - cap_bytes // 2
    assert log.total_bytes == len(whole)
    assert log.is_truncated == (len(whole) > cap_bytes)
    if not log.is_truncated:
        assert path.read_bytes() == whole
    else:
        mark = b"\n[... %d bytes left out ...]\n" % (len(whole) - cap_bytes)
        assert path.read_bytes() == whole[:head] + mark + whole[-tail:]


def test_the_beginning_is_there_at_once(tmp_path: Path) -> None:
    """What was printed can be read while the child still runs."""
    fd = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    CappedLog(fd, 100).add(b"so far")
    assert (tmp_path / "log").read_bytes() == b"so far"
    os.close(fd)


def test_a_full_disk_is_survived() -> None:
    """When nothing more can be written, the count goes on and nobody fails."""
    fd = os.open("/dev/full", os.O_WRONLY)
    log = CappedLog(fd, 10)
    log.add(b"x" * 50)
    log.close()
    os.close(fd)
    assert log.total_bytes == 50
