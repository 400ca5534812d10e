"""Trace a commit for its hotspots: one run with the platform's sampler or thread trace."""

from kernel_opt.edges.files import remove_tree
from kernel_opt.model.facts import Benched, Fact, Traced
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Profile
from kernel_opt.round.bench import tell_run
from kernel_opt.round.session import Bench, RunOnce, budget_s, export_tree, machine_fact, open_bench
from kernel_opt.round.tools import Tools
from kernel_opt.round.traces import RunTrace, read_run_trace


def profile(step: Profile, state: RunState, tools: Tools) -> Fact:
    """Answer Traced; without a trace its note says why, and the run goes on without hot lines."""
    folder = tools.fresh_folder(state.round, "profile")
    if tools.platform.tracer is None or not tools.settings.platform.deep_trace:
        note = "platform.deep_trace is off" if tools.platform.tracer else "this platform has no tracer"
        return Traced(commit=step.commit, trace=None, folder=tools.relative(folder), note=note)
    opened = open_bench(folder, state, tools, budget_s(state, tools))
    if not isinstance(opened, Bench):
        return opened
    tree = export_tree(tools, step.commit, folder, "tree")
    try:
        answer = opened.run(RunOnce(tree=tree, log_name="profile.log", traced=True, deep=True))
        fact = machine_fact(answer, opened, tools)
        if fact is not None:
            return fact
        told = tell_run(step.commit, answer, opened, state, tools)
        rows = told.run.rows if isinstance(told, Benched) else ()
        traced = read_run_trace(opened, tree, rows, state, tools)
        trace = traced.trace if isinstance(traced, RunTrace) else None
        note = traced if isinstance(traced, str) else ""
        where = tools.relative(opened.run_folder())
        return Traced(commit=step.commit, trace=trace, folder=where, note=note, card=opened.card, gpu_s=opened.gpu_s)
    finally:
        opened.end()
        remove_tree(tree)
