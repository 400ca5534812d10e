"""The gate: idle must be shown, never assumed; and whoever comes while we measure is noticed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.reading import GpuUser, Reading
from kernel_opt.rules.card.gate import CardState, Thresholds, find_disturbances, judge_card, pick_card
from kernel_opt.rules.card.identity import name_card

MIB = 2**20
LIMITS = Thresholds()
QUIET = Reading(
    card=0,
    source="rocm-smi",
    at_s=100.0,
    bdf="0000:26:00.0",
    use_pct=0.0,
    vram_used_bytes=283 * MIB,
    vram_total_bytes=192 * 1024 * MIB,
    users=(),
    pids_local=True,
    power_cap_w=750.0,
    perf_level="auto",
    sclk_mhz=131.0,
    throttled=False,
)
NEIGHBOUR = GpuUser(4711, "python3", 34 * 1024 * MIB)
INSIDE = replace(QUIET, pids_local=False)
OURS = GpuUser(12, "python3", 1024 * MIB)


def twice(first: Reading, second: Reading | None = None, gap_s: float = 5.0) -> list[Reading]:
    return [first, replace(second or first, at_s=first.at_s + gap_s)]


def test_a_quiet_card_is_idle():
    """A card without load, with little VRAM in use, in two looks apart, is idle, and it is said why."""
    state = judge_card(twice(QUIET), LIMITS)
    assert state.idle
    assert state.reading.at_s == 105.0
    assert state.why == "use 0 % and VRAM 283 MiB in 2 looks"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"use_pct": None}, "load unknown"),
        ({"vram_used_bytes": None}, "VRAM unknown"),
        ({"use_pct": None, "problem": "no key"}, "load unknown (no key)"),
        ({"use_pct": 40.0}, "use 40 % is above 5 %"),
        ({"users": (NEIGHBOUR,)}, "in use by pid 4711 (python3)"),
        ({"vram_used_bytes": 500 * MIB}, "VRAM in use moved from 500 MiB to 283 MiB"),
        ({"withheld": "hidden by HIP_VISIBLE_DEVICES=1"}, "hidden by HIP_VISIBLE_DEVICES=1"),
    ],
)
def test_one_bad_look_is_enough(change: dict, why: str):
    """Whatever speaks against a card in any of the looks keeps us off it, and is told."""
    bad = replace(QUIET, **change)
    assert judge_card(twice(bad, QUIET), LIMITS).why == why
    assert not judge_card(twice(QUIET, bad), LIMITS).idle


def test_one_look_proves_nothing():
    """A single look, or two in the same moment, never shows an idle card."""
    assert judge_card([QUIET], LIMITS).why == "looked 1 of 2 times so far"
    assert judge_card(twice(QUIET, gap_s=1.0), LIMITS).why == "looks span 1.0 s of 5 s so far"


def test_rounding_of_clocks_is_no_haste():
    """Looks that are a gap apart but for the rounding of floating point are far enough apart."""
    assert judge_card(twice(QUIET, gap_s=4.9999999), LIMITS).idle


def test_much_vram_is_idle_only_when_nobody_has_it():
    """VRAM above the floor is tolerated while it stands still and is known to belong to no process."""
    full = replace(QUIET, vram_used_bytes=40 * 1024 * MIB)
    assert judge_card(twice(full), LIMITS).idle
    unsure = replace(full, users=None)
    assert judge_card(twice(full, unsure), LIMITS).why == "VRAM 40960 MiB in use, and who holds it is unknown"


def test_a_missing_process_table_alone_does_not_make_a_card_busy():
    """Without a process table, load and VRAM that are known and low are enough."""
    assert judge_card(twice(replace(QUIET, users=None)), LIMITS).idle


@given(
    use_pct=st.one_of(st.none(), st.floats(0, 100)),
    vram_mib=st.one_of(st.none(), st.integers(0, 200_000)),
    users=st.sampled_from([None, (), (NEIGHBOUR,)]),
)
def test_idle_always_means_known_and_low(use_pct: float | None, vram_mib: int | None, users: tuple | None):
    """No reading with an unknown load, unknown VRAM, a load above the limit or a user is ever idle."""
    vram = None if vram_mib is None else vram_mib * MIB
    look = replace(QUIET, use_pct=use_pct, vram_used_bytes=vram, users=users)
    if judge_card(twice(look), LIMITS).idle:
        assert use_pct is not None
        assert use_pct <= LIMITS.use_pct
        assert vram is not None
        assert not users
        assert vram <= LIMITS.vram_floor_bytes or users == ()


def idle(card: int, **change: object) -> CardState:
    return CardState(replace(QUIET, card=card, bdf=f"0000:{card:02x}:00.0", **change), idle=True, why="")


def test_the_most_idle_card_is_taken():
    """Least use comes first, then least VRAM, then the one we used longest ago or never; busy ones never."""
    busy = replace(idle(9), idle=False)
    assert pick_card([busy], {}) is None
    loaded, full, used, fresh = idle(0, use_pct=2.0), idle(1, vram_used_bytes=400 * MIB), idle(2), idle(3)
    last_used = {name_card(used.reading): 50.0, name_card(fresh.reading): 40.0}
    assert pick_card([busy, loaded, full, used, fresh], last_used) is fresh
    assert pick_card([busy, loaded, full, used], last_used) is used
    assert pick_card([busy, loaded, full], last_used) is full
    assert pick_card([busy, loaded], last_used) is loaded


def test_a_card_never_used_comes_before_one_used():
    """Among equals the card that we have not used yet is taken."""
    used, fresh = idle(0), idle(1)
    assert pick_card([used, fresh], {name_card(used.reading): 1.0}) is fresh


def test_our_own_run_disturbs_nobody():
    """Our own process, its load and its VRAM while it runs, are no disturbance, nor is the quiet afterwards."""
    ours = replace(QUIET, use_pct=99.0, vram_used_bytes=8192 * MIB, users=(OURS,), sclk_mhz=2100.0)
    assert find_disturbances(QUIET, [ours, ours], QUIET, frozenset({12}), LIMITS) == ()
    assert find_disturbances(QUIET, [ours], None, frozenset({12}), LIMITS) == ()


def test_a_neighbour_is_noticed_whenever_it_comes():
    """A process that is not ours is told once, with name and number, however often it was seen."""
    together = replace(QUIET, users=(OURS, NEIGHBOUR))
    found = find_disturbances(QUIET, [QUIET, together, together], QUIET, frozenset({12}), LIMITS)
    assert found == ("another process was on the card: pid 4711 (python3)",)


def test_who_stays_when_our_child_has_gone_is_a_stranger():
    """A process that is still there after our run was not ours, whatever its number means."""
    left = replace(QUIET, users=(NEIGHBOUR,), pids_local=False)
    found = find_disturbances(QUIET, [], left, frozenset({12}), LIMITS)
    assert found == ("a process was on the card when ours had gone: pid 4711 (python3)",)


def test_in_a_container_a_strange_number_may_be_our_own_child():
    """Where PIDs are the host's, as many strange ones as we have processes are not called strangers."""
    seen = replace(INSIDE, users=(GpuUser(990_001, "unknown"),))
    assert find_disturbances(INSIDE, [seen], INSIDE, frozenset({12}), LIMITS) == ()


def test_in_a_container_one_process_too_many_is_a_stranger():
    """Where PIDs are the host's, more processes on the card than we have there means that somebody else is on it."""
    both = replace(INSIDE, users=(GpuUser(990_001, "unknown"), GpuUser(990_002, "unknown")))
    assert find_disturbances(INSIDE, [both], INSIDE, frozenset({12}), LIMITS)
    assert find_disturbances(INSIDE, [both], INSIDE, frozenset(), LIMITS)


def test_in_a_container_only_those_with_the_driver_open_count_as_ours():
    """Of the many processes of a run only those that hold the driver open can be on the card under another number."""
    seen = replace(INSIDE, users=(GpuUser(990_001, "unknown"),))
    tree = frozenset({12, 13, 14})
    assert find_disturbances(INSIDE, [seen], INSIDE, tree, LIMITS, holders=frozenset({13})) == ()
    assert find_disturbances(INSIDE, [seen], INSIDE, tree, LIMITS, holders=frozenset())


def test_a_newcomer_whose_card_is_unknown_may_be_on_ours():
    """A process that appears on the host while we measure, nobody knows on which card, is a disturbance; one that
    was there before, and did not keep the card from being idle, is none.
    """
    old, new = GpuUser(8, "train"), GpuUser(9, "serve")
    before = replace(QUIET, suspects=(old,))
    assert (
        find_disturbances(before, [before, replace(before, suspects=(old, OURS))], before, frozenset({12}), LIMITS)
        == ()
    )
    found = find_disturbances(before, [replace(before, suspects=(old, new, OURS))], before, frozenset({12}), LIMITS)
    assert found == ("another process may have been on the card: pid 9 (serve)",)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"use_pct": 90.0}, "use was 90 % when our child had gone"),
        ({"vram_used_bytes": 4096 * MIB}, "3813 MiB of VRAM more than before was left when our child had gone"),
        ({"throttled": True}, "the card was throttled when our child had gone"),
        ({"power_cap_w": 400.0}, "power cap in W changed from 750.0 to 400.0"),
        ({"perf_level": "manual"}, "performance level changed from auto to manual"),
        ({"partition": "CPX"}, "compute partition changed from SPX to CPX"),
        ({"use_pct": None}, "load or VRAM could not be read after the run"),
        ({"vram_used_bytes": None, "problem": "hung"}, "load or VRAM could not be read after the run: hung"),
        ({"bdf": "0000:85:00.0"}, "the card changed its identity while we measured"),
    ],
)
def test_what_is_not_as_before_is_told(after: dict, told: str):
    """Load, VRAM, throttling and settings that are not as before our run are a disturbance each."""
    before = replace(QUIET, partition="SPX")
    assert told in find_disturbances(before, [], replace(before, **after), frozenset(), LIMITS)


def test_clocks_are_no_setting():
    """Clocks follow our own load and fall asleep after it: they are carried, not compared."""
    loaded = replace(QUIET, sclk_mhz=2100.0, mclk_mhz=1300.0, perf_level="auto")
    assert find_disturbances(loaded, [QUIET], QUIET, frozenset(), LIMITS) == ()


def test_unknown_settings_are_not_changes():
    """A setting that could not be read once is not said to have changed."""
    blind = replace(QUIET, power_cap_w=None, perf_level=None, throttled=None)
    assert find_disturbances(blind, [], QUIET, frozenset(), LIMITS) == ()
    assert find_disturbances(QUIET, [blind], None, frozenset(), LIMITS) == ()
