"""What a repository's benchmark and its table mean, told from names."""

import pytest

from kernel_opt.model.errors import UsageError
from kernel_opt.rules.init_guess import (
    Columns,
    choose_columns,
    find_benchmarks,
    guess_allowed,
    guess_counts,
    guess_glob,
)

FLYDSL = ("block_size", "query_length", "us_gluon", "gluon_max_diff", "us_flydsl_ps", "err_flydsl_ps")


def test_a_known_benchmark_comes_before_all_others() -> None:
    """Where a preset's file is there, nothing else is a candidate."""
    paths = ["tests/kernels/test_pa.py", "tests/kernels/test_gemm.py", "bench.py"]
    assert find_benchmarks(paths, ["tests/kernels/test_pa.py"]) == ("tests/kernels/test_pa.py",)


def test_benchmarks_are_found_by_their_names() -> None:
    """Each once, tests first; what is named otherwise is none."""
    paths = ["bench.py", "a/b/pa_bench.py", "tests/test_pa.py", "src/pa.py", "tests/data.csv", "my_benchmark_2.py"]
    assert find_benchmarks(paths, []) == ("tests/test_pa.py", "bench.py", "a/b/pa_bench.py", "my_benchmark_2.py")


def test_the_metric_is_the_kernel_and_the_control_the_reference() -> None:
    """Names of known references are never taken for the kernel under tuning."""
    assert choose_columns(FLYDSL) == Columns("us_flydsl_ps", "err_flydsl_ps", "us_gluon")
    assert choose_columns(("n", "torch_us", "mine_us", "mine_err")) == Columns("mine_us", "mine_err", "torch_us")
    assert choose_columns(("n", "us_ref")) == Columns("us_ref", "", "")


def test_a_preset_names_the_columns_where_they_are_there() -> None:
    """A preset's metric and control win; one that the table has not is passed over."""
    known = Columns("us_b", "err_b", "us_c")
    assert choose_columns(("us_a", "us_b", "us_c"), known=known) == Columns("us_b", "", "us_c")
    assert choose_columns(("us_a", "us_ref"), known=known) == Columns("us_a", "", "us_ref")


def test_a_person_names_the_metric() -> None:
    """--metric wins; one that is not there is refused with the columns that are."""
    assert choose_columns(("us_a", "us_b", "error"), "us_b") == Columns("us_b", "error", "")
    with pytest.raises(UsageError, match="no column 'us_z'; its columns are: us_a"):
        choose_columns(("us_a",), "us_z")


def test_several_error_columns_of_others_are_none_of_ours() -> None:
    """Which of them would tell is not guessed."""
    assert choose_columns(("us_a", "err_x", "err_y")).error == ""


def test_a_table_without_times_is_refused() -> None:
    """The reason says what to name."""
    with pytest.raises(UsageError, match=r"no column of microseconds .*--metric; the columns are: n, flops"):
        choose_columns(("n", "flops"))


@pytest.mark.parametrize(
    ("name", "others", "glob"),
    [
        ("out.csv", (), "out.csv"),
        ("run_pa_decode_ps_test.ps.triton.3.6.0.csv", (), "run_pa_decode_ps_test.*.csv"),
        ("results/pa_20260316_1200.csv", (), "results/pa_*_*.csv"),
        ("a.1.csv", ("a.2.csv",), "a.1.csv"),
        ("a.1.csv", ("b.2.csv",), "a.*.csv"),
        ("table", (), "table"),
    ],
)
def test_what_changes_from_run_to_run_is_left_open(name: str, others: tuple[str, ...], glob: str) -> None:
    """Versions and dates become stars, unless another table of the same run would match."""
    assert guess_glob(name, others) == glob


def test_calls_are_read_from_the_text() -> None:
    """Constants, keyword arguments and pairs count; a table without them tells nothing."""
    assert guess_counts("WARMUP, TIMED = 3, 10") == ((3, 10),)
    assert guess_counts("WARM_UPS = 3\nCALLS = 10\n") == ((3, 10),)
    assert guess_counts("run_perftest(f, num_iters=101, num_warmup=2)") == ((2, 101),)
    assert guess_counts("warmup = 5\niters = 0") == ()
    assert guess_counts("print('hello')") == ()


@pytest.mark.parametrize(
    ("paths", "known", "allowed"),
    [
        (["kernels/attention/pa.py", "kernels/x.py"], ("kernels/attention/**", "kernels/**"), None),
        (["kernels/x.py"], ("kernels/attention/**", "kernels/**"), ("kernels/**",)),
        (["src/x.hip", "lib/y.py"], (), ("src/**",)),
        (["lib/y.py", "ops/z.cu", "tests/t.py", "docs/conf.py", "data/t.csv"], ("kernels/**",), ("lib/**", "ops/**")),
        (["pa.py", "bench.py"], (), ("*",)),
    ],
)
def test_what_may_change_is_where_the_sources_are(
    paths: list[str], known: tuple[str, ...], allowed: tuple[str, ...] | None
) -> None:
    """A preset's folders where they are there, else kernels/, src/, or every folder of sources but tests and docs."""
    assert guess_allowed(paths, known) == (known if allowed is None else allowed)
