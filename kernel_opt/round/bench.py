"""Run the fixed benchmark once on a commit, and tell right from wrong from failed."""

from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.machine import describe_card
from kernel_opt.edges.provenance import ReadWatch
from kernel_opt.model.errors import KernelOptError, UsageError
from kernel_opt.model.facts import Benched, Broke, Fact, Faulted
from kernel_opt.model.stages import Right, Runnable
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Bench as BenchStep
from kernel_opt.round.canary import doubt_the_card
from kernel_opt.round.session import Bench, RunOnce, budget_s, export_tree, machine_fact, open_bench
from kernel_opt.round.telling import tell_run
from kernel_opt.round.tools import Tools
from kernel_opt.rules.card.health import CARD_FAULTS
from kernel_opt.rules.judge.classes import group_configs


def bench(step: BenchStep, state: RunState, tools: Tools) -> Fact:
    """Answer Benched, BenchedWrong, Broke or Refused; or what was wrong with the machine."""
    folder = tools.fresh_folder(state.round, Path(step.log_name).stem)
    opened = open_bench(folder, state, tools, budget_s(state, tools))
    if not isinstance(opened, Bench):
        return opened
    try:
        tree = export_tree(tools, step.commit, folder, "tree")
        changed = changed_files(state)
        with ReadWatch(tree, changed) as watch:
            answer = opened.run(RunOnce(tree=tree, log_name=step.log_name))
        fact = machine_fact(answer, opened, tools) or tell_run(step.commit, answer, opened, state, tools)
        if isinstance(fact, Broke):
            return _blame(fact, step, opened, state, tools)
        if isinstance(fact, Benched) and watch.read == ():
            why = f"the benchmark read none of the changed files: {', '.join(changed[:5])}"
            return Broke(commit=step.commit, kind="unused", why=why, folder=tools.relative(folder))
        return _with_classes(fact, opened, tools) if step.is_baseline and isinstance(fact, Benched) else fact
    finally:
        opened.end()
        remove_tree(folder / "tree")


def _blame(broke: Broke, step: BenchStep, opened: Bench, state: RunState, tools: Tools) -> Fact:
    """Tell a failure of the card from the candidate's; the baseline has no candidate that could have caused it."""
    if step.is_baseline:
        return Faulted(kind=broke.kind, why=broke.why, gpu_s=opened.gpu_s) if broke.kind in CARD_FAULTS else broke
    best = export_tree(tools, state.code, opened.folder, "tree-best")
    try:
        return doubt_the_card(broke, state.code, best, opened, state, tools)
    finally:
        remove_tree(best)


def changed_files(state: RunState) -> tuple[str, ...]:
    """Return the files of the candidate under test."""
    return state.stage.candidate.files if isinstance(state.stage, Runnable | Right) else ()


def _with_classes(fact: Benched, opened: Bench, tools: Tools) -> Fact:
    """Group the baseline's rows into config classes, for the whole run, and say what its times depend on."""
    columns = tools.settings.benchmark.class_columns
    try:
        classes = group_configs(fact.run.rows, columns or None)
    except UsageError as error:
        return Broke(commit=fact.run.commit, kind="classes", why=str(error), folder=fact.run.folder)
    except KernelOptError as error:
        return Faulted(kind="classes", why=str(error))
    return replace(fact, run=replace(fact.run, surroundings=_surroundings(opened, tools)), classes=classes)


def _surroundings(opened: Bench, tools: Tools) -> dict[str, str]:
    """Tell card, clocks, driver and tracer; of a group of CPU cores all there is to tell stands elsewhere."""
    if tools.platform.name == "host":
        return {}
    sys_root = Path(str(tools.platform.choice.options.get("sys_root", "/sys")))
    tracer = tools.platform.tracer.describe() if tools.platform.tracer else ""
    return {**describe_card(opened.reading, sys_root), **({"tracer": tracer} if tracer else {})}
