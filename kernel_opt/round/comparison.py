"""Two commits on one card: both shown to be right, then timed next to each other as best and candidate of a round."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from kernel_opt.edges.files import remove_tree
from kernel_opt.model.bench import BenchRun
from kernel_opt.model.comparison import Comparison, Side
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.facts import Benched, BenchedWrong, Broke, Disturbed, Fact, Measured, Purpose
from kernel_opt.model.judging import Redo, RunArm
from kernel_opt.model.measurement import Arm, Measurement
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Measure
from kernel_opt.model.verdict import Verdict
from kernel_opt.round.comparison_trouble import as_error
from kernel_opt.round.measure import measure_on
from kernel_opt.round.session import Bench, RunOnce, budget_s, export_tree, machine_fact, open_bench
from kernel_opt.round.steer import judge_limits
from kernel_opt.round.telling import tell_run
from kernel_opt.round.tools import Tools
from kernel_opt.rules.judge.classes import group_configs
from kernel_opt.rules.judge.comparison import next_comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """What is to be compared, and who is told how it goes."""

    a: Side
    b: Side
    least_pairs: int
    tell: Callable[[str], object]


def compare(wanted: Comparing, tools: Tools) -> Comparison:
    """Measure; whatever else comes of it is an error that says which side it was."""
    folder = tools.fresh_folder(0, "compare")
    state = RunState(tag=tools.place.tag, base=wanted.a.commit, repository=tools.place.repository)
    wanted.tell("looking for an idle card")
    opened = open_bench(folder, state, tools, budget_s(state, tools))
    if not isinstance(opened, Bench):
        raise as_error(opened, "")
    try:
        return _compare_on(opened, wanted, state, tools)
    finally:
        opened.end()
        for name in ("tree-a", "tree-b"):
            remove_tree(folder / name)


def _compare_on(bench: Bench, wanted: Comparing, state: RunState, tools: Tools) -> Comparison:
    sides = {Arm.BEST: wanted.a, Arm.CANDIDATE: wanted.b}
    trees = {
        Arm.BEST: export_tree(tools, wanted.a.commit, bench.folder, "tree-a"),
        Arm.CANDIDATE: export_tree(tools, wanted.b.commit, bench.folder, "tree-b"),
    }
    for arm, side in sides.items():
        wanted.tell(f"is {side.name} right?")
        run = _run_right(bench, RunOnce(tree=trees[arm], log_name=f"{arm.value}.log"), side, state, tools)
        if arm is Arm.BEST:
            classes = group_configs(run.rows, tools.settings.benchmark.class_columns or None)
            state = replace(state, baseline=run, classes=classes)
            bench.timeout_s = budget_s(state, tools)
    limits = judge_limits(tools)

    def ask(measurement: Measurement) -> RunArm | Redo | None:
        answer = next_comparison(measurement, state.classes, limits, wanted.least_pairs)
        if isinstance(answer, Verdict):
            return None
        wanted.tell(_tell_next(answer, measurement, sides))
        return answer

    step = Measure(wanted.a.commit, wanted.b.commit, Purpose.HEADLINE)
    fact = measure_on(bench, step, state, tools, trees, ask)
    if not isinstance(fact, Measured):
        raise as_error(fact, _name_side(fact, sides))
    verdict = next_comparison(fact.measurement, state.classes, limits, wanted.least_pairs)
    if not isinstance(verdict, Verdict):
        raise InfrastructureError("the measurement ended before the judge had what it asked for", "run it again")
    return Comparison(
        a=wanted.a,
        b=wanted.b,
        verdict=verdict,
        measurement=fact.measurement,
        classes=state.classes,
        card=bench.card,
        gpu_s=fact.gpu_s,
        notes=_notes(wanted, tools),
    )


def _run_right(bench: Bench, once: RunOnce, side: Side, state: RunState, tools: Tools) -> BenchRun:
    """Run one side once, not for its time; raise when its numbers are not right."""
    fact: Fact = Disturbed(why=())
    for _ in range(1 + tools.settings.judge.max_redos):
        answer = bench.run(once)
        fact = machine_fact(answer, bench, tools) or tell_run(side.commit, answer, bench, state, tools)
        if not isinstance(fact, Disturbed):
            break
    if not isinstance(fact, Benched):
        raise as_error(fact, side.name)
    return fact.run


def _tell_next(answer: RunArm | Redo, measurement: Measurement, sides: dict[Arm, Side]) -> str:
    if isinstance(answer, Redo):
        return f"{sides[measurement.runs[answer.index].arm].name} again: {answer.why}"
    return f"run {len(measurement.runs) + 1}, {sides[answer.arm].name}: {answer.reason}"


def _name_side(fact: Fact, sides: dict[Arm, Side]) -> str:
    if isinstance(fact, Broke | BenchedWrong):
        return next((side.name for side in sides.values() if side.commit == fact.commit), "")
    return ""


def _notes(wanted: Comparing, tools: Tools) -> tuple[str, ...]:
    """Say what a reader of the figures must know besides."""
    file = tools.settings.benchmark.file
    texts = [tools.repository.read_at(side.commit, file) for side in (wanted.a, wanted.b)]
    return () if texts[0] == texts[1] else (f"the benchmark {file} itself differs: each side ran its own",)
