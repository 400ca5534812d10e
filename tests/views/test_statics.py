"""Compiled kernels as people read them."""

from kernel_opt.model.static_facts import InstructionCounts, KernelStatics, Statics
from kernel_opt.views.statics import say_cliff, say_waves, tell_statics
from tests.rules.static_kernels import kernel


def tell(*kernels: KernelStatics, notes: tuple[str, ...] = ()) -> str:
    """Tell these kernels."""
    return tell_statics(Statics(kernels=kernels, files=("k.s",), notes=notes))


def test_one_kernel():
    """All of it on a few lines, the cliff in words."""
    assert tell(kernel(source="dump/k.s", workgroup=None, float_mode=0)) == (
        "pa (gfx942, wave of 64, at most 256 work-items)\n"
        "  from         dump/k.s\n"
        "  waves        3 of 8 per SIMD, limited by vgpr: 2 VGPRs over the cliff to 4 waves, 38 VGPRs to spare at 3\n"
        "  registers    130 VGPR (arch 130, accum 0), 54 SGPR; spilled 0 VGPR, 0 SGPR\n"
        "  memory       LDS 11236 B, scratch 0 B a work-item, kernarg 120 B\n"
        "  instructions 900: 32 MFMA, 868 VALU\n"
        "  fingerprint  text 11111111111111111111111111111111\n"
    )


def test_unknown_is_shown_as_such():
    """A question mark, never a zero; machine code is not counted."""
    bare = KernelStatics(name="k")
    assert tell(bare) == (
        "k (?, wave of ?, at most ? work-items)\n"
        "  waves        ? the limits of ? are not known\n"
        "  registers    ? VGPR (arch ?, accum ?), ? SGPR; spilled ? VGPR, ? SGPR\n"
        "  memory       LDS ? B, scratch ? B a work-item, kernarg ? B\n"
        "  instructions not counted in machine code (? B)\n"
    )
    assert "k             ?      ?     ?     ?     ?      ?       ?     ?  ?" in tell(bare, bare)


def test_a_table_for_several():
    """One line each, with the limit and how far over it."""
    told = tell(
        kernel(), kernel(name="small", vgpr=8), kernel(name="big", lds_bytes=70_000), kernel(name="x", vgpr_spills=3)
    )
    assert told.splitlines()[:5] == [
        "kernel   target  waves  VGPR  AGPR  SGPR  spill     LDS  MFMA  limited by",
        "pa       gfx942      3   130     0    54      0   11236    32  vgpr (2 over)",
        "small    gfx942      5     8     0    54      0   11236    32  lds (484 over)",
        "big      gfx942      0   130     0    54      0   70000    32  cannot be launched",
        "x        gfx942      3   130     0    54      3   11236    32  vgpr (2 over)",
    ]
    assert "  CANNOT RUN   70000 B of LDS for a work-group; gfx942 has 65536 B\n" in told


def test_waves_in_words():
    """At the most waves the room of the registers is what matters; one register is no plural."""
    assert say_waves(kernel(vgpr=64, lds_bytes=0).occupancy) == "8 of 8 per SIMD: 0 VGPRs to spare at 8"
    assert say_waves(kernel(vgpr=129, lds_bytes=0).occupancy) == (
        "3 of 8 per SIMD, limited by vgpr: 1 VGPR over the cliff to 4 waves, 39 VGPRs to spare at 3"
    )
    assert say_waves(kernel(vgpr=400).occupancy) == (
        "1 of 8 per SIMD, limited by vgpr: 144 VGPRs over the cliff to 2 waves, 112 VGPRs to spare at 1"
    )
    assert say_cliff(kernel(vgpr=64).occupancy.cliffs[0]) == "0 VGPRs to spare at 8"
    assert say_waves(kernel(vgpr=8, lds_bytes=20000).occupancy) == (
        "3 of 8 per SIMD, limited by lds: 3616 B of LDS over the cliff to 4 waves, 1504 B of LDS to spare at 3"
    )
    assert say_waves(kernel(vgpr=None, sgpr=None, lds_bytes=0).occupancy) == "8 of 8 per SIMD"
    assert say_waves(kernel(gfx="gfx908", workgroup=(128, 1, 1), vgpr=8, lds_bytes=0).occupancy) == (
        "8 of 10 per SIMD, limited by workgroups"
    )


def test_many_kernels_and_notes():
    """A library is told as a table with the first few in full; hostile names cannot steer a terminal."""
    told = tell(*(kernel(name=f"k{number}\x1b[2J") for number in range(20)), notes=("left out: b.s",))
    assert told.count("  registers ") == 12
    assert "8 more are in the table only; name some with --kernel" in told
    assert told.endswith("note: left out: b.s\n")
    assert "\x1b" not in told
    assert tell() == "no kernel for a GPU is in k.s\n"
    assert "instructions 0\n" in tell(kernel(counts=InstructionCounts()))
