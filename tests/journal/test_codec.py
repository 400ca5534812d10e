"""Facts as JSON and back: nothing is lost, nothing is guessed, and an old journal loads for ever."""

import json
import types
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as thorough
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.journal.book import Record
from kernel_opt.journal.codec import FACTS, SCHEMA, entries, to_entry, to_record
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Entry, Fact
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve
from tests.fakes import entry, one_of_each

OLD = Path(__file__).parent.parent / "data" / "journals"
PLAIN: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=4),
    int: st.integers(-(2**53), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    object: st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2)),
    type(None): st.none(),
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a journalled type."""
    if hint in PLAIN:
        return PLAIN[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin is types.UnionType:
        return st.one_of([any_of(arg) for arg in args])
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(any_of(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(any_of, args))
    if origin is dict:
        return st.dictionaries(any_of(args[0]), any_of(args[1]), max_size=2)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert issubclass(hint, msgspec.Struct), hint
    return st.builds(hint, **{name: any_of(kind) for name, kind in get_type_hints(hint).items()})


def stored(fact: Fact, at_s: float = 5.0) -> Record:
    return replace(to_record(entry(fact, at_s=at_s)), seq=7)


@thorough(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_every_fact_comes_back_as_it_was(data: st.DataObject) -> None:
    """Any value of any kind of fact, with its place and time."""
    kind = data.draw(st.sampled_from(FACTS))
    fact = data.draw(any_of(kind))
    read = to_entry(stored(fact))
    assert read == Entry(seq=7, round=read.round, at_s=5.0, boottime_s=5.0, boot_id="boot-a", fact=fact)
    assert type(read.fact) is kind


@pytest.mark.parametrize("fact", one_of_each(), ids=lambda fact: type(fact).__name__)
def test_a_fact_is_one_line_of_json_that_names_its_kind(fact: Fact) -> None:
    """So that people can read a journal with plain tools."""
    record = stored(fact)
    assert b"\n" not in record.body
    assert json.loads(record.body)["type"] == record.kind == type(fact).__name__
    assert record.schema == SCHEMA


def refused(record: Record) -> str:
    with pytest.raises(ReadFailedError) as told:
        to_entry(record)
    return str(told.value)


GOOD = stored(one_of_each()[0])


def test_an_unknown_kind_is_refused() -> None:
    """Never guessed at: the sentence names the record and what to do."""
    assert refused(replace(GOOD, kind="Teleported")) == (
        "journal record 7 is a Teleported of schema 1, unknown to this version; use the newer kernel-opt that wrote it"
    )


def test_a_newer_schema_is_refused() -> None:
    """An old program must not read half of what a new one wrote."""
    assert "is a RunStarted of schema 2, unknown to this version" in refused(replace(GOOD, schema=SCHEMA + 1))


GARBAGE = {
    "nothing": b"",
    "no JSON": b"{\x00",
    "cut off": GOOD.body[:-9],
    "no object": b"[1,2]",
    "no UTF-8": GOOD.body.replace(b'"t"', b'"\xff\xfe"'),
    "a number for a text": GOOD.body.replace(b'"t"', b"4"),
    "a field is missing": b'{"type":"RunStarted","tag":"t"}',
    "another kind": stored(one_of_each()[1]).body,
    "nested without end": GOOD.body.replace(b'"settings":{}', b'"settings":{"a":' + b"[" * 100_000),
    "null for a number": b'{"type":"Waited","waited_s":null,"reason":""}',
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_refused_in_words(name: str) -> None:
    """With the record's number and kind, and never with a traceback of somebody else's."""
    kind = "Waited" if b"Waited" in GARBAGE[name] else "RunStarted"
    assert refused(replace(GOOD, kind=kind, body=GARBAGE[name])).startswith(
        f"journal record 7 ({kind}) cannot be read:"
    )


@given(st.binary(max_size=60))
def test_no_bytes_whatever_are_more_than_refused(body: bytes) -> None:
    """Either a fact or a refusal."""
    try:
        assert isinstance(to_entry(replace(GOOD, kind="Paused", body=body)).fact, Fact)
    except ReadFailedError as error:
        assert "record 7" in str(error)


def test_a_field_that_this_version_does_not_know_is_passed_over() -> None:
    """A later version may add fields without a new schema."""
    record = replace(GOOD, kind="Paused", body=b'{"type":"Paused","mood":"sleepy"}')
    assert type(to_entry(record).fact).__name__ == "Paused"


def read_old(path: Path) -> list[Record]:
    """Records as they were first written, one JSON object a line."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [Record(**{**line, "body": json.dumps(line["body"]).encode()}) for line in lines]


@pytest.mark.parametrize("path", sorted(OLD.glob("*.jsonl")), ids=lambda path: path.stem)
def test_an_old_journal_loads_for_ever(path: Path) -> None:
    """As it was written by its version: never change these files, only add new ones."""
    records = read_old(path)
    read = list(entries(records))
    assert [one.seq for one in read] == list(range(1, len(records) + 1))
    assert {type(one.fact).__name__ for one in read} == {record.kind for record in records}
    assert [to_record(one).kind for one in read] == [record.kind for record in records]


def test_a_run_of_the_first_schema_folds_to_what_it_was() -> None:
    """A keep, a tie and a regression; then it was stopped."""
    state = RunState()
    for one in entries(read_old(OLD / "schema-1-run.jsonl")):
        state = evolve(state, one)
    assert state.stop is not None
    assert (state.round, state.stop.reason, state.stop.is_done) == (3, "3 rounds done, as asked", True)
    assert state.tally.endings == (("kept", 1), ("regression", 1), ("tie", 1))
    assert (state.tip, state.code) == ("stop-3", "cand-1-tidy")
    assert [note.hypothesis for note in state.recent_regressions] == ["idea 3"]


def test_the_old_journals_hold_every_kind_of_fact() -> None:
    """A kind without an example in its first form could be broken unseen."""
    kinds = {record.kind for path in OLD.glob("schema-1-*.jsonl") for record in read_old(path)}
    assert kinds == {kind.__name__ for kind in FACTS}
