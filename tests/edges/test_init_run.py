"""One run of a benchmark that nothing is known of yet."""

import os
from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.init_run import LOG_TAIL_BYTES, FirstRun, run_first
from kernel_opt.edges.tracers.rocprofv3 import Rung

ENVIRON = {"PATH": os.environ["PATH"]}
KERNEL_TRACE = "Kernel_Name,Start\nk,1\n"


class FakeTracer:
    """Runs the command and leaves a kernel trace, then hangs if it is told to."""

    def __init__(self, after: str = "") -> None:
        self._after = after

    def trace_argv(self, argv: Sequence[str], out_dir: Path, rung: Rung) -> list[str]:
        """Return the command that runs ``argv`` traced."""
        assert rung is Rung.KERNEL
        out_dir.mkdir()
        leave = f"printf '{KERNEL_TRACE}' > {out_dir}/1_kernel_trace.csv"
        return ["/bin/sh", "-c", f"{argv[-1]}; {leave}; {self._after}"]


def run(tmp_path: Path, script: str, **more: object) -> FirstRun:
    tree = tmp_path / "tree"
    tree.mkdir(exist_ok=True)
    work = tmp_path / f"work-{len(list(tmp_path.iterdir()))}"
    return run_first(["/bin/sh", "-c", script], tree, work, ENVIRON, 30.0, lambda: None, **more)


def test_only_tables_of_this_very_run_count(tmp_path: Path) -> None:
    """Those that lay there before do not, those written again do; links and other files never."""
    (tmp_path / "tree/deep").mkdir(parents=True)
    for name in ("old.csv", "again.csv"):
        (tmp_path / "tree" / name).write_text("n\n1\n")
    first = run(tmp_path, "cp old.csv deep/new.csv; echo 2 >> again.csv; ln -s old.csv link.csv; touch x.txt; echo hi")
    assert first.tables == ("again.csv", "deep/new.csv")
    assert first.is_whole
    assert (first.log_tail, first.trace) == ("hi\n", None)


def test_a_run_without_table_or_with_a_failure_is_not_whole(tmp_path: Path) -> None:
    """Its last words are kept, the end of them."""
    assert not run(tmp_path, "true").is_whole
    failed = run(tmp_path, "echo 1 > a.csv; head -c 20000 /dev/zero | tr '\\0' x; echo; echo bad; exit 3")
    assert not failed.is_whole
    assert failed.ended.exit_code == 3
    assert failed.log_tail.endswith("bad\n")
    assert len(failed.log_tail) == LOG_TAIL_BYTES


def test_a_traced_run_leaves_its_trace_beside(tmp_path: Path) -> None:
    """The tracer's own tables are not the benchmark's."""
    first = run(tmp_path, "echo 1 > a.csv", tracer=FakeTracer())
    assert first.tables == ("a.csv",)
    assert first.is_whole
    assert first.trace is not None
    assert (first.trace / "1_kernel_trace.csv").read_text() == KERNEL_TRACE


def test_a_tracer_that_hangs_after_its_results_is_ended(tmp_path: Path) -> None:
    """What it wrote is good, and the person does not wait for the time limit."""
    first = run(tmp_path, "echo 1 > a.csv", tracer=FakeTracer("sleep 1000"), hung_ticks=2)
    assert first.is_hung_tracer
    assert first.is_whole
    assert not first.ended.timed_out
