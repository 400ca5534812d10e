"""Trace a commit for its hotspots, as deep as the platform's tracer can here."""

from pathlib import Path

from msgspec.structs import replace

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

NONE = "the tracer left none"


def profile(step: Profile, state: RunState, tools: Tools) -> Fact:
    """Answer Traced; without a deep trace its note says why, and the run goes on with the kernel traces it has."""
    folder = tools.fresh_folder(state.round, "profile")
    tracer = tools.platform.tracer
    if tracer is None or not tools.settings.platform.deep_trace:
        note = "platform.deep_trace is off" if tracer else "this platform has no tracer"
        return Traced(
            commit=step.commit,
            trace=None,
            folder=tools.relative(folder),
            note=note,
            asked=_came(state, f"they cannot be had: {note}"),
        )
    opened = open_bench(folder, state, tools, budget_s(state, tools))
    if not isinstance(opened, Bench):
        return opened
    try:
        tree = export_tree(tools, step.commit, folder, "tree")
        fact = _descend(step, tree, tracer.deep_rungs, opened, state, tools)
        if not state.deeper.asked or not isinstance(fact, Traced):
            return fact
        return _count(step, fact, tree, opened, state, tools)
    finally:
        opened.end()
        remove_tree(folder / "tree")


def _descend(step: Profile, tree: Path, rungs: tuple[Rung, ...], opened: Bench, state: RunState, tools: Tools) -> Fact:
    """Take the first look that shows something; what fails is the tracer's affair and only noted."""
    notes: list[str] = []
    for rung in rungs:
        found = _look(rung, step, tree, opened, state, tools)
        if isinstance(found, Fact):
            return found
        if isinstance(found, RunTrace):
            where, note = tools.relative(opened.run_folder()), "; ".join(notes)
            return _traced(step, opened, where, note, found)
        notes.append(f"no {rung.value} look: {found}")
    where = tools.relative(opened.run_folder())
    return _traced(step, opened, where, "; ".join((*notes, "the kernel trace is all there is")))


def _look(rung: Rung, step: Profile, tree: Path, opened: Bench, state: RunState, tools: Tools) -> Fact | RunTrace | str:
    """Return what one look shows, why it shows nothing, or what the machine had against it."""
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
        return found
    return explain_failure(opened.log_tail(answer)) or (found if isinstance(found, str) else "it shows nothing")


def can_count(tools: Tools) -> bool:
    """Say whether counters are to be had here."""
    tracer = tools.platform.tracer
    return tracer is not None and tools.settings.platform.deep_trace and Rung.COUNTERS in tracer.deep_rungs


def _count(step: Profile, fact: Traced, tree: Path, opened: Bench, state: RunState, tools: Tools) -> Fact:
    """Add the counters that a proposer has asked for, and say what came of it."""
    if not can_count(tools):
        return replace(fact, asked=_came(state, "they cannot be had: this platform's tracer has none"))
    if fact.trace is None or fact.trace.counters:  # the ladder has been down there
        return replace(fact, asked=_came(state, "they came" if fact.trace else NONE))
    found = _look(Rung.COUNTERS, step, tree, opened, state, tools)
    if isinstance(found, Fact):
        return found
    if isinstance(found, str):
        notes = "; ".join(filter(None, (fact.note, f"no {Rung.COUNTERS.value} look: {found}")))
        return replace(fact, note=notes, asked=_came(state, NONE), gpu_s=opened.gpu_s)
    trace = replace(fact.trace, counters=found.trace.counters)
    return replace(fact, trace=trace, asked=_came(state, "they came"), gpu_s=opened.gpu_s)


def _came(state: RunState, what: str) -> str:
    return f"Counters were asked for in round {state.deeper.asked}; {what}." if state.deeper.asked else ""


def _traced(step: Profile, opened: Bench, where: str, note: str, found: RunTrace | None = None) -> Traced:
    trace = found.trace if found else None
    return Traced(commit=step.commit, trace=trace, folder=where, note=note, card=opened.card, gpu_s=opened.gpu_s)
