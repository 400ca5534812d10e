"""What follows from a compiled kernel's figures: the two register files, waves, and whether it can run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.rules.isa.gfx import find_gfx
from kernel_opt.rules.isa.launchable import find_launch_problems
from kernel_opt.rules.isa.occupancy import find_static_occupancy
from kernel_opt.rules.isa.wave_bounds import Needs
from tests.rules.static_kernels import kernel


@pytest.mark.parametrize(
    ("gfx", "vgpr", "agpr", "split"),
    [
        ("gfx942", 264, 8, (256, 8)),
        ("gfx90a", 130, 0, (130, 0)),
        ("gfx950", 400, 144, (256, 144)),
        ("gfx942", 130, None, (None, None)),
        ("gfx942", None, 8, (None, 8)),
        ("gfx908", 128, 64, (128, 64)),
        ("gfx908", 128, 128, (None, 128)),
        ("gfx908", 128, 0, (128, 0)),
        ("gfx906", 40, None, (40, 0)),
        ("gfx1100", 94, None, (94, 0)),
        ("gfx9999", 94, 0, (None, 0)),
        (None, 94, None, (None, None)),
    ],
)
def test_the_two_kinds_of_registers(gfx, vgpr, agpr, split):
    """One file on CDNA 2 and later, two on CDNA 1, no second kind elsewhere; the unknown stays so."""
    found = kernel(gfx=gfx, vgpr=vgpr, agpr=agpr)
    assert (found.arch_vgpr, found.agpr) == split


@pytest.mark.parametrize(
    ("gfx", "vgpr", "waves"),
    [
        # As FlyDSL's paged-attention kernel compiles for different classes.
        ("gfx942", 97, 4),
        ("gfx942", 134, 3),
        ("gfx942", 128, 4),
        ("gfx942", 130, 3),
        ("gfx942", 196, 2),
        ("gfx942", 264, 1),
        ("gfx942", 400, 1),
        ("gfx950", 271, 1),
    ],
)
def test_waves_by_registers(gfx, vgpr, waves):
    """The total of both kinds decides."""
    occupancy = kernel(gfx=gfx, vgpr=vgpr, lds_bytes=0).occupancy
    assert (occupancy.waves_per_simd, occupancy.limited_by) == (waves, ("vgpr",))


def test_two_registers_over_the_cliff():
    """Plain to see: how much too much, what it would give, and how much room there is."""
    (cliff,) = [cliff for cliff in kernel().occupancy.cliffs if cliff.resource == "vgpr"]
    assert (cliff.used, cliff.waves, cliff.over, cliff.waves_above, cliff.room) == (130, 3, 2, 4, 38)


def test_what_bounds_nothing_has_no_cliff_above():
    """At the most waves there is only room."""
    (cliff,) = kernel(vgpr=64, sgpr=None, lds_bytes=0).occupancy.cliffs
    assert (cliff.over, cliff.waves_above, cliff.room) == (None, None, 0)
    (rdna,) = kernel(gfx="gfx1100", wave_size=32, vgpr=2, lds_bytes=0).occupancy.cliffs
    assert (rdna.resource, rdna.room) == ("vgpr", 94)
    (alone,) = kernel(gfx="gfx1100", wave_size=64, vgpr=256, lds_bytes=0).occupancy.cliffs
    assert (alone.waves, alone.room) == (2, 0)


def test_lds_cliff():
    """In bytes of one work-group."""
    lds = kernel(vgpr=64, lds_bytes=20000).occupancy.cliffs[-1]
    assert (lds.resource, lds.waves, lds.over, lds.waves_above, lds.room) == ("lds", 3, 3616, 4, 1504)
    whole = kernel(vgpr=64, lds_bytes=64 << 10).occupancy.cliffs[-1]
    assert (whole.waves, whole.room) == (1, 0)
    assert kernel(vgpr=64, lds_bytes=70000).occupancy.waves_per_simd == 0


def test_the_largest_work_group_stands_for_an_unknown_one():
    """A bound from above; the number of groups is left out, and a known size is taken."""
    open_size = kernel(vgpr=64, lds_bytes=32 << 10, workgroup=None, max_workgroup_items=1024)
    assert open_size.occupancy.by_resource["lds"] == 8
    assert open_size.occupancy.unknown == ("workgroups",)
    told = find_static_occupancy(open_size, workgroup_items=256)
    assert (told.by_resource["lds"], told.unknown) == (2, ())
    # It may be launched with fewer: registers that would not do for the largest are no bound of none.
    large = kernel(workgroup=None, max_workgroup_items=1024, lds_bytes=0)
    assert large.occupancy.waves_per_simd == 3
    assert find_static_occupancy(large, workgroup_items=1024).waves_per_simd == 0
    unknown = kernel(workgroup=None, max_workgroup_items=None).occupancy
    assert unknown.unknown == ("lds", "workgroups")


def test_unknown_figures_bound_nothing_and_are_named():
    """Also the wave size: the target's own stands for it."""
    bare = kernel(vgpr=None, sgpr=None, lds_bytes=None, wave_size=None).occupancy
    assert (bare.waves_per_simd, bare.unknown) == (8, ("vgpr", "sgpr", "lds"))
    assert kernel(gfx="gfx1250").occupancy is None


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"lds_bytes": 65537}, "65537 B of LDS for a work-group; gfx942 has 65536 B"),
        ({"gfx": "gfx950", "lds_bytes": 264_192}, "264192 B of LDS for a work-group; gfx950 has 163840 B"),
        ({"gfx": "gfx1100", "lds_bytes": 70_000, "vgpr": 64}, "70000 B of LDS for a work-group; gfx1100 has 65536 B"),
        ({"vgpr": 520}, "520 vector registers; a wave has 512 on gfx942"),
        ({"workgroup": (512, 1, 1)}, "512 work-items in a work-group; it was compiled for at most 256"),
        (
            {"workgroup": (1024, 1, 1), "max_workgroup_items": 1024},
            "a work-group of 1024 needs 4 waves on a SIMD; 130 registers allow 3",
        ),
        (
            {"workgroup": (2048, 1, 1), "max_workgroup_items": None, "vgpr": 8},
            "2048 work-items in a work-group; it was compiled for at most 1024",
        ),
    ],
)
def test_what_can_never_be_launched(known, said):
    """Each reason alone, in numbers."""
    assert said in kernel(**known).launch_problems


def test_only_what_is_certain_speaks_against_a_kernel():
    """Nothing known is nothing against it; at the very limit it can run."""
    assert kernel().launch_problems == ()
    assert kernel(gfx="gfx1250", lds_bytes=1 << 30).launch_problems == ()
    assert kernel(lds_bytes=65536, vgpr=512).launch_problems == ()
    assert kernel(workgroup=None, max_workgroup_items=1024, vgpr=512).launch_problems == ()
    assert kernel(vgpr=None, lds_bytes=None).launch_problems == ()


def test_the_launch_may_be_told():
    """A work-group and LDS that only the host's code knows."""
    open_size = kernel(workgroup=None, max_workgroup_items=1024)
    assert find_launch_problems(open_size, workgroup_items=1024)
    assert find_launch_problems(open_size, lds_bytes=70_000)
    assert find_launch_problems(open_size, workgroup_items=256, lds_bytes=0) == ()
    assert Needs(gfx=find_gfx("gfx942"), wave_size=64, workgroup_items=0).group_waves is None


@given(
    gfx=st.sampled_from(["gfx906", "gfx908", "gfx90a", "gfx942", "gfx950", "gfx1010", "gfx1030", "gfx1100", "gfx1201"]),
    vgpr=st.integers(1, 512),
    sgpr=st.integers(1, 112),
    lds=st.integers(1, 65536),
    items=st.integers(1, 1024),
)
def test_a_cliff_is_where_the_waves_change(gfx, vgpr, sgpr, lds, items):
    """Less by `over` gives more waves, less than that does not; `room` costs none."""

    def waves(resource: str, used: int) -> float:
        figures = {"vgpr": vgpr, "sgpr": sgpr, "lds_bytes": lds, resource: used}
        found = kernel(gfx=gfx, wave_size=None, workgroup=(items, 1, 1), **figures).occupancy.by_resource
        return found[resource.removesuffix("_bytes")]

    occupancy = kernel(gfx=gfx, wave_size=None, vgpr=vgpr, sgpr=sgpr, lds_bytes=lds, workgroup=(items, 1, 1)).occupancy
    for cliff in occupancy.cliffs:
        resource = "lds_bytes" if cliff.resource == "lds" else cliff.resource
        assert waves(resource, cliff.used) == cliff.waves
        if cliff.over is not None:
            assert waves(resource, cliff.used - cliff.over) == cliff.waves_above > cliff.waves
            assert waves(resource, cliff.used - cliff.over + 1) == cliff.waves
        assert waves(resource, cliff.used + cliff.room) == cliff.waves
