"""A candidate is compiled before it takes a card, next to best compiled in the same way."""

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.process import StopWish
from kernel_opt.model.compile_settings import Builder, BuildSettings, CompileSettings
from kernel_opt.model.compiled import BuildEnd, Compiled, CompileOutcome
from kernel_opt.model.facts import Fact, StopAsked
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.recording import Agent
from kernel_opt.model.round_facts import Checked, Refused
from kernel_opt.model.stages import Drafted, Tries
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Propose
from kernel_opt.round.check import check
from kernel_opt.round.compile import compile_best, compile_formatted, targets_of
from kernel_opt.round.propose import propose
from kernel_opt.views.compiled import tell_formatted
from tests.edges.builders.test_build import COMPILER
from tests.fakes import hypothesis, settings, trace
from tests.round.toolbox import Box, make_box, write

BUILD = BuildSettings(name="b16", builder=Builder.COMMAND, command=(sys.executable, str(COMPILER)), targets=("gfx942",))
COVERED = replace(BUILD, covers=("kernels/**",))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A run whose kernel is compiled ahead."""
    return make_box(tmp_path, settings(compile=CompileSettings(builds=(COVERED,))))


def look(box: Box, text: str, number: int = 1) -> Compiled:
    """Check an edit of the kernel and return what compiling it showed."""
    fact: Fact = check(box.draft(write("kernels/pa.py", text), number), box.tools)
    assert isinstance(fact, Checked), fact
    assert fact.compiled is not None
    return fact.compiled


def test_without_builds_nothing_is_compiled(tmp_path: Path) -> None:
    """And the record says that nothing was."""
    box = make_box(tmp_path)
    fact = check(box.draft(write("kernels/pa.py", "TILE = 64\n")), box.tools)
    assert isinstance(fact, Checked)
    assert fact.compiled is None
    assert compile_best(box.state(), box.tools) == ()


@pytest.mark.parametrize(
    ("text", "outcome", "why"),
    [
        ("OPS = 2\n", CompileOutcome.FINE, ""),
        ("TILE = 64\n", CompileOutcome.UNUSED, "compiles to the same code as best's"),
        ("VGPR = 130\nOPS = 2\n", CompileOutcome.COSTLIER, "pa fits 3 waves per SIMD, best's 8 (130 registers"),
        ("LDS = 70000\n", CompileOutcome.CANNOT_LAUNCH, "70000 B of LDS for a work-group; gfx942 has 65536 B"),
        ("REFUSED = 1\n", CompileOutcome.BROKEN, "kernels/pa.py:1: error: no such layout"),
    ],
)
def test_what_compiling_ahead_shows(box: Box, text: str, outcome: CompileOutcome, why: str) -> None:
    """Settled, told, or left to the card; the delta against best is in the record."""
    found = look(box, text)
    assert found.outcome is outcome
    assert why in found.why
    assert bool(found.changes) is (outcome is not CompileOutcome.BROKEN)
    (built,) = found.builds
    assert (box.tools.folder / built.folder / "build.log").exists()


def test_best_is_compiled_once(box: Box) -> None:
    """Its builds are kept by its commit; what was kept and is damaged is made again."""
    state = box.state()
    first = compile_best(state, box.tools)
    assert compile_best(state, box.tools) == first
    folder = box.tools.round_folder(1)
    assert [path.name for path in folder.glob("compile-best-*")] == ["compile-best-1"]
    (kept,) = (box.tools.folder / "compiled").iterdir()
    kept.write_text("{")
    assert [one.end for one in compile_best(state, box.tools)] == [BuildEnd.BUILT]


def test_a_compiler_that_broke_meanwhile_is_not_the_candidates_fault(box: Box) -> None:
    """Before a refusal is believed best is compiled again."""
    compile_best(box.state(), box.tools)
    benchmark = replace(box.tools.settings.benchmark, environment={"FAKE_COMPILER": "broken"})
    box.tools = _with(box, replace(box.tools.settings, benchmark=benchmark))
    assert look(box, "OPS = 2\n").outcome is CompileOutcome.NOT_CHECKED


def test_a_compiler_that_was_changed_meanwhile_makes_nothing_costlier(box: Box) -> None:
    """Best is compiled again before its figures are held against a candidate: a new library may take more registers."""
    compile_best(box.state(), box.tools)
    benchmark = replace(box.tools.settings.benchmark, environment={"FAKE_COMPILER": "MORE = 70"})
    box.tools = _with(box, replace(box.tools.settings, benchmark=benchmark))
    found = look(box, "TILE = 64\n")
    assert (found.outcome, found.why[:20]) == (CompileOutcome.UNUSED, "every specialisation")


def test_a_stop_while_it_compiles(box: Box) -> None:
    """Is answered; the check is made again when the run goes on."""
    box.wishes.at_once = StopWish("you")
    assert check(box.draft(write("kernels/pa.py", "OPS = 2\n")), box.tools) == StopAsked(by="you")


def test_what_was_not_built_is_tried_again(box: Box) -> None:
    """What this machine lacked may have been installed since."""
    absent = replace(COVERED, command=("no-such-compiler",))
    box.tools = _with(box, settings(compile=CompileSettings(builds=(absent,))))
    for number in (1, 2):
        assert [one.end for one in compile_best(box.state(), box.tools)] == [BuildEnd.NOT_BUILT]
        assert (box.tools.round_folder(1) / f"compile-best-{number}").exists()


def formatted(box: Box, before: str, after: str) -> Compiled | None:
    """Compile what formatting made of a candidate, next to what it was made of."""
    drafts = [box.draft(write("kernels/pa.py", text), number) for number, text in enumerate((before, after), 1)]
    both = [check(draft, box.tools) for draft in drafts]
    first, second = (one.candidate for one in both if isinstance(one, Checked))
    return compile_formatted(first, second, box.state(), box.tools)


def test_formatting_is_compiled_next_to_what_was_measured(box: Box) -> None:
    """The same code, as a formatter should leave it; anything else is told."""
    same = formatted(box, "TILE = 64\nOPS = 2\n", "TILE  =  64\nOPS = 2\n")
    assert same is not None
    assert same.outcome is CompileOutcome.UNUSED
    assert tell_formatted(same) == ["formatting changed nothing of the compiled code"]


def test_formatting_that_changed_the_code_is_told(box: Box) -> None:
    """With the figures."""
    other = formatted(box, "VGPR = 100\nOPS = 2\n", "VGPR = 104\nOPS = 2\n")
    assert other is not None
    assert tell_formatted(other) == ["formatting changed the compiled code: b16: pa vgpr 100 -> 104"]


def test_without_builds_formatting_is_not_compiled(tmp_path: Path) -> None:
    """There is nothing to compile it with."""
    assert formatted(make_box(tmp_path), "OPS = 2\n", "OPS = 3\n") is None


def _with(box: Box, limits):
    from dataclasses import replace as changed

    return changed(box.tools, settings=limits)


def test_a_launcher_that_changed_is_left_to_the_card(tmp_path: Path) -> None:
    """The same code may be launched otherwise: only what acts through the compiled code alone is without effect."""
    box = make_box(tmp_path, settings(compile=CompileSettings(builds=(BUILD,))))
    assert look(box, "TILE = 64\n").outcome is CompileOutcome.FINE
    assert look(box, "TILE = 16  # as ever\n", 2).outcome is CompileOutcome.UNUSED


def test_to_leave_costlier_code_as_it_is_is_an_answer(box: Box) -> None:
    """The same tree again is no repeat when the proposer was asked to look again, and one in any other case."""
    act = write("kernels/pa.py", "VGPR = 130\nOPS = 2\n")
    assert look(box, "VGPR = 130\nOPS = 2\n").outcome is CompileOutcome.COSTLIER
    stage = Drafted(hypothesis(), box.edit(act), Origin.LOOK_AGAIN, Tries(looks=1))
    again = check(replace(box.state(stage=stage), stage_s=1500.0), box.tools)
    assert isinstance(again, Checked)
    mend = Drafted(hypothesis(), box.edit(act), Origin.QUICK_FIX, Tries())
    assert isinstance(check(replace(box.state(stage=mend), stage_s=1600.0), box.tools), Refused)


def test_the_brief_tells_what_best_compiles_to(box: Box) -> None:
    """For each class, the waves and the cliff first."""
    propose(Propose(), box.state(), box.tools)
    text = Path(box.proposer.asked[-1].brief).read_text()
    assert "## What best compiles to" in text
    assert "| b16 for gfx942 | all classes | pa | waves 8 of 8 per SIMD" in text


def test_the_card_is_the_one_the_kernels_ran_on() -> None:
    """Until a trace was taken nobody knows it."""
    assert targets_of(RunState()) == ()
    seen = replace(trace(), agents=(Agent(is_gpu=True, gfx="gfx950"), Agent(is_gpu=False)))
    assert targets_of(RunState(baseline_trace=seen)) == ("gfx950",)
