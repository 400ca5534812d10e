"""What the compilers left in a run's own caches shows whether an edit reached the kernels at all."""

from pathlib import Path

import pytest

from kernel_opt.model.facts import Broke
from kernel_opt.model.round_facts import Dropped, Ending, Kept
from tests.rocm.scenes import FASTER, make_scene, page

COMPILES = r'''
import atexit, os, pathlib


def _compile():
    for name in ("pa_decode_tile_kernel_0", "pa_decode_metadata_kernel_0", "pa_reduce_kernel_0"):
        pathlib.Path(os.environ["TRITON_CACHE_DIR"], name + ".amdgcn").write_text(f"""
	.amdgcn_target "amdgcn-amd-amdhsa--gfx942"
	.text
	.globl	{name}
	.type	{name},@function
{name}:
	v_mov_b32_e32 v0, {TILE + SCALE_SHIFT}
	s_endpgm
	.size	{name}, .-{name}
	.amdhsa_kernel {name}
		.amdhsa_next_free_vgpr 4
		.amdhsa_next_free_sgpr 8
		.amdhsa_accum_offset 4
	.end_amdhsa_kernel
""")


atexit.register(_compile)
'''
"""In a kernel: leave assembly that depends on its knobs, as a compiler does."""


@pytest.mark.slow
def test_an_edit_that_compiles_to_the_same_code_is_a_failure_and_no_tie(tmp_path: Path) -> None:
    """A comment changed: the same instructions in the same launches. An edit that changes them is judged as ever."""
    book = {"1:propose": page(("# Per work-group.", "# Of a work-group.")), "2:propose": page(FASTER)}
    scene = make_scene(tmp_path / "run", book, kernel=COMPILES)
    scene.play()
    assert [fact.ending for fact in scene.facts(Dropped)] == [Ending.UNUSED]
    (broke,) = scene.facts(Broke)
    assert broke.kind == "unused"
    assert (
        "the compiled code of pa_decode_metadata_kernel_0, pa_decode_tile_kernel_0 is the same as best's" in broke.why
    )
    assert len(scene.facts(Kept)) == 1
