"""The example's benchmark: what it writes, how it tells wrong from broken, and that it leaves no traces."""

import csv
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from kernel_opt.edges.tracers.host import trace_argv
from tests.example.repository import LADDER, TILES, copy_example, list_files, run

SMALL = ("--block_size", "16", "--head_size", "64", "--num_heads", "8x8", "16x2", "--context_length", "130")
BENCHMARK = ("tests/kernels/test_pa.py", *SMALL)
CSV = "run_pa_decode_ps_test.cpu.csv"
COLUMNS = (
    "block_size mtp head_size num_heads batch_size context_length us_gluon gluon_max_diff "
    "us_flydsl_ps flydsl_ps_max_diff err_flydsl_ps"
)
CALLS = 13
"""Three to warm up and ten on the clock."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of compiled kernels for all copies."""
    return tmp_path_factory.mktemp("cache")


def read_csv(copy: Path) -> list[dict[str, str]]:
    with (copy / CSV).open() as file:
        return list(csv.DictReader(file))


def count_launches(copy: Path, cache: Path, trace: Path) -> list[Counter[str]]:
    """Run the small benchmark traced; return the launches of each of its two rows."""
    argv = trace_argv([sys.executable, *BENCHMARK], trace, sampling=False)
    run(copy, cache, *argv[1:])
    with next(trace.glob("*_kernel_trace.csv")).open() as file:
        names = [row["Kernel_Name"] for row in csv.DictReader(file)]
    second = next(i for i in range(CALLS, len(names)) if names[i] == "gluon_pa_decode")
    return [Counter(names[:second]), Counter(names[second:])]


def test_all_ten_configs_are_right_at_the_start(tmp_path: Path, cache: Path):
    """Ten rows in five classes, MHA among them; errors are 0 and the control is timed."""
    copy = copy_example(tmp_path)
    done = run(copy, cache, "tests/kernels/test_pa.py")
    assert done.returncode == 0, done.stderr
    rows = read_csv(copy)
    assert " ".join(rows[0]) == COLUMNS
    assert len({tuple(row.values())[:6] for row in rows}) == 10
    assert len({(row["block_size"], row["mtp"], row["head_size"]) for row in rows}) == 5
    assert {row["num_heads"] for row in rows} == {"8x1", "16x1", "8x8"}
    assert {row["err_flydsl_ps"] for row in rows} == {"0"}
    assert all(float(row[column]) > 0 for row in rows for column in ("us_gluon", "us_flydsl_ps"))


COMPILE = "tests/kernels/compile_pa.py"
BROKEN_EXP = (*TILES[:3],)
"""-ffast-math breaks the exponential of the tiles until it is repaired."""


@pytest.mark.parametrize(("patches", "least", "most"), [((), 1e-9, 1e-6), (BROKEN_EXP, 1e-3, 10.0)])
def test_compiling_tells_the_error_against_float64(
    tmp_path: Path, cache: Path, patches: tuple[str, ...], least: float, most: float
):
    """In a file of the build's dump; a wrong kernel compiles all the same."""
    copy = copy_example(tmp_path, patches)
    done = run(copy, cache, COMPILE, KERNEL_OPT_DUMP=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert least < json.loads((tmp_path / "error.json").read_text())["largest"] < most
    assert json.loads(run(copy, cache, COMPILE).stdout)["largest"] < most


def test_a_kernel_that_dies_compiles(tmp_path: Path, cache: Path):
    """Only its error stays unknown; what does not compile is told by the exit code."""
    copy = copy_example(tmp_path)
    source = copy / "kernels/pa_decode.c"
    head, _, rest = source.read_text().partition("void pa_reduce(")
    source.write_text(f"{head}void pa_reduce({rest.replace('{', '{ __builtin_trap();', 1)}")
    done = run(copy, cache, COMPILE, KERNEL_OPT_DUMP=str(tmp_path))
    assert (done.returncode, (tmp_path / "error.json").exists()) == (0, False), done.stdout + done.stderr
    assert "no error against float64" in done.stdout
    source.write_text("no C")
    assert run(copy, cache, COMPILE).returncode == 1


def test_only_the_csv_is_left_behind(tmp_path: Path, cache: Path):
    """Compiled kernels go to the cache; the tree holds nothing new but the CSV."""
    copy = copy_example(tmp_path)
    before = list_files(copy)
    run(copy, cache, *BENCHMARK)
    assert list_files(copy) - before == {CSV}
    assert {path.suffix for path in cache.rglob("*") if path.is_file()} == {".so"}


def test_wrong_numbers_stand_in_the_error_column(tmp_path: Path, cache: Path):
    """A kernel that computes wrong numbers still writes its CSV, with the share of wrong elements."""
    copy = copy_example(tmp_path, LADDER[:3])
    assert run(copy, cache, *BENCHMARK).returncode == 0
    rows = read_csv(copy)
    assert all(float(row["err_flydsl_ps"]) > 0 for row in rows)
    assert all(float(row["gluon_max_diff"]) < 1e-5 for row in rows)


def test_a_kernel_that_does_not_compile_writes_no_csv(tmp_path: Path, cache: Path):
    """The compiler's message is in the log, the exit code is not 0."""
    copy = copy_example(tmp_path, (*TILES, "reduce-intrinsic/change"))
    done = run(copy, cache, *BENCHMARK)
    assert done.returncode != 0
    assert "pa_vector.h" in done.stderr
    assert not (copy / CSV).exists()


def test_without_a_compiler_it_says_so(tmp_path: Path):
    """Neither $CC nor any compiler: one sentence says what to install."""
    done = run(copy_example(tmp_path), tmp_path / "cache", *BENCHMARK, PATH=str(tmp_path), CC="")
    assert done.returncode != 0
    assert "no C compiler" in done.stderr


def test_it_keeps_to_its_cpus(tmp_path: Path, cache: Path):
    """The runtime honours the platform's variable, as a GPU runtime does."""
    program = "import os, runtime.kernel; print(sorted(os.sched_getaffinity(0)))"
    done = run(copy_example(tmp_path), cache, "-c", program, KERNEL_OPT_HOST_CPUS="0")
    assert done.stdout == "[0]\n"


def test_every_row_launches_the_same_calls(tmp_path: Path, cache: Path):
    """Thirteen calls of control, main and reduce a row, so that a trace can be cut into rows."""
    launches = count_launches(copy_example(tmp_path), cache, tmp_path / "trace")
    assert launches == [Counter(gluon_pa_decode=CALLS, pa_main=CALLS, pa_reduce=CALLS)] * 2


def test_the_trace_shows_which_class_ran_which_kernel(tmp_path: Path, cache: Path):
    """After the split MHA rows run the kernel of before and GQA rows the specialised one."""
    launches = count_launches(copy_example(tmp_path, LADDER), cache, tmp_path / "trace")
    assert [row["pa_main"] for row in launches] == [CALLS, 0]
    assert [row["pa_main_shared"] for row in launches] == [0, CALLS]


def test_computing_once_shows_in_the_trace(tmp_path: Path, cache: Path):
    """The cheat of the playbook passes the check of its numbers, and launches once where thirteen calls were made."""
    copy = copy_example(tmp_path, ("remember-requests/change",))
    launches = count_launches(copy, cache, tmp_path / "trace")
    assert {row["err_flydsl_ps"] for row in read_csv(copy)} == {"0"}
    assert [(row["gluon_pa_decode"], row["pa_main"]) for row in launches] == [(CALLS, 1)] * 2
