"""Whose failure it was: the command's, the tracer's, or the card's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from kernel_opt.edges.manifest import Changes
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.session_records import CollectedFile, RunAnswer, RunOutcome
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.model.facts import BenchedWrong, Broke, Disturbed, Faulted
from kernel_opt.model.reading import Reading
from kernel_opt.model.settings import PlatformSettings
from kernel_opt.model.state import RunState
from kernel_opt.round.arms import ArmRun, Arms, TracerFailed
from kernel_opt.round.canary import doubt_the_card
from kernel_opt.round.session import RunOnce
from tests.edges.tracers.trace_files import START, row, text
from tests.fakes import settings

TABLE = "shape,us,err\n1,5.0,0\n"
WRONG = "shape,us,err\n1,5.0,0.5\n"
TRACE = text(22, [row(22, "k", START + n, START + n + 5) for n in range(4)])
AGENTS = "Node_Id,Logical_Node_Id,Agent_Type,Location_Id,Domain,Gpu_Id\n0,0,CPU,0,0,0\n4,4,GPU,{location},0,28851\n"
HERE, ELSEWHERE = AGENTS.format(location=0x7500), AGENTS.format(location=0x0500)
OK, FAILED = RunOutcome.OK, RunOutcome.FAILED
FAULT = "Memory access fault by GPU node-2 (Agent handle: 0x5) on address 0x7f"

LEASED = Reading(card=0, source="rocm-smi", at_s=0.0, bdf="0000:75:00.0", guid=28851, hip_index=0)


@dataclass
class End:
    """How one run ends and what it leaves."""

    outcome: RunOutcome = OK
    table: str | None = TABLE
    trace: str | None = TRACE
    agents: str | None = HERE
    log: str = ""


@dataclass
class FakeBench:
    """A card on which runs end as the script says."""

    folder: Path
    script: list[End]
    rungs: list[Rung] = field(default_factory=list)
    card: str = "pci-0000:75:00-p0"
    gpu_s: float = 1.0
    reading: Reading = LEASED
    log: str = ""
    changes: Changes = field(default_factory=Changes)

    def run(self, wanted: RunOnce) -> RunAnswer:
        end = self.script.pop(0)
        self.rungs.append(wanted.rung)
        self.log = end.log
        is_traced = wanted.rung is not Rung.SCRIPT
        left = {"files/out.csv": end.table}
        left |= {"trace/1_kernel_trace.csv": end.trace, "trace/1_agent_info.csv": end.agents} if is_traced else {}
        files = [self._leave(name, content) for name, content in left.items() if content is not None]
        disturbances = ("a neighbour",) if end.outcome is RunOutcome.DISTURBED else ()
        exit_code = 0 if end.outcome is OK else 1
        return RunAnswer(
            outcome=end.outcome, exit_code=exit_code, wall_s=1.0, files=tuple(files), disturbances=disturbances
        )

    def run_folder(self) -> Path:
        return self.folder / "session" / "runs" / f"{len(self.rungs):04d}"

    def log_tail(self, _: RunAnswer, __: int = 0) -> str:
        return self.log

    def _leave(self, name: str, content: str) -> CollectedFile:
        path = self.run_folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        origin = path.name if name.startswith("files") else str(path)
        where = str(path.relative_to(self.folder / "session"))
        return CollectedFile(path=where, origin=origin, sha256="", bytes=len(content))


def make(tmp_path: Path, *script: End) -> tuple[FakeBench, SimpleNamespace, Arms]:
    own = settings()
    own = replace(own, benchmark=replace(own.benchmark, csv="out.csv", error="err"), target_kernels=("k",))
    (tmp_path / "tree").mkdir()
    tools = SimpleNamespace(
        settings=own,
        platform=open_kit(PlatformSettings(name="rocm")),
        wishes=SimpleNamespace(stop_now=lambda: None),
        relative=lambda path: str(path.relative_to(tmp_path)),
        unheeded=frozenset[str](),
    )
    bench = FakeBench(tmp_path, list(script))
    return bench, tools, Arms(bench, RunState(), tools)


def play(tmp_path: Path, *script: End) -> tuple[object, Sequence[Rung]]:
    """Run once and tell; return what was told and how the card was used."""
    bench, _, arms = make(tmp_path, *script)
    return arms.tell("c0ffee", tmp_path / "tree", arms.run(tmp_path / "tree", "run.log")), bench.rungs


CRASHED = End(FAILED, log="[rocprofv3] Fatal error: Command died with <Signals.SIGSEGV: 11>.")


def test_a_right_run_with_a_trace_has_gpu_times(tmp_path: Path) -> None:
    """One run, on the leased card; that the rows cannot be told apart is noted."""
    told, rungs = play(tmp_path, End())
    assert isinstance(told, ArmRun)
    assert told.found is not None
    assert (told.found.attribution.whole_us, rungs) == (0.02, [Rung.KERNEL])
    (note,) = told.found.trace.notes
    assert note.startswith("GPU time by rows: 4 dispatches do not fall into 1 rows")


def test_a_crash_after_whole_results_costs_one_run_without_the_tracer(tmp_path: Path) -> None:
    """The times of the traced run count; a second crash of the same build is believed at once."""
    bench, _, arms = make(tmp_path, CRASHED, End(), CRASHED)
    for _ in range(2):
        told = arms.tell("c0ffee", tmp_path / "tree", arms.run(tmp_path / "tree", "run.log"))
        assert isinstance(told, ArmRun)
        assert told.found is not None
    assert bench.rungs == [Rung.KERNEL, Rung.SCRIPT, Rung.KERNEL]


@pytest.mark.parametrize("end", [End(FAILED, table=None), End(table=None), End(RunOutcome.STEP_TIMEOUT, table=None)])
def test_a_failure_under_the_tracer_alone_is_the_tracers(tmp_path: Path, end: End) -> None:
    """Crashed, without a table, or hung: without the tracer all is right."""
    told, _ = play(tmp_path, end, End())
    assert isinstance(told, TracerFailed)
    assert not told.is_empty


@pytest.mark.parametrize("outcome", [OK, FAILED])
def test_a_failure_without_the_tracer_is_the_commands_own(tmp_path: Path, outcome: RunOutcome) -> None:
    """Whatever exit code the wrapper gave."""
    told, _ = play(tmp_path, End(outcome, table=None), End(FAILED, table=None, log="SyntaxError: no"))
    assert isinstance(told, Broke)
    assert told.kind == "crash"


def test_wrong_numbers_are_wrong_under_the_tracer_too(tmp_path: Path) -> None:
    """In the table; in a log whose exit code the wrapper hides; and in the run that shows the command's own."""
    unclose = "AssertionError: Tensor-likes are not close!"
    assert isinstance(play(tmp_path, End(table=WRONG))[0], BenchedWrong)
    for name, ends in {
        "hidden": [End(OK, table=None, log=unclose)],
        "own": [End(OK, table=None), End(FAILED, table=None, log=unclose)],
    }.items():
        (tmp_path / name).mkdir()
        assert isinstance(play(tmp_path / name, *ends)[0], BenchedWrong)


def test_a_neighbour_of_the_second_run_spoils_the_answer(tmp_path: Path) -> None:
    """Then nothing is known."""
    assert isinstance(play(tmp_path, CRASHED, End(RunOutcome.DISTURBED))[0], Disturbed)


@pytest.mark.parametrize(
    ("end", "is_empty"),
    [(End(trace=None), True), (End(trace=None, agents=None), False), (End(trace=TRACE[:-40]), False)],
)
def test_a_right_run_without_a_whole_trace_is_the_tracers_failure(tmp_path: Path, end: End, is_empty: bool) -> None:
    """Devices and no kernel is told apart: the tracer may be right about that."""
    told, _ = play(tmp_path, end)
    assert isinstance(told, TracerFailed)
    assert told.is_empty is is_empty


def test_a_run_on_another_card_is_a_fault_that_blocks(tmp_path: Path) -> None:
    """Nothing measured so can be trusted."""
    told, _ = play(tmp_path, End(agents=ELSEWHERE))
    assert isinstance(told, Faulted)
    assert (told.kind, "not on the leased card 0" in told.why) == ("wrong-card", True)


def test_a_trace_that_names_no_card_is_noted(tmp_path: Path) -> None:
    """Recorded as not checked, and taken."""
    told, _ = play(tmp_path, End(agents=None))
    assert isinstance(told, ArmRun)
    assert told.found is not None
    assert told.found.trace.notes[-1].startswith("not checked: ")


def test_without_tracing_a_run_is_its_script_time(tmp_path: Path) -> None:
    """A failure is then the command's, without a second run."""
    bench, _, arms = make(tmp_path, End(), End(FAILED, table=None))
    arms.is_tracing = False
    told = arms.tell("c0ffee", tmp_path / "tree", arms.run(tmp_path / "tree", "run.log"))
    assert isinstance(told, ArmRun)
    assert told.found is None
    assert isinstance(arms.tell("c0ffee", tmp_path / "tree", arms.run(tmp_path / "tree", "run.log")), Broke)
    assert bench.rungs == [Rung.SCRIPT, Rung.SCRIPT]


@pytest.mark.parametrize(
    ("kind", "canary", "told"),
    [
        ("crash", None, Broke),
        ("memory access fault", End(), Broke),
        ("hang", End(), Broke),
        ("memory access fault", End(FAILED, table=None, log=FAULT), Faulted),
        ("hang", End(RunOutcome.STEP_TIMEOUT, table=None), Faulted),
        ("GPU hang", End(table=WRONG), Faulted),
        ("GPU hang", End(RunOutcome.DISTURBED), Disturbed),
    ],
)
def test_a_fault_of_the_card_is_the_candidates_when_best_runs_right(
    tmp_path: Path, kind: str, canary: End | None, told: type
) -> None:
    """An ordinary crash needs no second look; where best fails as well the machine is at fault."""
    bench, tools, _ = make(tmp_path, *([canary] if canary else []))
    broke = Broke(commit="c0ffee", kind=kind, why="it died", folder="x")
    fact = doubt_the_card(broke, "best", tmp_path / "tree", bench, RunState(), tools)
    assert isinstance(fact, told)
    assert isinstance(fact, Disturbed) or fact.kind == kind
