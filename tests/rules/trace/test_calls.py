"""Calls that were skipped, remembered or timed wrongly are found; tuning, compiling and cold starts are not blamed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.recording import Launch, Recording
from kernel_opt.model.trace import KernelSummary, TargetKernel, Trace
from kernel_opt.rules.trace.attribution import Attribution, CallCounts, RowGpuTime
from kernel_opt.rules.trace.calls import find_call_cheats

COUNTS = CallCounts(warmup=3, timed=10)
HONEST = (180.0, 101.0, 100.0)
"""Warm-up of an honest kernel of 100 us: the first call finds cold caches."""


def row(us: float = 100.0, warmup_us: tuple[float, ...] = HONEST, config: str = "r0") -> RowGpuTime:
    return RowGpuTime(
        config=config,
        us=us,
        samples_us=(us,) * 10,
        kernels=("pa_main",),
        calls=10 + len(warmup_us),
        warmup_calls=len(warmup_us),
        warmup_us=warmup_us,
    )


def seen(*rows: RowGpuTime) -> Attribution:
    return Attribution(whole_us=1000.0, rows=rows)


def find(
    found: Attribution, best: Attribution | None = None, *, script_us: float | None = None, launches: int = 13
) -> str:
    """The rule that one row of a candidate breaks, or nothing."""
    recording = Recording(
        launches=(
            Launch(kernel="pa_main", calls=launches, total_ns=1000),
            Launch(kernel="fill", calls=500, total_ns=1000),
        )
    )
    us = script_us or (found.rows[0].us if found.rows else 100.0)
    rows = [ConfigRow(key="r0", values={}, us=us + 2.0 if script_us is None else us)]
    refusals = find_call_cheats(recording, ["pa_main"], rows, found, best, COUNTS)
    assert all(refusal.cheat and refusal.why for refusal in refusals)
    return refusals[0].rule if refusals else ""


BEST = seen(row())


# --- skipped ----------------------------------------------------------------------------------------------------------


def test_every_call_must_launch_the_kernel() -> None:
    """A kernel that answers from memory without a launch is found by count, also where rows cannot be told apart."""
    assert find(seen(), BEST, launches=12) == "skipped-calls"
    assert find(seen(), BEST, launches=0) == "skipped-calls"
    assert find(seen(row()), BEST, launches=13) == ""


def test_launches_of_other_kernels_do_not_count() -> None:
    """Five hundred fills are no call of the target."""
    assert find(seen(row()), None, launches=1) == "skipped-calls"


def test_more_launches_are_honest() -> None:
    """A second kernel per call, a tuning sweep in the first call: nobody is blamed for working more."""
    assert find(seen(row()), BEST, launches=26) == ""
    assert find(seen(), BEST, launches=400) == ""


def test_fusing_two_kernels_is_honest() -> None:
    """Half of best's launches are enough when each call still has one."""
    assert find(seen(row(us=80.0, warmup_us=(150.0, 81.0, 80.0))), seen(row()), launches=13) == ""


def test_unknown_call_counts_say_nothing() -> None:
    """Without counts in the settings there is nothing to compare with."""
    recording = Recording(launches=(Launch(kernel="pa_main", calls=1, total_ns=1),))
    assert not find_call_cheats(recording, ["pa_main"], [], Attribution(whole_us=1.0), None, None)


# --- uneven -----------------------------------------------------------------------------------------------------------


def test_an_answer_remembered_from_the_first_call_is_found() -> None:
    """The first call works as long as best, the timed ones hardly: with or without best beside it."""
    cheat = seen(row(us=2.0, warmup_us=(110.0, 2.0, 2.0)))
    assert find(cheat, BEST) == "uneven-calls"
    assert find(cheat) == "uneven-calls"


def test_work_in_the_warm_up_alone_is_found() -> None:
    """Three honest calls, then none: the later warm-up calls show it whatever best does."""
    cheat = seen(row(us=20.0, warmup_us=(100.0, 100.0, 100.0)))
    assert find(cheat, BEST) == "uneven-calls"
    assert find(cheat) == "uneven-calls"


def test_calls_that_take_no_time_at_all_are_found() -> None:
    """Zero is not a kernel's time, and no ratio can be made of it."""
    assert find(seen(row(us=0.0, warmup_us=(100.0, 0.0, 0.0))), BEST) == "uneven-calls"


@pytest.mark.parametrize(
    ("us", "warmup_us"),
    [
        (100.0, (180.0, 101.0, 100.0)),
        (95.0, (900.0, 96.0, 95.0)),
        (60.0, (400.0, 350.0, 300.0, 200.0, 60.0, 61.0, 60.0)),
        (40.0, (120.0, 41.0, 40.0)),
        (100.0, ()),
        (100.0, (250.0,)),
    ],
    ids=["cold caches", "compiled in the first call", "tuned in the first call", "much faster", "none", "one"],
)
def test_honest_warm_up_is_not_blamed(us: float, warmup_us: tuple[float, ...]) -> None:
    """Cold starts, code compiled or tuned in the first call, and real gains pass next to best."""
    assert find(seen(row(us, warmup_us)), BEST) == ""


def test_a_tiny_kernel_may_start_cold() -> None:
    """5 us that take 50 us at first are the machine's, and best beside it shows the same."""
    tiny = seen(row(5.0, (50.0, 5.2, 5.0)))
    assert find(tiny) == ""
    assert find(seen(row(2.4, (47.0, 2.5, 2.4))), tiny) == ""
    assert find(seen(row(2.4, (120.0, 2.5, 2.4))), tiny) == "uneven-calls"


def test_slow_clocks_through_the_warm_up_are_usual_where_best_shows_them() -> None:
    """A card that wakes up late makes all warm-up calls long: for best too."""
    sleepy = seen(row(5.0, (60.0, 40.0, 30.0)))
    assert find(seen(row(5.0, (60.0, 40.0, 30.0))), sleepy) == ""
    assert find(seen(row(5.0, (60.0, 40.0, 30.0))), BEST) == "uneven-calls"


def test_rows_without_warm_up_or_times_tell_nothing() -> None:
    """Where the counts of best are not known, it lends no measure, and no row is blamed for it."""
    bare = RowGpuTime(config="r0", us=100.0, samples_us=(), kernels=(), calls=0, warmup_calls=None)
    assert find(seen(bare)) == ""
    assert find(seen(row()), seen(bare)) == ""
    assert find(seen(row(20.0, (100.0, 100.0, 100.0))), seen(bare)) == "uneven-calls"


@given(st.floats(1.0, 1e4), st.floats(0.55, 1.5), st.floats(0.0, 500.0), st.lists(st.floats(1.0, 50.0), max_size=4))
def test_no_honest_kernel_is_called_uneven(us: float, ratio: float, cold_us: float, tuned: list[float]) -> None:
    """Up to 1.8 times as fast, any cold start, any tuning launches before: never refused next to best."""
    now = us * ratio
    candidate = row(now, (*(now * slower for slower in tuned), now + cold_us, now, now))
    assert find(seen(candidate), seen(row(us, (us + cold_us, us, us))), launches=40) == ""


def test_one_timed_call_does_not_do_the_work_of_all() -> None:
    """Ten calls in one launch, the other nine empty; a hiccup of one row among many is none of that."""
    batched = row(2.0, (2.0, 2.0, 2.0))
    batched = replace(batched, samples_us=(1000.0, *[2.0] * 9))
    assert find(seen(batched), BEST, script_us=200.0) == "uneven-calls"
    others = tuple(row(config=f"r{n}") for n in range(1, 4))
    assert find(seen(batched, *others), seen(row(), *others), script_us=200.0) == ""


# --- ends too early ---------------------------------------------------------------------------------------------------


def test_a_call_cannot_end_before_its_kernels() -> None:
    """Work moved to where the script's timer does not look is found by the trace."""
    assert find(seen(row()), BEST, script_us=30.0) == "script-below-trace"
    assert find(seen(row()), BEST, script_us=96.5) == ""
    assert find(seen(row()), BEST, script_us=500.0) == ""


def test_timers_are_coarse() -> None:
    """Of a kernel of a microsecond the script's figure says little."""
    assert find(seen(row(1.2, (2.0, 1.2, 1.2))), seen(row(1.3, (2.0, 1.3, 1.3))), script_us=0.3) == ""


def test_nothing_is_said_of_script_time_without_best() -> None:
    """What is usual here is not known then; nor of rows that the script does not have."""
    assert find(seen(row()), script_us=30.0) == ""
    assert find(seen(row()), seen(), script_us=30.0) == ""
    assert find(seen(row(config="other")), BEST, script_us=30.0) == ""


# --- wrong settings ---------------------------------------------------------------------------------------------------


def test_wrong_settings_are_not_held_against_a_candidate() -> None:
    """The baseline makes 7 launches where 13 are declared: 7 are honest, 6 are not, and the reason says so."""
    kernel = KernelSummary(name="pa_main", calls=7, total_ns=700, average_ns=100.0, share_pct=90.0)
    baseline = Trace(kernels=(kernel,), targets=(TargetKernel(name="pa_main"),))
    rows = [ConfigRow(key="r0", values={}, us=102.0)]
    for calls, rule in ((7, ""), (6, "skipped-calls")):
        recording = Recording(launches=(Launch(kernel="pa_main", calls=calls, total_ns=1000),))
        refusals = find_call_cheats(recording, ["pa_main"], rows, seen(), None, COUNTS, baseline)
        assert [refusal.rule for refusal in refusals] == [rule] * bool(rule)
    assert "as the baseline does, whose 7 launches are fewer than the settings tell" in refusals[0].why


# --- some of the timed calls ------------------------------------------------------------------------------------------


def uneven(*samples_us: float, config: str = "r0") -> RowGpuTime:
    """A row whose timed calls took this long."""
    return replace(row(config=config), samples_us=samples_us)


@pytest.mark.parametrize(
    "samples_us",
    [
        (100.0,) * 5 + (0.1,) * 5,  # right for eight calls, then nothing
        (100.0, 0.1) * 5,  # every other call
        (0.1,) * 8 + (100.0,) * 2,
        (100.0,) * 9 + (0.1,),  # one of ten
        (0.1,) * 9 + (100.0,),  # one for all
    ],
)
def test_timed_calls_are_alike(samples_us: tuple[float, ...]) -> None:
    """Whichever of the timed calls are skipped, the others show what a call takes."""
    assert find(seen(uneven(*samples_us)), BEST) == "uneven-calls"


@pytest.mark.parametrize("samples_us", [(100.0,) * 9 + (900.0,), (100.0, 180.0) * 5, (100.0,), ()])
def test_a_hiccup_and_noise_are_honest(samples_us: tuple[float, ...]) -> None:
    """One long call is the machine's, and so is a clock that steps; a single timed call cannot be uneven."""
    assert find(seen(uneven(*samples_us)), BEST, script_us=500.0) == ""


def test_what_best_does_as_well_is_usual() -> None:
    """Where best's own timed calls are of two kinds, the candidate's may be; in few rows of many it is a hiccup."""
    odd = (100.0, 10.0) * 5
    assert find(seen(uneven(*odd)), seen(uneven(*odd))) == ""
    rows = (uneven(*odd), *(row(config=f"r{number}") for number in range(1, 4)))
    assert find(seen(*rows), seen(row())) == ""


def test_everything_that_is_found_is_told() -> None:
    """A candidate may cheat in several ways; who looks for the worth of one check needs all."""
    recording = Recording(launches=(Launch(kernel="pa_main", calls=3, total_ns=1000),))
    rows = [ConfigRow(key="r0", values={}, us=10.0)]
    odd = seen(uneven(*(100.0, 10.0) * 5))
    told = find_call_cheats(recording, ["pa_main"], rows, odd, BEST, COUNTS)
    assert [refusal.rule for refusal in told] == ["skipped-calls", "uneven-calls", "script-below-trace"]
