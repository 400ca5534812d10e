"""Assembly text: kernels with figures, counts, and a fingerprint that only what runs can change."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.isa import assembly
from kernel_opt.edges.isa.assembly import read_assembly
from kernel_opt.edges.isa.assembly_kernels import read_assembly_kernels
from kernel_opt.edges.isa.limits import LINE_CHARS
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.static_facts import FingerprintKind

DATA = Path(__file__).parents[2] / "data" / "isa"
REAL = (DATA / "scale.gfx942.s").read_text()


def read(text: str):
    """Read the kernels of a text."""
    return read_assembly_kernels(text.splitlines(), "k.s")


def digest(text: str, kernel: int = 0) -> str:
    """Return the fingerprint of one of its kernels."""
    return read(text)[kernel].fingerprint.digest


def test_figures():
    """Registers, LDS and the rest, of each kernel of a real text."""
    scale, loop = read(REAL)
    assert (scale.name, scale.gfx, scale.wave_size, scale.source) == ("scale", "gfx942", 64, "k.s")
    assert (scale.vgpr, scale.arch_vgpr, scale.agpr, scale.sgpr) == (4, 4, 0, 15)
    assert (scale.lds_bytes, scale.scratch_bytes, scale.kernarg_bytes) == (2048, 0, 280)
    assert (scale.max_workgroup_items, scale.workgroup, scale.float_mode) == (512, None, 0xF0)
    assert scale.has_dynamic_stack is False
    assert scale.fingerprint.kind is FingerprintKind.TEXT
    assert (loop.name, loop.vgpr, loop.lds_bytes, loop.max_workgroup_items) == ("loop", 2, 0, 64)


def test_counts():
    """Each instruction once; directives, labels and comments are none."""
    scale, loop = (kernel.counts for kernel in read(REAL))
    assert (scale.total, scale.valu, scale.salu, scale.smem, scale.lds) == (24, 8, 3, 2, 2)
    assert (scale.vmem_load, scale.vmem_store, scale.barrier, scale.wait, scale.branch) == (2, 1, 1, 4, 1)
    assert (loop.total, loop.branch, loop.mfma, loop.other) == (13, 2, 0, 0)
    rdna = read((DATA / "scale.gfx1201.s").read_text())[0].counts
    assert (rdna.total, rdna.lds, rdna.barrier, rdna.other) == (30, 2, 2, 0)


HARMLESS = {
    "another name": lambda text: text.replace("scale", "kernel_2").replace("table", "other_table"),
    "comments": lambda text: text.replace("s_barrier", "s_barrier ; all // of them /* here */"),
    "no comments": lambda text: "\n".join(
        line.partition(";")[0].rstrip() for line in text.splitlines() if not line.startswith(";")
    ),
    "debug lines": lambda text: text.replace(
        "\ts_barrier", "\t.loc 1 7 0 prologue_end\n.Ltmp0:\n\t.cfi_def_cfa 1, 2\n\ts_barrier"
    ),
    "debug sections": lambda text: (
        text + '\t.section .debug_str,"MS",@progbits,1\n.Linfo:\n\t.asciz "scale"\n\t.type x,@object\nx:\n\t.byte 1\n'
    ),
    "spaces": lambda text: text.replace("\ts_", "    s_").replace(", ", ",  "),
    "label names": lambda text: text.replace(".LBB1_1", ".LBB77_3"),
    "alignment": lambda text: text.replace(".LBB1_1:", "\t.p2align 6\n.LBB1_1:"),
    "windows": lambda text: text.replace("\n", "\r\n"),
    "order": lambda text: text.replace("loop", "first"),
}


@pytest.mark.parametrize("how", HARMLESS)
def test_what_does_not_run_does_not_count(how):
    """Names, comments, debug information, spacing and directives leave the fingerprint as it is."""
    other = HARMLESS[how](REAL)
    assert other != REAL
    assert digest(other) == digest(REAL)
    assert digest(other, 1) == digest(REAL, 1)


HARMFUL = {
    "an instruction more": (lambda text: text.replace("\ts_barrier", "\ts_nop 0\n\ts_barrier"), 0),
    "another operand": (lambda text: text.replace("v_mul_lo_u32 v0, v0, 7", "v_mul_lo_u32 v0, v0, 9"), 1),
    "another register": (lambda text: text.replace("ds_write_b32 v2, v3", "ds_write_b32 v3, v2"), 0),
    "another order": (
        lambda text: text.replace(
            "\tv_xor_b32_e32 v1, 1, v1\n\tv_lshlrev_b32_e32 v1, 2, v1\n",
            "\tv_lshlrev_b32_e32 v1, 2, v1\n\tv_xor_b32_e32 v1, 1, v1\n",
        ),
        0,
    ),
    "a jump elsewhere": (
        lambda text: text.replace("\tv_mul_lo_u32", ".LX:\n\tv_mul_lo_u32").replace("scc1 .LBB1_1", "scc1 .LX"),
        1,
    ),
    "another table": (lambda text: text.replace("0x40400000", "0x40400001"), 0),
    "words in the code": (lambda text: text.replace("\ts_barrier", "\ts_barrier\n\t.long 0xbf800000"), 0),
}


@pytest.mark.parametrize("how", HARMFUL)
def test_what_runs_counts(how):
    """Each change of what runs, or of what it reads, changes the fingerprint."""
    change, kernel = HARMFUL[how]
    other = change(REAL)
    assert other != REAL
    assert digest(other, kernel) != digest(REAL, kernel)


def hand_written(body: str, more: str = "", declared: str = ".amdhsa_next_free_vgpr 12") -> str:
    """Return a kernel as people write it: no metadata."""
    return f"""
    .amdgcn_target "amdgcn-amd-amdhsa--gfx90a"
    .globl k
    k: {body}
    .size k, .-k
    {more}
    .amdhsa_kernel k
      {declared}
    .end_amdhsa_kernel
    """


def test_hand_written_text():
    """What the directives tell is known; the rest, and a formula, is not."""
    declared = (
        ".amdhsa_next_free_vgpr 0xC\n.amdhsa_group_segment_fixed_size 64\n.amdhsa_kernarg_size max(1, 2)\n"
        ".amdhsa_wavefront_size32 0\n.amdhsa_float_denorm_mode_32 3"
    )
    (kernel,) = read(hand_written("s_endpgm", declared=declared))
    assert (kernel.vgpr, kernel.lds_bytes, kernel.kernarg_bytes, kernel.wave_size) == (12, 64, None, 64)
    assert (kernel.sgpr, kernel.agpr, kernel.arch_vgpr, kernel.vgpr_spills) == (None, None, None, None)
    assert (kernel.float_mode, kernel.counts.total) == (0xF0, 1)
    (split,) = read(hand_written("s_endpgm", declared=".amdhsa_next_free_vgpr 20\n.amdhsa_accum_offset 12"))
    assert (split.vgpr, split.arch_vgpr, split.agpr) == (20, 12, 8)
    (wave32,) = read(hand_written("s_endpgm", declared=".amdhsa_wavefront_size32 1\n.amdhsa_float_denorm_mode_32 9"))
    assert (wave32.wave_size, wave32.float_mode) == (32, None)
    (plain,) = read(hand_written("s_endpgm"))
    assert (plain.wave_size, plain.float_mode) == (None, 0xC0)


def test_what_a_function_does_counts_where_it_is_called():
    """Under whatever name; a function that calls itself comes to an end."""
    function = "\n.type {0},@function\n{0}:\n{1}\ns_getpc_b64 s[0:1]\ns_add_u32 s0, s0, {0}@rel32@lo+4\n.size {0}, 4\n"
    call = "s_add_u32 s0, s0, {0}@rel32@lo+4\ns_swappc_b64 s[30:31], s[0:1]"
    seen = [
        digest(hand_written(call.format(name), function.format(name, line)))
        for name, line in (("f", "s_nop 1"), ("g", "s_nop 1"), ("f", "s_nop 2"))
    ]
    assert seen[0] == seen[1] != seen[2]
    outside = digest(hand_written(call.format("f"))), digest(hand_written(call.format("g")))
    assert outside[0] != outside[1]


def test_a_kernel_whose_text_is_not_there():
    """Its figures are known, its instructions are not."""
    (kernel,) = read(".amdhsa_kernel k\n.amdhsa_next_free_vgpr 8\n.end_amdhsa_kernel\n.type k,@object\nk:\n.long 1\n")
    assert (kernel.vgpr, kernel.counts, kernel.fingerprint) == (8, None, None)


def test_quoted_names():
    """C++ kernels may be written so."""
    text = '.type "a<b>; c",@function\n"a<b>; c": s_endpgm\n.amdhsa_kernel "a<b>; c"\n.end_amdhsa_kernel'
    (kernel,) = read(text)
    assert (kernel.name, kernel.counts.total) == ("a<b>; c", 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int main() { return 0; }", "it declares no AMD kernel"),
        ("", "it declares no AMD kernel"),
        (REAL[: REAL.index("amdhsa.target")], "cut off"),
        (REAL[: REAL.index("\t\t.amdhsa_ieee")], "cut off"),
        ("k:" + "x" * LINE_CHARS, "line 1 is no assembly text"),
        ("s_nop 0\ns_nop \0", "line 2 is no assembly text"),
    ],
)
def test_what_is_no_whole_text_is_refused(text, said):
    """With the reason."""
    with pytest.raises(ReadFailedError, match=said):
        read(text)


def test_more_symbols_or_kernels_than_anyone_has(monkeypatch):
    """A text cannot make us keep a million of them."""
    monkeypatch.setattr(assembly, "SYMBOLS", 1)
    with pytest.raises(ReadFailedError, match="more than 1 symbols"):
        read(REAL)
    monkeypatch.setattr(assembly, "KERNELS", 0)
    with pytest.raises(ReadFailedError, match="more than 0 kernels"):
        read(hand_written("s_endpgm"))


LINES = [
    *REAL.splitlines()[:60],
    ".end_amdgpu_metadata",
    ".amdgpu_metadata",
    ".end_amdhsa_kernel",
    'x: y: "z": ; c',
    ".type k,@function",
    ".type",
    ".section",
    "k:",
    "/* open",
    '"',
]


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=30), max_size=40))
def test_any_lines_give_kernels_or_our_error(lines):
    """Shuffled, doubled and foreign lines lead to no other exception, and to no figure that was not there."""
    try:
        text = read_assembly(lines, "k.s")
        kernels = read_assembly_kernels(lines, "k.s")
    except ReadFailedError:
        return
    assert len(kernels) == len(text.declared) or text.metadata
    assert all(kernel.vgpr in {None, 4, 2} for kernel in kernels)
