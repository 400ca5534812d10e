"""Every row gets its own GPU time, or the whole is all there is, with the reason."""

from msgspec import structs

from kernel_opt.model.recording import Launch, Recording
from kernel_opt.rules.trace.attribution import CallCounts, attribute
from tests.rules.trace_recordings import record

COUNTS = CallCounts(warmup=1, timed=2)


def bench(rows: dict[str, int], calls: int = 3, reduce: bool = True):
    """Rows in order; the first call of each is slow, and library kernels run in between."""
    for place, duration in enumerate(rows.values()):
        yield ("at::native::fill", 1, 50)
        for call in range(calls):
            yield ("pa_main", 64 * (place + 1), duration * (3 if call == 0 else 1) + call)
            if reduce:
                yield ("pa_reduce", 64, 10)


def test_every_row_gets_the_median_of_its_timed_calls():
    """Warm-up calls are left out, and a call is the sum of its launches."""
    found = attribute(record(bench({"a": 1000, "b": 2000})), ["pa_main", "pa_reduce"], ["a", "b"], counts=COUNTS)
    assert found.is_certain
    assert [(row.config, round(row.us, 6), row.samples_us) for row in found.rows] == [
        ("a", 1.0115, (1.011, 1.012)),
        ("b", 2.0115, (2.011, 2.012)),
    ]
    assert found.rows[0].kernels == ("pa_main", "pa_reduce")
    assert (found.rows[0].calls, found.rows[0].warmup_calls) == (3, 1)
    assert found.whole_us == 15.066
    assert found.reason == ""


def test_dispatches_of_others_are_not_counted():
    """Only the named kernels make up the whole."""
    found = attribute(record(bench({"a": 1000})), ["pa_reduce"], ["a"], counts=COUNTS)
    assert found.whole_us == 0.03


def test_an_extra_call_per_row_is_said():
    """A script that also calls once to check its result is read, with a note."""
    found = attribute(record(bench({"a": 1000, "b": 2000}, calls=4)), ["pa_main"], ["a", "b"], counts=COUNTS)
    assert found.is_certain
    assert found.rows[0].warmup_calls == 2
    assert "4 calls a row where 3 were expected" in found.reason


def test_unknown_counts_are_found_when_there_is_one_way():
    """Without known counts every call counts, and it is said that warm-up is not told apart."""
    found = attribute(record(bench({"a": 1000, "b": 2000, "c": 1})), ["pa_main"], ["a", "b", "c"])
    assert found.is_certain
    assert found.rows[0].warmup_calls is None
    assert len(found.rows[0].samples_us) == 3
    assert found.rows[0].us == 1.002
    assert "warm-up not told" in found.reason


def test_unknown_counts_without_a_pattern():
    """No repetition, no rows."""
    found = attribute(record([("k", 1, 5), ("k", 2, 5), ("k", 3, 5)]), ["k"], ["a", "b"])
    assert not found.is_certain
    assert found.whole_us == 0.015
    assert "in one way only" in found.reason


def test_a_lost_dispatch_gives_the_whole_only():
    """Rows are never shifted to make the count fit."""
    calls = list(bench({"a": 1000, "b": 2000}, reduce=False))
    found = attribute(record(calls[:-1]), ["pa_main"], ["a", "b"], counts=COUNTS)
    assert found.rows == ()
    assert "5 dispatches do not fall into 2 rows of 3" in found.reason


def test_times_that_contradict_the_script_are_not_attributed():
    """Rows that the script finds clearly slower must be slower on the GPU too."""
    recording = record(bench({"a": 1000, "b": 2000}))
    script_us = {"a": 9.0, "b": 3.0}
    found = attribute(recording, ["pa_main", "pa_reduce"], ["a", "b"], counts=COUNTS, script_us=script_us)
    assert not found.is_certain
    assert "do not follow the script" in found.reason
    agreeing = {"a": 3.0, "b": 9.0}
    assert attribute(recording, ["pa_main", "pa_reduce"], ["a", "b"], counts=COUNTS, script_us=agreeing).is_certain


def test_script_times_that_are_alike_say_nothing():
    """Only clear differences are held against an attribution."""
    found = attribute(
        record(bench({"a": 1000, "b": 2000})), ["pa_main"], ["a", "b"], counts=COUNTS, script_us={"a": 5.1, "b": 5.0}
    )
    assert found.is_certain


def test_no_target_no_time():
    """A target that never ran has no time, not zero."""
    found = attribute(record(bench({"a": 1})), ["other"], ["a"], counts=COUNTS)
    assert found.whole_us is None
    assert "none of the target kernels ran: other" in found.reason
    assert "no target is known" in attribute(Recording(), [], ["a"]).reason


def test_sums_without_dispatches():
    """A file of sums gives the whole; too many dispatches give the whole."""
    sums = Recording(launches=(Launch(kernel="k", calls=2, total_ns=3000),))
    assert attribute(sums, ["k"], ["a"]).reason == "the trace gives sums only, no single dispatches"
    many = structs.replace(sums, dispatches_left_out=7)
    assert attribute(many, ["k"], ["a"]).whole_us == 3.0
    assert "too many" in attribute(many, ["k"], ["a"]).reason


def test_an_empty_table_has_no_rows():
    """No configs, no attribution."""
    assert (
        attribute(record(bench({"a": 1})), ["pa_main"], [], counts=COUNTS).reason == "the benchmark's table has no rows"
    )
