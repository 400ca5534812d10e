"""What the compiler wrote about a kernel, as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.isa.metadata import gfx_of, read_text
from kernel_opt.model.errors import ReadFailedError

TEXT = """---
amdhsa.kernels:
  - .agpr_count:     15
    .args:
      - .address_space:  global
        .name:           not the kernel's
        .vgpr_count:     999
      - .name:           !str n
    .group_segment_fixed_size: 11236
    .name:           pa
    .reqd_workgroup_size:
      - 256
      - 1
      - 1
    .symbol:         pa.kd
    .uses_dynamic_stack: false
    .vgpr_count:     271
  - .args:           []
    .name:           'it''s "b"'
    .reqd_workgroup_size: [64, 2, 1]
    .sgpr_count:     16
  - .name:           "123"
amdhsa.printf:
  - '1:1:4:%d\\n'
amdhsa.target:   'amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-'
amdhsa.version:
  - 1
  - 2
...
"""


def read(text: str = TEXT):
    """Read it."""
    return read_text(text.splitlines(), "k.s")


def test_fields_of_each_kernel():
    """The first field stands behind the dash; arguments have fields of the same names, which are not the kernel's."""
    first, second, third = read().kernels
    assert (first.agpr_count, first.vgpr_count, first.group_segment_fixed_size) == (15, 271, 11236)
    assert (first.name, first.symbol, first.workgroup) == ("pa", "pa.kd", (256, 1, 1))
    assert first.uses_dynamic_stack is False
    assert (second.name, second.workgroup, second.sgpr_count) == ('it\'s "b"', (64, 2, 1), 16)
    assert (second.vgpr_count, second.agpr_count, second.symbol) == (None, None, None)
    assert (third.name, third.workgroup) == ("123", None)


def test_target():
    """Feature flags are no part of the processor."""
    assert gfx_of(read().target) == "gfx942"
    assert gfx_of("amdgcn-amd-amdhsa-unknown-gfx90a") == "gfx90a"
    assert gfx_of("amdgcn-amd-amdhsa--gfx906+sram-ecc+xnack") == "gfx906"
    assert gfx_of("amdgcn-amd-amdhsa--gfx9-4-generic") == "gfx9-4-generic"
    assert gfx_of("hipv4-amdgcn-amd-amdhsa--gfx1201") == "gfx1201"
    assert gfx_of("x86_64-unknown-linux-gnu") is None
    assert gfx_of(None) is None


def test_none():
    """No kernels are no kernels, and no target is none."""
    assert read("---\namdhsa.kernels:  []\n...\n").kernels == []
    assert read("").target is None


@pytest.mark.parametrize(
    "damage",
    [
        (".vgpr_count:     271", ".vgpr_count:     many"),
        (".vgpr_count:     271", ".vgpr_count:"),
        (".vgpr_count:     271", ".vgpr_count:     99999999999"),
        (".vgpr_count:     271", ".vgpr_count:     -5"),
        (".name:           pa", ".nom:            pa"),
        ("      - 1\n", "      - one\n"),
        ("      - 256\n", ""),
        (".uses_dynamic_stack: false", ".uses_dynamic_stack: 7"),
    ],
)
def test_what_is_no_number_is_refused(damage):
    """Garbage is never a figure."""
    with pytest.raises(ReadFailedError, match=r"k\.s: its metadata cannot be read"):
        read(TEXT.replace(*damage, 1))


@given(st.lists(st.sampled_from([*TEXT.splitlines(), "  - 1", "- .name: x", "    .name: y", " : ", "amdhsa.kernels:"])))
def test_any_order_of_lines_gives_metadata_or_our_error(lines):
    """Cut, doubled and shuffled lines lead to no other exception."""
    try:
        found = read_text(lines, "k.s")
    except ReadFailedError:
        return
    assert all(isinstance(kernel.name, str) for kernel in found.kernels)
