"""A build speaks of the code only when the compiler itself refused it; all else is this machine's."""

import os
import sys
from pathlib import Path

import pytest

from kernel_opt.edges.builders.build import Yard, build_commit, check_builder
from kernel_opt.edges.pins import Pins, pin_inputs
from kernel_opt.edges.process import StopWish
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
        ("FLOOD = 1\n", "kernels/pa.py:1: error: no such layout"),
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
        ("HEAP = 1\n", {}, "at most 64 MiB are read"),
        ("VGPR = 8\n", {"command": ("no-such-compiler",)}, "no-such-compiler cannot be started: install it"),
        ("VGPR = 8\n", {"builder": Builder.FLYDSL}, "has no flydsl: pip install flydsl"),
    ],
)
def test_what_is_the_machines_is_not_built(yard: Yard, tmp_path: Path, text: str, changes: dict, why: str) -> None:
    """Slow, out of memory, silent about its output, or not there at all: nothing of that speaks of the code."""
    built = compile_text(yard, text, tmp_path / "out", **changes)
    assert built.end is BuildEnd.NOT_BUILT
    assert why in built.why


def test_a_flood_of_words_is_not_kept(yard: Yard, tmp_path: Path) -> None:
    """Its beginning and its end are; the last of it goes to the agent."""
    built = compile_text(yard, "FLOOD = 1\n", tmp_path / "out")
    assert (Path(built.folder) / "build.log").stat().st_size < 17 << 20
    assert len(built.log_tail) <= 4000
    assert "no such layout" in built.log_tail


def test_words_of_a_build_that_went_well_mean_nothing(yard: Yard, tmp_path: Path) -> None:
    """Only of one that failed it is asked whether the memory was at its end."""
    assert compile_text(yard, "TALKS = 1\n", tmp_path / "out").end is BuildEnd.BUILT


@pytest.mark.parametrize("sandbox", [None, Sandbox(level=SandboxLevel.S1)])
def test_built_inputs_are_there(yard: Yard, tmp_path: Path, sandbox: Sandbox | None) -> None:
    """As in every run of the benchmark: what git does not hold may be needed to compile."""
    root = yard.repository.root
    (root / "built").mkdir()
    (root / "built/table.txt").write_text("7")
    pins = Pins(root, pin_inputs(root, ["built"]), bound=False)
    pinned = yard_of(yard.repository, sandbox=sandbox, pins=pins)
    assert compile_text(pinned, "PINNED = 1\n", tmp_path / "out").end is BuildEnd.BUILT
    assert compile_text(yard, "PINNED = 1\n", tmp_path / "bare").end is BuildEnd.REFUSED


def test_a_stop_ends_what_compiles_and_begins_nothing_more(yard: Yard, tmp_path: Path) -> None:
    """At once, whatever the compiler does."""
    asked: list[StopWish | None] = [None]

    def ask() -> StopWish | None:
        return asked.pop() if asked else StopWish("you")

    (yard.repository.root / "kernels/pa.py").write_text("HANG = 1\n")
    user_git(yard.repository.root, "commit", "--all", "--quiet", "--message=edit")
    (tmp_path / "out").mkdir()
    stopped = yard_of(yard.repository, on_tick=ask)
    builds = build_commit(stopped, yard.repository.head_commit(), tmp_path / "out", [BUILD, BUILD], ())
    assert [(one.end, one.why) for one in builds] == [(BuildEnd.NOT_BUILT, "stopped: you")] * 2
    assert (tmp_path / "out/0-gfx942/build.log").exists()
    assert not (tmp_path / "out/1-gfx942/build.log").exists()


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
