"""Whether what the gate settled is so, told without the gate's own readers."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from bench.compile_book import Shelf, Weighed
from kernel_opt.edges import builders
from kernel_opt.edges.builders.recipe import Site
from kernel_opt.edges.builders.rocm_parts import lay_out_rocm
from kernel_opt.edges.builders.toolchain import find_program
from kernel_opt.edges.export import export
from kernel_opt.model.compiled import CompileOutcome

_LDS_BYTES = {"gfx90a": 65_536, "gfx942": 65_536, "gfx950": 163_840}
"""Of one work-group, as the instruction set manuals say."""
_REGISTERS = 512
"""Of one lane on a SIMD, shared by the waves on it; four SIMDs share a work-group."""
_QUIET = re.compile(r"^\s*(?:\.loc|\.file|\.cfi|;|\.L(?:tmp|func|debug|info|line|str|names|gnu|pub)|\.ident)|^\s*$")
_FIELD = re.compile(r"^\s*(?:- )?\.(?P<name>\w+):\s*'?(?P<value>\d+)", re.MULTILINE)
_SHARED = re.compile(r'"shared": (\d+)')


def prove(shelf: Shelf, weighed: Weighed) -> str:
    """Return what speaks against the gate's refusal; empty when it is right."""
    match weighed.compiled.outcome:
        case CompileOutcome.UNUSED:
            return _prove_unused(shelf, weighed)
        case CompileOutcome.CANNOT_LAUNCH:
            return _prove_unlaunchable(weighed)
        case CompileOutcome.BROKEN:
            return _prove_broken(shelf, weighed)
        case _:
            return ""


def _prove_unused(shelf: Shelf, weighed: Weighed) -> str:
    """Compare the texts themselves, without what is only for debuggers."""
    for old, new in zip(shelf.best, weighed.compiled.builds, strict=True):
        texts = [[_instructions(path) for path in _texts(Path(one.folder))] for one in (old, new)]
        if not texts[0] or texts[0] != texts[1]:
            return f"{new.name}: the compiler's texts differ"
    return ""


def _texts(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "code").iterdir() if path.suffix in (".s", ".amdgcn"))


def _instructions(path: Path) -> list[str]:
    """Return the lines of the kernels; comments, line numbers and what follows as debug sections are left out."""
    lines: list[str] = []
    is_debug = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip().startswith((".section", ".text", ".amdgpu_metadata")):
            is_debug = ".debug" in line
        if not is_debug and not _QUIET.match(line):
            lines.append(line.partition(";")[0].strip())
    return lines


def _prove_unlaunchable(weighed: Weighed) -> str:
    """Look the figures up by hand: LLVM's own reading of a code object where there is one, else the text's fields."""
    for one in weighed.compiled.builds:
        most = _LDS_BYTES[one.target]
        for path in sorted((Path(one.folder) / "code").iterdir()):
            lds, vgprs, items = _figures(path)
            waves = -(-items // 64 // 4)
            if lds > most or vgprs > _REGISTERS or waves * -(-vgprs // 8) * 8 > _REGISTERS:
                return ""
    return "its figures are within the card's limits"


def _figures(path: Path) -> tuple[int, int, int]:
    text = path.read_text(encoding="utf-8", errors="replace")
    reader = find_program("llvm-readelf", os.environ)
    if path.suffix == ".hsaco" and reader is not None:
        said = subprocess.run([reader, "--notes", str(path)], capture_output=True, text=True, check=False)
        text = said.stdout
    if path.suffix == ".json":
        shared = _SHARED.search(text)
        return (int(shared[1]) if shared else 0), 0, 0
    fields = {match["name"]: int(match["value"]) for match in _FIELD.finditer(text)}
    names = ("group_segment_fixed_size", "vgpr_count", "max_flat_workgroup_size")
    lds, vgprs, items = (fields.get(name, 0) for name in names)
    return lds, vgprs, items


def _prove_broken(shelf: Shelf, weighed: Weighed) -> str:
    """Run the programs once more by hand: best must compile so, and the candidate must not."""
    if not _compiles_by_hand(shelf, shelf.base):
        return "best does not compile by hand either"
    return "it compiles when it is run by hand" if _compiles_by_hand(shelf, weighed.commit) else ""


def _compiles_by_hand(shelf: Shelf, commit: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        tree, tools = Path(folder, "tree"), Path(folder, "tools")
        export(shelf.yard.repository, commit, tree)
        tools.mkdir()
        return all(
            subprocess.run(
                build.command,
                cwd=tree,
                env=_by_hand(shelf, tree, tools / f"{number}", target),
                capture_output=True,
                check=False,
            ).returncode
            == 0
            for number, build in enumerate(shelf.book.builds)
            for target in build.targets
        )


def _by_hand(shelf: Shelf, tree: Path, tools: Path, target: str) -> dict[str, str]:
    """Return the variables by which the compilers work without a card."""
    tools.mkdir(exist_ok=True)
    given = shelf.yard.environment
    site = Site(
        tree=tree, dump=tools, tools=tools / target, target=target, packages=shelf.yard.packages(), environment=given
    )
    rocm = lay_out_rocm(site)
    return {
        **given,
        "KERNEL_OPT_TARGET": target,
        "TRITON_CACHE_DIR": str(tools),
        "COMPILE_ONLY": "1",
        "ARCH": target,
        "FLYDSL_GPU_ARCH": target,
        "FLYDSL_RUNTIME_ENABLE_CACHE": "0",
        "PYTHONPATH": os.pathsep.join((str(Path(builders.__file__).parent / "stubs"), str(tree))),
        "PYTHONDONTWRITEBYTECODE": "1",
        **({"ROCM_PATH": str(rocm)} if isinstance(rocm, Path) else {}),
    }
