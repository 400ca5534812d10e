"""A build speaks of the code only when the compiler itself refused it; all else is this machine's."""

import os
import sys
from pathlib import Path

import pytest

from kernel_opt.edges.builders.build import Yard, build_commit, check_builder
from kernel_opt.edges.repository import Repository
from kernel_opt.model.compile_settings import Builder, BuildSettings
from kernel_opt.model.compiled import BuildEnd, Built
from kernel_opt.model.sandbox import Sandbox, SandboxLevel
from tests.edges.toy_repository import make_repository, user_git

COMPILER = Path(__file__).with_name("fake_compiler.py")
BUILD = BuildSettings(
    name="b16", builder=Builder.COMMAND, command=(sys.executable, str(COMPILER)), targets=("gfx942",), timeout_s=30.0
)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """What builds have in common, in a toy repository."""
    return yard_of(make_repository(tmp_path / "repo"))


def yard_of(repository: Repository, **rest: object) -> Yard:
    """The same for a repository that is there."""
    known: dict[str, object] = {"environment": dict(os.environ), "python": sys.executable, "extra": {}, "sandbox": None}
    return Yard(repository=repository, **{**known, **rest})


def compile_text(yard: Yard, text: str, folder: Path, **changes: object) -> Built:
    """Compile the toy kernel with that text."""
    (yard.repository.root / "kernels/pa.py").write_text(text)
    user_git(yard.repository.root, "commit", "--all", "--quiet", "--allow-empty", "--message=edit")
    known = {name: getattr(BUILD, name) for name in BUILD.__struct_fields__}
    folder.mkdir()
    build = BuildSettings(**{**known, **changes})
    (built,) = build_commit(yard, yard.repository.head_commit(), folder, [build], ())
    return built


def test_what_a_compiler_leaves_is_read(yard: Yard, tmp_path: Path) -> None:
    """Figures and code are there; the tree and all else that it made is gone."""
    built = compile_text(yard, "VGPR = 130\nLDS = 2048\n", tmp_path / "out")
    assert (built.end, built.name, built.target, built.why) == (BuildEnd.BUILT, "b16", "gfx942", "")
    (kernel,) = built.kernels
    assert (kernel.name, kernel.vgpr, kernel.lds_bytes) == ("pa", 130, 2048)
    assert sorted(path.name for path in Path(built.folder).iterdir()) == ["build.log", "code"]
    assert [path.name for path in (Path(built.folder) / "code").iterdir()] == ["00-pa.s"]
    assert not (tmp_path / "out" / "tree").exists()


def test_walls_around_it_leave_it_its_work(yard: Yard, tmp_path: Path) -> None:
    """It can read the tree and write its dump."""
    walled = yard_of(yard.repository, sandbox=Sandbox(level=SandboxLevel.S1))
    assert compile_text(walled, "VGPR = 8\n", tmp_path / "out").end is BuildEnd.BUILT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ABORT = 1\n", "LLVM ERROR: Cannot select: cvt.pk.fp8.f32"),
        ("REFUSED = 1\n", "kernels/pa.py:1: error: no such layout"),
        ("SILENT = 1\n", "the compiler ended with exit code 3 and gave no reason"),
    ],
)
def test_a_refusal_is_told_in_the_compilers_words(yard: Yard, tmp_path: Path, text: str, why: str) -> None:
    """An abort of LLVM is one too."""
    built = compile_text(yard, text, tmp_path / "out")
    assert (built.end, built.why) == (BuildEnd.REFUSED, why)


@pytest.mark.parametrize(
    ("text", "changes", "why"),
    [
        ("HANG = 1\n", {"timeout_s": 0.5}, "still compiling after 0.5 s"),
        ("HUNGRY = 1\n", {"memory_mb": 600.0}, "out of memory or room (compile.builds.memory_mb is 600)"),
        ("NOTHING = 1\n", {}, "it compiled, but what it left cannot be read"),
        ("VGPR = 8\n", {"command": ("no-such-compiler",)}, "no-such-compiler cannot be started: install it"),
        ("VGPR = 8\n", {"builder": Builder.FLYDSL}, "has no flydsl: pip install flydsl"),
    ],
)
def test_what_is_the_machines_is_not_built(yard: Yard, tmp_path: Path, text: str, changes: dict, why: str) -> None:
    """Slow, out of memory, silent about its output, or not there at all: nothing of that speaks of the code."""
    built = compile_text(yard, text, tmp_path / "out", **changes)
    assert built.end is BuildEnd.NOT_BUILT
    assert why in built.why


def test_without_a_target_nothing_is_built(yard: Yard, tmp_path: Path) -> None:
    """Before any trace nobody knows the card, and guessing one would be wrong."""
    built = compile_text(yard, "VGPR = 8\n", tmp_path / "out", targets=())
    assert (built.end, "compile.builds.targets" in built.why) == (BuildEnd.NOT_BUILT, True)


def test_targets_that_are_handed_in_stand_for_the_card(yard: Yard, tmp_path: Path) -> None:
    """One build for each."""
    folder = tmp_path / "out"
    folder.mkdir()
    build = BuildSettings(name="b16", builder=Builder.COMMAND, command=BUILD.command)
    builds = build_commit(yard, yard.repository.head_commit(), folder, [build], ("gfx942", "gfx950"))
    assert [one.target for one in builds] == ["gfx942", "gfx950"]


def test_what_a_machine_lacks_is_told_without_compiling(yard: Yard, tmp_path: Path) -> None:
    """As doctor asks; a command lacks nothing that could be known."""
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
    assert check_builder(BUILD, yard, tmp_path / "a", "gfx942") is None
    triton = BuildSettings(name="t", builder=Builder.TRITON, command=("x",))
    missing = check_builder(triton, yard, tmp_path / "b", "gfx942")
    assert missing is not None
    assert str(missing).endswith("has no triton: pip install triton")
