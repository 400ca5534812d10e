"""Real files through the clang of this machine, where it has one that knows AMD GPUs."""

import os
import sys
from pathlib import Path

import pytest

from kernel_opt.edges.builders.build import Yard, build_commit, check_builder
from kernel_opt.model.compile_settings import Builder, BuildSettings
from kernel_opt.model.compiled import BuildEnd, Built, CompileOutcome
from kernel_opt.rules.isa.compile_gate import weigh_builds
from tests.edges.toy_repository import make_repository, user_git

DATA = Path(__file__).parents[2] / "data" / "isa"


class Clang:
    """A repository with one kernel file, and clang over it."""

    def __init__(self, folder: Path, file: str) -> None:
        repository = make_repository(folder / "repo")
        self.kernel, self._folder = repository.root / file, folder
        self.yard = Yard(
            repository=repository, environment=dict(os.environ), python=sys.executable, extra={}, sandbox=None
        )
        self.build = BuildSettings(name="k", builder=Builder.CLANG, command=(file, "-O3"), targets=("gfx942",))
        (folder / "look").mkdir()
        missing = check_builder(self.build, self.yard, folder / "look", "gfx942")
        if missing is not None:
            pytest.skip(str(missing))

    def compile(self, text: str) -> tuple[Built, ...]:
        """Compile a text as the kernel."""
        self.kernel.write_text(text)
        user_git(self.yard.repository.root, "add", "--all")
        user_git(self.yard.repository.root, "commit", "--quiet", "--allow-empty", "--message=edit")
        commit = self.yard.repository.head_commit()
        folder = self._folder / commit
        folder.mkdir()
        built = build_commit(self.yard, commit, folder, [self.build], ())
        if any("invalid target" in one.why or "unsupported" in one.why for one in built):
            pytest.skip(f"this clang does not know gfx942: {built[-1].why}; on Debian the package clang-19 does")
        return built


def weigh(best: tuple[Built, ...], candidate: tuple[Built, ...]) -> CompileOutcome:
    """What the gate says of it."""
    return weigh_builds(best, candidate, is_edit_compiled=True, classes=(), hot=()).outcome


def test_opencl(tmp_path: Path) -> None:
    """Figures as they must be by the text, the same code for a comment, the compiler's words for a slip."""
    clang, text = Clang(tmp_path, "scores.cl"), (DATA / "scores.cl").read_text()
    best = clang.compile(text)
    assert [one.end for one in best] == [BuildEnd.BUILT], best
    (kernel,) = best[0].kernels
    assert (kernel.name, kernel.gfx, kernel.workgroup, kernel.wave_size) == ("scores", "gfx942", (64, 1, 1), 64)
    assert kernel.lds_bytes == 16 * 64 * 4
    assert kernel.occupancy is not None
    assert (kernel.occupancy.waves_per_simd, kernel.occupancy.limited_by) == (4.0, ("lds",))
    assert weigh(best, clang.compile(f"// A remark.\n{text}")) is CompileOutcome.UNUSED
    assert weigh(best, clang.compile(text.replace("exp2", "exp3"))) is CompileOutcome.BROKEN
    assert weigh(best, clang.compile(text.replace("TILE 16", "TILE 32"))) is CompileOutcome.COSTLIER
    # The compiler itself refuses what no card could launch.
    assert weigh(best, clang.compile(text.replace("TILE 16", "TILE 512"))) is CompileOutcome.BROKEN


def test_hip(tmp_path: Path) -> None:
    """With the headers and the library of ROCm, for a target that is newer than both."""
    clang = Clang(tmp_path, "turn.hip")
    built = clang.compile((DATA / "turn.hip").read_text())
    assert [one.end for one in built] == [BuildEnd.BUILT], built
    (kernel,) = built[0].kernels
    assert (kernel.name, kernel.gfx, kernel.lds_bytes) == ("_Z4turnPfPKffi", "gfx942", 64 * 4)
    assert (kernel.max_workgroup_items, kernel.vgpr_spills) == (64, 0)
