"""Our reading against LLVM's own, on code that it compiles here."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kernel_opt.edges.isa.code import read_code

SOURCE = Path(__file__).parents[2] / "data" / "isa" / "scale.ll"
VERSIONS = range(19, 30)
FIELDS = {
    "vgpr_count": "vgpr",
    "agpr_count": "agpr",
    "sgpr_count": "sgpr",
    "vgpr_spill_count": "vgpr_spills",
    "sgpr_spill_count": "sgpr_spills",
    "group_segment_fixed_size": "lds_bytes",
    "private_segment_fixed_size": "scratch_bytes",
    "kernarg_segment_size": "kernarg_bytes",
    "wavefront_size": "wave_size",
    "max_flat_workgroup_size": "max_workgroup_items",
}
TARGETS = ("gfx908", "gfx90a", "gfx942", "gfx1201")


def find_tool(name: str) -> str:
    """Return a tool of an LLVM that knows all these targets."""
    for version in VERSIONS:
        if found := shutil.which(f"{name}-{version}"):
            return found
    pytest.skip(f"no {name}-19 or later here: install LLVM, on Debian the package llvm-19")


def compile_to(kind: str, target: str, source: str, *more: str) -> bytes:
    """Compile intermediate code to ``asm`` or ``obj``."""
    words = [find_tool("llc"), "-march=amdgcn", f"-mcpu={target}", "-O3", f"-filetype={kind}", *more, "-o", "-"]
    return subprocess.run(words, input=source.encode(), capture_output=True, check=True).stdout


@pytest.mark.parametrize("target", TARGETS)
def test_every_figure_is_as_llvm_reads_it(target, tmp_path):
    """Of the object and of the text, which tell the same."""
    source = SOURCE.read_text()
    content = compile_to("obj", target, source)
    (tmp_path / "k.o").write_bytes(content)
    words = [find_tool("llvm-readelf"), "--notes", str(tmp_path / "k.o")]
    told = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    notes = [dict(re.findall(r"(?m)^(?:    )?\.(\w+): +(\S+)$", part)) for part in re.split(r"\n  - (?=\.a)", told)[1:]]
    kernels = read_code(content, "k.o").kernels
    texts = read_code(compile_to("asm", target, source), "k.s").kernels
    assert len(notes) == len(kernels) == len(texts) == 2
    for note, kernel, text in zip(notes, kernels, texts, strict=True):
        assert (kernel.name, kernel.gfx) == (note["name"], target)
        for field, ours in FIELDS.items():
            known = int(note[field]) if field in note else 0
            assert (field, getattr(kernel, ours), getattr(text, ours)) == (field, known, known)
        assert (kernel.float_mode, kernel.code_bytes > 0) == (text.float_mode, True)


def hungry(values: int) -> str:
    """Return a kernel that must keep so many values in registers at once."""
    many = range(values)
    loads = (
        f"%p{n} = getelementptr float, ptr addrspace(1) %in, i64 {n * 64}\n"
        f"%q{n} = getelementptr float, ptr addrspace(1) %p{n}, i64 %at\n"
        f"%v{n} = load volatile float, ptr addrspace(1) %q{n}\n"
        for n in many
    )
    stores = (f"store volatile float %v{n}, ptr addrspace(1) %q{values - 1 - n}\n" for n in many)
    return f"""target triple = "amdgcn-amd-amdhsa"
declare i32 @llvm.amdgcn.workitem.id.x()
define amdgpu_kernel void @k(ptr addrspace(1) %in) #0 {{
%id = call i32 @llvm.amdgcn.workitem.id.x()
%at = zext i32 %id to i64
{"".join(loads)}{"".join(stores)}ret void
}}
attributes #0 = {{ "amdgpu-flat-work-group-size"="64,64" "amdgpu-waves-per-eu"="1" }}
"""


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("gfx90a", ()),
        ("gfx942", ()),
        ("gfx1030", ()),
        ("gfx1100", ()),
        ("gfx1100", ("-mattr=+wavefrontsize64",)),
        ("gfx1102", ()),
        ("gfx1201", ("-mattr=+wavefrontsize64",)),
    ],
)
def test_waves_are_as_llvm_counts_them(target, more):
    """For kernels from few registers to many, in waves of both sizes."""
    seen: set[float] = set()
    for values in (12, 90, 200):
        text = compile_to("asm", target, hungry(values), *more)
        (kernel,) = read_code(text, "k.s").kernels
        assert kernel.occupancy.waves_per_simd == int(re.search(rb"; Occupancy: (\d+)", text)[1])
        seen.add(kernel.occupancy.waves_per_simd)
    assert len(seen) == 3


@pytest.mark.parametrize("kind", ["asm", "obj"])
def test_names_change_no_fingerprint_and_instructions_do(kind):
    """Of real code, as text and as machine code; the kernel beside the changed one keeps its own."""
    source = SOURCE.read_text()
    renamed = source.replace("@loop", "@another").replace("@table", "@numbers")
    slower = source.replace("mul i32 %s, 7", "mul i32 %s, 9")
    scale, loop = zip(*(_fingerprints(kind, one) for one in (source, renamed, slower)), strict=True)
    assert scale[0] == scale[1] == scale[2]
    assert loop[0] == loop[1] != loop[2]


def _fingerprints(kind: str, source: str) -> list[object]:
    return [kernel.fingerprint for kernel in read_code(compile_to(kind, "gfx942", source), "k").kernels]
