"""Trace a commit for its hotspots, as deep as the platform's tracer can here."""

from pathlib import Path

from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.tracers.failures import explain_failure
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.model.facts import Benched, Fact, Faulted, Traced
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Profile
from kernel_opt.round.session import Bench, RunOnce, budget_s, export_tree, machine_fact, open_bench
from kernel_opt.round.telling import tell_run
from kernel_opt.round.tools import Tools
from kernel_opt.round.traces import RunTrace, read_run_trace


def profile(step: Profile, state: RunState, tools: Tools) -> Fact:
    """Answer Traced; without a deep trace its note says why, and the run goes on with the kernel traces it has."""
    folder = tools.fresh_folder(state.round, "profile")
    tracer = tools.platform.tracer
    if tracer is None or not tools.settings.platform.deep_trace:
        note = "platform.deep_trace is off" if tracer else "this platform has no tracer"
        return Traced(commit=step.commit, trace=None, folder=tools.relative(folder), note=note)
    opened = open_bench(folder, state, tools, budget_s(state, tools))
    if not isinstance(opened, Bench):
        return opened
    try:
        tree = export_tree(tools, step.commit, folder, "tree")
        return _descend(step, tree, tracer.deep_rungs, opened, state, tools)
    finally:
        opened.end()
        remove_tree(folder / "tree")


def _descend(step: Profile, tree: Path, rungs: tuple[Rung, ...], opened: Bench, state: RunState, tools: Tools) -> Fact:
    """Take the first look that shows something; what fails is the tracer's affair and only noted."""
    notes: list[str] = []
    for rung in rungs:
        answer = opened.run(RunOnce(tree=tree, log_name=f"{rung.value}.log", rung=rung))
        fact = machine_fact(answer, opened, tools)
        if fact is not None:
            return fact
        told = tell_run(step.commit, answer, opened, state, tools)
        if isinstance(told, Faulted):
            return told
        rows = told.run.rows if isinstance(told, Benched) else ()
        found = read_run_trace(opened, tree, rows, state, tools)
        if isinstance(found, RunTrace) and found.stray:
            return Faulted(kind="wrong-card", why=found.stray, gpu_s=opened.gpu_s)
        if isinstance(found, RunTrace) and found.shows(rung):
            where, note = tools.relative(opened.run_folder()), "; ".join(notes)
            return _traced(step, opened, where, note, found)
        why = explain_failure(opened.log_tail(answer)) or (found if isinstance(found, str) else "it shows nothing")
        notes.append(f"no {rung.value} look: {why}")
    where = tools.relative(opened.run_folder())
    return _traced(step, opened, where, "; ".join((*notes, "the kernel trace is all there is")))


def _traced(step: Profile, opened: Bench, where: str, note: str, found: RunTrace | None = None) -> Traced:
    trace = found.trace if found else None
    return Traced(commit=step.commit, trace=trace, folder=where, note=note, card=opened.card, gpu_s=opened.gpu_s)
