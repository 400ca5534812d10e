"""Promises of the split: the simplest true condition over real columns, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.judge.split import holds, separating_condition


def rows_of(names: str, *lines: str) -> list[dict[str, str]]:
    """Return columns from lines of values."""
    return [dict(zip(names.split(), line.split(), strict=True)) for line in lines]


@pytest.mark.parametrize(
    ("gaining", "losing", "text"),
    [
        (["1024 1"], ["16 1", "64 1"], "block_size == 1024"),
        (["1024 1", "1024 2"], ["16 1", "16 2"], "block_size == 1024"),
        (["64 1", "1024 1"], ["16 1"], "block_size >= 64"),
        (["16 1", "64 1"], ["1024 1"], "block_size <= 64"),
        (["16 1", "1024 1"], ["64 1"], "block_size != 64"),
        (["16 1", "1024 1"], ["64 1", "128 1"], "block_size in (16, 1024)"),
        (["1024 1"], ["1024 2", "16 1"], "block_size == 1024 and mtp == 1"),
    ],
)
def test_the_simplest_condition_is_found(gaining: list[str], losing: list[str], text: str) -> None:
    """Equality before threshold before inequality before a list, one term before two."""
    names = "block_size mtp"
    found = separating_condition(rows_of(names, *gaining), rows_of(names, *losing))
    assert found is not None
    assert found.text == text


def test_words_have_no_order() -> None:
    """A column of words is never compared by size."""
    found = separating_condition(rows_of("dtype", "bf16", "fp16"), rows_of("dtype", "fp8", "int8"))
    assert found is not None
    assert found.text == "dtype in (bf16, fp16)"
    assert not holds(found, {"dtype": "fp8"})


def test_nan_is_a_word() -> None:
    """What cannot be ordered makes no threshold."""
    found = separating_condition(rows_of("scale", "nan", "2"), rows_of("scale", "1"))
    assert found is not None
    assert found.text == "scale != 1"


def test_the_same_columns_cannot_be_separated() -> None:
    """Configs that are alike in every column need no dispatch that lies."""
    same = rows_of("block_size", "16")
    assert separating_condition(same, same) is None


@pytest.mark.parametrize(("gaining", "losing"), [([], ["16"]), (["16"], []), ([], [])])
def test_nothing_to_separate_is_none(gaining: list[str], losing: list[str]) -> None:
    """Without a side there is no condition."""
    assert separating_condition(rows_of("block_size", *gaining), rows_of("block_size", *losing)) is None


def test_a_config_without_the_column_takes_the_default_path() -> None:
    """A dispatch on a column that is missing or unreadable stays with the proven kernel."""
    found = separating_condition(rows_of("block_size", "64", "1024"), rows_of("block_size", "16"))
    assert found is not None
    assert holds(found, {"block_size": "2048"})
    assert not holds(found, {"mtp": "1"})
    assert not holds(found, {"block_size": "many"})


def test_columns_that_some_lack_are_not_used() -> None:
    """Only columns that every config has can be dispatched on."""
    assert separating_condition([{"a": "1", "b": "1"}], [{"a": "1"}]) is None


def test_many_classes_are_searched_in_time() -> None:
    """Hundreds of classes that cannot be told apart simply end in none."""
    gaining = [{"a": str(number), "b": str(number % 7)} for number in range(0, 400, 2)]
    losing = [{"a": str(number), "b": str(number % 7)} for number in range(1, 400, 2)]
    found = separating_condition(gaining, losing)
    assert found is not None
    assert all(holds(found, row) for row in gaining)
    assert not any(holds(found, row) for row in losing)


columns = st.fixed_dictionaries({name: st.sampled_from(["1", "2", "3", "x"]) for name in ("a", "b", "c")})


@given(st.lists(columns, min_size=1, max_size=6), st.lists(columns, min_size=1, max_size=6))
def test_a_condition_is_true_for_one_side_only(gaining: list[dict[str, str]], losing: list[dict[str, str]]) -> None:
    """Whatever is found holds for all that gain and for none that lose."""
    found = separating_condition(gaining, losing)
    if found is not None:
        assert all(holds(found, row) for row in gaining)
        assert not any(holds(found, row) for row in losing)
        assert found.text
