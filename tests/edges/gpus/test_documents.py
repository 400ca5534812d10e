"""JSON in talkative outputs: complete documents only, however much noise stands around them."""

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus import pyrsmi_source, rocm_smi
from kernel_opt.edges.gpus.documents import find_documents
from kernel_opt.edges.gpus.probe import Answer
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading


def test_noise_before_and_after_is_skipped():
    """Warnings, colours and brackets in words do not hide the document."""
    text = '\x1b[93m[WARN] lock held\x1b[0m\n{oops\n{"card0": {"a": "1"}}\nWARNING: low-power state\n'
    assert find_documents(text) == [{"card0": {"a": "1"}}]


def test_noise_on_the_same_line_is_skipped():
    """A document may follow words on its line."""
    assert find_documents('watching: {"gpu": 0}') == [{"gpu": 0}]


def test_several_documents_come_in_order():
    """Arrays one after the other, on one line or several, are all found."""
    assert find_documents('[{"gpu": 0}]\n[{"gpu": 1}] [2]\n{}') == [[{"gpu": 0}], [{"gpu": 1}], [2], {}]


@pytest.mark.parametrize("indent", [None, 4])
def test_a_document_cut_off_gives_no_piece(indent: int | None):
    """Whatever place a document is cut off at, no part of it is taken for the whole."""
    text = json.dumps({"card0": {"use": ["1"]}, "card1": {"use": "2"}}, indent=indent)
    for end in range(len(text)):
        assert find_documents(text[:end]) == []


def test_endless_nesting_is_no_document():
    """Nesting beyond what can be read is skipped like other noise."""
    assert find_documents("[" * 100_000) == []


def test_a_flood_of_brackets_is_refused():
    """Output that is all false starts is refused instead of being searched for ever."""
    with pytest.raises(ReadFailedError, match="only brackets"):
        find_documents("[x\n" * 5000)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON), st.sampled_from([None, 2]), st.text(alphabet="abc:! \n"))
def test_every_document_survives_noise(document: dict, indent: int | None, noise: str):
    """Any document on a line of its own is found, and is the last."""
    assert find_documents(f"{noise}\n{json.dumps(document, indent=indent)}\n{noise}")[-1:] == [document]


@given(st.text())
def test_any_text_is_searched_without_harm(text: str):
    """Any text gives documents or none, or our own refusal."""
    assert isinstance(find_documents(text), list)


@given(st.text(alphabet='[]{}":,01 \n\tgpucard'), st.sampled_from([rocm_smi.parse, pyrsmi_source.parse]))
def test_any_output_of_a_tool_is_read_or_refused(text: str, parse: Callable[[Answer, float], tuple[Reading, ...]]):
    """Whatever a tool prints, its reader gives readings or our own refusal."""
    with contextlib.suppress(ReadFailedError):
        assert all(reading.use_pct is None for reading in parse(Answer(text, text, 0), 0.0))
