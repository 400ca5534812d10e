"""Instructions by kind, over the spellings of all generations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from kernel_opt.rules.isa.instruction_counts import count_instructions, name_kind


@pytest.mark.parametrize(
    ("instruction", "kind"),
    [
        ("v_mfma_f32_16x16x32_fp8_fp8 a[0:3], v[0:1], v[2:3], a[0:3]", "mfma"),
        ("v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], v[0:7]", "mfma"),
        ("v_add_f32_e32 v0, v1, v0", "valu"),
        ("v_dual_mul_f32 v1, s2, v1 :: v_dual_and_b32 v0, 3, v0", "valu"),
        ("v_accvgpr_write_b32 a0, v0", "valu"),
        ("s_add_u32 s0, s0, s1", "salu"),
        ("s_load_dwordx4 s[4:7], s[2:3], 0x0", "smem"),
        ("s_buffer_load_b32 s0, s[0:3], 0x0", "smem"),
        ("global_load_dwordx4 v[0:3], v4, s[0:1]", "vmem_load"),
        ("buffer_load_dword v0, v1, s[0:3], 0 offen lds", "vmem_load"),
        ("global_store_b32 v2, v0, s[6:7]", "vmem_store"),
        ("buffer_store_short v0, v1, s[0:3], 0 offen", "vmem_store"),
        ("global_atomic_add_f32 v0, v1, s[0:1]", "vmem_atomic"),
        ("buffer_atomic_cmpswap v[0:1], v2, s[0:3], 0 offen", "vmem_atomic"),
        ("scratch_store_dword off, v0, off", "scratch"),
        ("scratch_load_b32 v0, off, off", "scratch"),
        ("ds_read_b128 v[0:3], v4", "lds"),
        ("ds_store_b32 v2, v3", "lds"),
        ("s_cbranch_scc1 .LBB0_1", "branch"),
        ("s_endpgm", "branch"),
        ("s_barrier", "barrier"),
        ("s_barrier_signal -1", "barrier"),
        ("s_waitcnt vmcnt(0)", "wait"),
        ("s_wait_loadcnt 0x0", "wait"),
        ("s_nop 0", "wait"),
        (".long 0xbf800000", "other"),
        ("", "other"),
    ],
)
def test_kinds(instruction, kind):
    """Each falls into one kind."""
    assert name_kind(instruction) == kind


@given(st.lists(st.sampled_from(["s_nop 0", "v_mov v0, v1", "ds_read_b32 v0, v1", "scratch_x", "?"])))
def test_the_kinds_add_up(instructions):
    """Nothing is counted twice and nothing is lost."""
    counts = structs.asdict(count_instructions(instructions))
    assert counts.pop("total") == len(instructions) == sum(counts.values())
