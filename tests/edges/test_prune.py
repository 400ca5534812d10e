"""Old raw traces make room, and never silently."""

from pathlib import Path

from kernel_opt.edges.prune import NOTE, prune_traces


def _trace(folder: Path, name: str, size: int) -> Path:
    trace = folder / "measure-round-1" / "session" / "runs" / "0001" / name
    trace.mkdir(parents=True)
    (trace / "1_kernel_trace.csv").write_bytes(b"x" * size)
    return trace


def test_raw_traces_go_and_a_note_stays(tmp_path: Path) -> None:
    """The CSV of the benchmark and the log stay; the note names what went, with its size."""
    trace = _trace(tmp_path, "trace-1", 100)
    log = trace.parent / "candidate.log"
    log.write_text("said")
    assert prune_traces(tmp_path) == 100
    assert not trace.exists()
    assert log.read_text() == "said"
    assert "trace-1\t100 bytes" in (tmp_path / NOTE).read_text()


def test_a_round_without_traces_is_left_alone(tmp_path: Path) -> None:
    """Nothing to remove, nothing to note; doing it twice is doing it once."""
    assert prune_traces(tmp_path) == 0
    assert not (tmp_path / NOTE).exists()
    _trace(tmp_path, "trace-1", 10)
    assert prune_traces(tmp_path) == 10
    assert prune_traces(tmp_path) == 0
