"""Waves per SIMD and what bounds them, on every family of cards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.model.recording import Agent
from kernel_opt.rules.isa.gfx import find_gfx
from kernel_opt.rules.isa.occupancy import find_occupancy
from tests.rules.trace_recordings import summary

GRID = (1 << 20, 1, 1)


def agent(gfx: str, wave_size: int | None = None) -> Agent:
    """A card with few units, so that the grid never bounds."""
    return Agent(is_gpu=True, gfx=gfx, wave_size=wave_size, cu_count=64, simd_per_cu=2 if gfx.startswith("gfx1") else 4)


def occupancy(gfx="gfx942", wave_size=None, **known):
    """A kernel with little of everything but what the test says."""
    least = {"arch_vgpr": 8, "accum_vgpr": 0, "sgpr": 16, "lds_bytes": 0, "workgroup": (256, 1, 1), "grid": GRID}
    return find_occupancy(summary("k", **{**least, **known}), agent(gfx, wave_size))


@pytest.mark.parametrize(
    ("gfx", "registers", "waves", "limits"),
    [
        ("gfx942", (64, 0), 8, ()),
        ("gfx942", (128, 0), 4, ("vgpr",)),
        ("gfx942", (130, 0), 3, ("vgpr",)),
        ("gfx942", (128, 8), 3, ("vgpr",)),
        ("gfx90a", (264, 8), 1, ("vgpr",)),
        ("gfx950:sramecc+:xnack-", (256, 256), 1, ("vgpr",)),
        ("gfx908", (128, 128), 2, ("vgpr",)),
        ("gfx906", (24, 0), 10, ()),
        ("gfx1100", (96, 0), 16, ()),
        ("gfx1100", (120, 0), 12, ("vgpr",)),
        # Five waves would fit, but a work-group of eight starts only when two of its waves fit on each SIMD.
        ("gfx1201", (256, 0), 4, ("vgpr",)),
        ("gfx1103", (128, 0), 8, ("vgpr",)),
        ("gfx1030", (256, 0), 4, ("vgpr",)),
    ],
)
def test_registers(gfx, registers, waves, limits):
    """One pool on CDNA 2 and later, two files before, and another size of file on each RDNA."""
    found = occupancy(gfx, arch_vgpr=registers[0], accum_vgpr=registers[1])
    assert (found.waves_per_simd, found.limited_by) == (waves, limits)


def test_a_wave_of_64_lanes_takes_twice_the_file_on_rdna():
    """The file is counted for 32 lanes there."""
    assert occupancy("gfx1100", wave_size=64, arch_vgpr=120).waves_per_simd == 6


def test_work_groups_start_whole():
    """With eight waves each, an odd wave per SIMD is of no use: nothing is gained before the next group fits."""
    found = occupancy(arch_vgpr=129, workgroup=(512, 1, 1))
    assert (found.waves_per_simd, found.limited_by) == (2, ("vgpr",))
    assert found.next_step == "129 registers are in use; 2 more waves fit at 128 or less"
    assert occupancy(arch_vgpr=256, workgroup=(512, 1, 1)).waves_per_simd == 2
    assert occupancy(arch_vgpr=256, workgroup=(1024, 1, 1)).waves_per_simd == 0
    (registers, _) = found.cliffs
    assert (registers.over, registers.waves_above, registers.room) == (1, 4, 127)


def test_the_next_step_names_the_registers():
    """Two registers over the cliff: it is said how many to save."""
    assert occupancy(arch_vgpr=130).next_step == "130 registers are in use; one more wave fits at 128 or less"


def test_lds():
    """What a work-group takes of the LDS bounds how many of them fit."""
    found = occupancy(lds_bytes=20000)
    assert (found.waves_per_simd, found.limited_by) == (3, ("lds",))
    assert found.next_step == "20000 B of LDS are in use; one more work-group fits at 16384 B or less"
    assert occupancy("gfx950", lds_bytes=20000).waves_per_simd == 8
    assert occupancy(lds_bytes=60000, workgroup=(64, 1, 1)).waves_per_simd == 0.25


def test_scalar_registers():
    """They bound on GCN and CDNA, and have no part on RDNA."""
    assert occupancy(sgpr=112).limited_by == ("sgpr",)
    assert occupancy(sgpr=112).waves_per_simd == 7
    assert occupancy("gfx1100", sgpr=128).limited_by == ()
    assert "sgpr" not in occupancy("gfx1100", sgpr=None).unknown


def test_small_grid():
    """A grid that leaves compute units empty bounds whatever the registers are."""
    found = occupancy(grid=(256 * 16, 1, 1))
    assert found.limited_by == ("grid",)
    assert found.waves_per_simd == 0.25
    assert "does not fill the device" in found.next_step


def test_work_group_slots():
    """Small groups of two waves run out of barriers first; single waves need none."""
    assert occupancy("gfx942", workgroup=(64, 1, 1)).limited_by == ()
    assert occupancy("gfx908", workgroup=(128, 1, 1)).limited_by == ("workgroups",)


def test_unknown_is_named_and_bounds_nothing():
    """Files before ROCm 7 tell no registers: the figure is a bound from above, and says so."""
    found = occupancy(arch_vgpr=None, sgpr=None, lds_bytes=None, workgroup=None)
    assert found.waves_per_simd == 8
    assert found.unknown == ("vgpr", "sgpr", "lds", "workgroups", "grid")
    assert occupancy(accum_vgpr=None).unknown == ("vgpr",)
    assert occupancy("gfx1100", accum_vgpr=None).unknown == ()
    assert occupancy(workgroup=(0, 1, 1)).unknown == ("lds", "workgroups", "grid")


def test_unknown_device():
    """No limits, no figure."""
    assert find_occupancy(summary("k"), None) is None
    assert find_occupancy(summary("k"), Agent(is_gpu=True, gfx="gfx9999")) is None
    assert find_occupancy(summary("k"), Agent(is_gpu=False)) is None
    assert find_gfx(None) is None


@given(
    gfx=st.sampled_from(["gfx90a", "gfx942", "gfx950", "gfx906", "gfx1030", "gfx1100", "gfx1201"]),
    arch=st.integers(1, 512),
    accum=st.integers(0, 256),
    lds=st.integers(0, 64 << 10),
    sgpr=st.integers(0, 112),
    group=st.integers(1, 1024),
)
def test_more_of_anything_never_gives_more_waves(gfx, arch, accum, lds, sgpr, group):
    """Occupancy falls with every resource, and stays between none and the most."""
    less = occupancy(gfx, arch_vgpr=arch, accum_vgpr=accum, lds_bytes=lds, sgpr=sgpr, workgroup=(group, 1, 1))
    more = occupancy(gfx, arch_vgpr=arch + 8, accum_vgpr=accum, lds_bytes=lds + 512, sgpr=sgpr, workgroup=(group, 1, 1))
    assert 0 <= more.waves_per_simd <= less.waves_per_simd <= less.max_waves_per_simd
    assert bool(less.limited_by) == (less.waves_per_simd < less.max_waves_per_simd)
