"""The benchmark's table is read as it is, or refused with file, line and reason; nothing in it is guessed."""

import csv
import math
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.edges.bench import ROWS_CAP, SIZE_CAP_BYTES, BenchTable, read_bench_csv
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.settings import BenchmarkSettings

BENCH = BenchmarkSettings(command=("x",), file="x", csv="*.csv", metric="us_k", error="err_k", control="us_ref")


def read(folder: Path, content: str | bytes, benchmark: BenchmarkSettings = BENCH) -> BenchTable:
    path = folder / "out.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_bench_csv(path, benchmark)


def test_a_table_as_scripts_write_it(tmp_path: Path) -> None:
    """Index column, quoted tuples, result columns: what is left are config columns, in order, with stripped values."""
    table = read(
        tmp_path,
        ",block_size,heads,us_ref,us_k,err_k,k_max_diff,speedup\n"
        '0,1024,"(8, 1)",4.0,10.5,0,1e-3,1.5\n'
        '1,16, "(16, 2)",9.0,20,0.0,2e-3,1.5\r\n'
        "\n",
    )
    assert table.config_columns == ("block_size", "heads")
    assert [row.key for row in table.rows] == ["block_size=1024, heads=(8, 1)", "block_size=16, heads=(16, 2)"]
    assert table.rows[1].values == {"block_size": "16", "heads": "(16, 2)"}
    assert [(row.us, row.error) for row in table.rows] == [(10.5, 0.0), (20.0, 0.0)]
    assert table.has_error_column
    assert table.control_us == pytest.approx(6.0)


def test_a_mark_of_byte_order_is_no_part_of_a_name(tmp_path: Path) -> None:
    """A file saved by a spreadsheet reads the same."""
    assert read(tmp_path, b"\xef\xbb\xbfus_k,n\n1,2\n").config_columns == ("n",)


def test_no_error_column_is_told(tmp_path: Path) -> None:
    """Then the exit code decides, and errors are unknown, not 0."""
    table = read(tmp_path, "n,us_k\n1,2\n")
    assert not table.has_error_column
    assert table.rows[0].error is None
    assert table.control_us is None
    assert not read(tmp_path, "n,us_k\n1,2\n", replace(BENCH, error="", control="")).has_error_column


def test_an_unnamed_index_never_decides_a_config(tmp_path: Path) -> None:
    """As pandas calls it when it reads its own file again."""
    assert read(tmp_path, "Unnamed: 0,n,us_k\n7,1,2\n").rows[0].key == "n=1"


def test_rows_without_config_columns_are_told_by_place(tmp_path: Path) -> None:
    """Blank lines between them do not count."""
    assert [row.key for row in read(tmp_path, "us_k\n1\n\n2\n").rows] == ["row=1", "row=2"]


def test_the_same_config_twice_is_two_rows(tmp_path: Path) -> None:
    """Keys stay unique even where a value looks like our own numbering."""
    keys = [row.key for row in read(tmp_path, "n,us_k\na,1\na (#2),1\na,1\na,1\n").rows]
    assert keys[:2] == ["n=a", "n=a (#2)"]
    assert len(set(keys)) == 4


@pytest.mark.parametrize("control", ["", "nan", "0", "-1", "inf", "n/a"])
def test_a_control_that_was_not_timed_is_unknown(tmp_path: Path, control: str) -> None:
    """The untouched kernel may lack a config: that is no failure of the candidate."""
    assert read(tmp_path, f"n,us_ref,us_k\n1,2,3\n2,{control},3\n").control_us is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"n,us_k\n", "has a header and no rows"),
        (b"n,us_k\n\n\n", "has a header and no rows"),
        (b"n,us_other\n1,2\n", "has no column 'us_k'; its columns are: n, us_other"),
        (b"n,us_k\n1\n", "line 2: 1 fields, the header has 2"),
        (b"n,us_k\n1,2\n1,2,3\n", "line 3: 3 fields, the header has 2"),
        (b"n,us_k\n1,2\n,\n", "line 3: us_k is '', not a number"),
        (b"n,n,us_k\n1,1,2\n", "two columns of one name"),
        (b",,us_k\n1,1,2\n", "two columns of one name"),
        (b"us_k,us_k\n1,2\n", "two columns of one name"),
        (b"n,us_k\n1,nan\n", "line 2: us_k is 'nan', not a number"),
        (b"n,us_k\n1,inf\n", "line 2: us_k is 'inf', not a number"),
        (b"n,us_k\n1,-inf\n", "not a number"),
        (b"n,us_k\n1,1e999\n", "not a number"),
        (b"n,us_k\n1,0\n", "us_k is 0, no time can be that"),
        (b"n,us_k\n1,-0.0\n", "no time can be that"),
        (b"n,us_k\n1,-3\n", "us_k is -3, no time can be that"),
        (b"n,us_k\n1,fast\n", "us_k is 'fast', not a number"),
        (b"n,us_k\n1,2\x00\n", "line 2 holds a zero byte"),
        (b"n,us_k\n1\x00,2\n", "line 2 holds a zero byte"),
        (b"n,us_k\n1,\xff\xfe\n", "not a number"),
        (b"n,us_k,err_k\n1,2,nan\n", "line 2: err_k is 'nan', not a number"),
        (b"n,us_k,err_k\n1,2,\n", "line 2: err_k is '', not a number"),
        (b'n,us_k\n"1,2\n', "fields"),
        (b"n,us_k\n" + b"9" * 200_000 + b",2\n", "cannot be read: field larger"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "holds a zero byte"),
    ],
)  # fmt: skip
def test_a_bad_table_is_refused_with_the_reason(tmp_path: Path, content: bytes, said: str) -> None:
    """Never a traceback, never a number made of what is none."""
    with pytest.raises(ReadFailedError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith("out.csv")
    assert said in str(caught.value)


def test_other_bytes_than_utf_8_may_stand_in_a_config(tmp_path: Path) -> None:
    """They are shown as replaced, and the row is still told."""
    assert read(tmp_path, b"n,us_k\n\xe9,2\n").rows[0].key == "n=\ufffd"


def test_sizes_are_bounded(tmp_path: Path) -> None:
    """A flood is refused before it is read; so is a table that no benchmark writes; not all its columns are told."""
    path = tmp_path / "out.csv"
    path.touch()
    os.truncate(path, SIZE_CAP_BYTES + 1)
    with pytest.raises(ReadFailedError, match="larger than 16 MiB"):
        read_bench_csv(path, BENCH)
    with pytest.raises(ReadFailedError, match="more than 100000 lines"):
        read(tmp_path, "us_k\n" + "1\n" * ROWS_CAP)
    with pytest.raises(ReadFailedError) as caught:
        read(tmp_path, ",".join(f"c{number}" for number in range(5000)) + "\n")
    assert "no rows" in str(caught.value)
    with pytest.raises(ReadFailedError) as caught:
        read(tmp_path, "\n".join([",".join(f"c{number}" for number in range(5000)), ",".join("1" * 5000)]))
    assert len(str(caught.value)) < 300


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("none.csv", "pipe.csv", "."):
        with pytest.raises(ReadFailedError):
            read_bench_csv(tmp_path / name, BENCH)


quick = profile(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@quick
@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: b"n,us_k,err_k\n" + tail))
def test_any_bytes_give_a_sound_table_or_a_reason(tmp_path: Path, content: bytes) -> None:
    """Whatever a benchmark leaves: unique keys, finite positive times, or one clear error."""
    try:
        table = read(tmp_path, content)
    except ReadFailedError:
        return
    assert len({row.key for row in table.rows}) == len(table.rows) > 0
    assert all(math.isfinite(row.us) and row.us > 0 for row in table.rows)
    assert all(row.error is None or math.isfinite(row.error) for row in table.rows)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cc",)), max_size=8)


@quick
@given(st.lists(st.tuples(CELLS, CELLS, st.floats(1e-3, 1e6)), min_size=1, max_size=8))
def test_what_a_writer_wrote_is_read_again(tmp_path: Path, rows: list[tuple[str, str, float]]) -> None:
    """Any text in the config columns comes back, stripped, and every time as it was."""
    with (tmp_path / "out.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("a", "b", "us_k"), *rows])
    table = read_bench_csv(tmp_path / "out.csv", BENCH)
    assert [(row.values["a"], row.values["b"], row.us) for row in table.rows] == [
        (a.strip(), b.strip(), us) for a, b, us in rows
    ]
