"""Promises of the config classes: real columns only, printable keys, every row in exactly one class."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.errors import UsageError
from kernel_opt.rules.judge.classes import group_configs


def rows_of(*values: dict[str, str], us: list[float] | None = None) -> list[ConfigRow]:
    """Return rows with these columns."""
    times = us or [100.0] * len(values)
    return [
        ConfigRow(key=f"row-{number}", values=columns, us=time)
        for number, (columns, time) in enumerate(zip(values, times, strict=True))
    ]


def table(names: str, *lines: str, us: list[float] | None = None) -> list[ConfigRow]:
    """Return rows from lines of values."""
    return rows_of(*(dict(zip(names.split(), line.split(), strict=True)) for line in lines), us=us)


def test_the_dispatch_columns_come_first() -> None:
    """Block size, mtp and head size decide, in this order, and make a printable key."""
    rows = table("batch head_size mtp block_size", "1 128 1 16", "2 128 1 1024", "4 128 1 16")
    keys = [one.key for one in group_configs(rows)]
    assert keys == ["block_size=16, mtp=1, head_size=128", "block_size=1024, mtp=1, head_size=128"]


def test_query_length_stands_in_for_mtp() -> None:
    """Newer tables say query_length; a table with both is grouped by mtp."""
    assert group_configs(table("query_length", "1", "2"))[1].key == "query_length=2"
    assert group_configs(table("query_length mtp", "1 0", "2 1"))[1].key == "mtp=1"


def test_a_column_that_is_not_there_is_never_guessed() -> None:
    """A table without any dispatch column is one class, unless its times say otherwise."""
    classes = group_configs(table("shape", "a", "b", "c"))
    assert [one.key for one in classes] == ["all configs"]
    assert classes[0].configs == ("row-0", "row-1", "row-2")


def test_a_column_that_explains_the_time_better_joins() -> None:
    """Where the dispatch columns leave the time open, the column that explains it is taken too."""
    lines = [f"16 {kind} {seed}" for kind in ("bf16", "fp8") for seed in "abcdef"]
    us = [200.0 + number for number in range(6)] + [100.0 + number for number in range(6)]
    classes = group_configs(table("block_size dtype seed", *lines, us=us))
    assert [one.key for one in classes] == ["block_size=16, dtype=bf16", "block_size=16, dtype=fp8"]


def test_a_column_that_splits_too_fine_does_not_join() -> None:
    """A column with a value of its own in every row explains everything and helps nobody."""
    rows = table("block_size ctx", *(f"16 {number}" for number in range(8)), us=[2.0**number for number in range(8)])
    assert [one.key for one in group_configs(rows)] == ["block_size=16"]


def test_times_that_are_no_times_explain_nothing() -> None:
    """An impossible time joins no column, and the class has no mean."""
    rows = table("dtype", *(["a"] * 3 + ["b"] * 3), us=[1, 1, math.nan, 2, 2, 2])
    classes = group_configs(rows)
    assert [one.key for one in classes] == ["all configs"]
    assert math.isnan(classes[0].us)


def test_named_columns_are_taken_as_they_are() -> None:
    """The settings may name the columns."""
    rows = table("block_size batch", "16 1", "16 2", "1024 1")
    assert [one.key for one in group_configs(rows, ["batch"])] == ["batch=1", "batch=2"]


def test_a_named_column_that_is_not_there_is_refused() -> None:
    """The error names the column and what there is."""
    with pytest.raises(UsageError, match=r"'mtp'.*block_size, batch"):
        group_configs(table("block_size batch", "16 1"), ["mtp"])


def test_a_table_without_rows_is_refused() -> None:
    """Nothing to tune on is said at once."""
    with pytest.raises(UsageError, match="no rows"):
        group_configs([])


def test_share_and_mean_are_of_the_rows() -> None:
    """A class knows its part of the summed time, and its geometric mean."""
    first, second = group_configs(table("block_size", "1", "1", "2", us=[10.0, 1000.0, 1010.0]))
    assert first.us == pytest.approx(100)
    assert first.share_pct == pytest.approx(50)
    assert first.share_pct + second.share_pct == pytest.approx(100)


values = st.sampled_from(["16", "64", "1024"])
lines = st.lists(st.tuples(values, values, values, st.floats(1, 1e4)), min_size=1, max_size=60)


@given(lines)
def test_every_row_is_in_exactly_one_class(found: list[tuple[str, str, str, float]]) -> None:
    """Whatever the table, the classes part its rows, and equal columns mean the same class."""
    rows = rows_of(
        *({"block_size": a, "head_size": b, "dtype": c} for a, b, c, _ in found), us=[line[3] for line in found]
    )
    classes = group_configs(rows)
    assert sorted(config for one in classes for config in one.configs) == sorted(row.key for row in rows)
    assert len({one.key for one in classes}) == len(classes)
    by_key = {row.key: row for row in rows}
    for one in classes:
        for config in one.configs:
            assert one.columns.items() <= by_key[config].values.items()
