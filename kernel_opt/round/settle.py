"""Begin and end a round: open, seal, publish, drop, and the end of the whole run."""

from contextlib import suppress

from kernel_opt.edges.files import free_bytes
from kernel_opt.edges.git_refs import ForeignChangeError, best_ref, move_ref, read_ref
from kernel_opt.edges.tree_edit import tree_with
from kernel_opt.edges.worktree import advance_branch, put_back, remove_lanes
from kernel_opt.model.facts import Fact, Faulted, Stopped
from kernel_opt.model.round_facts import (
    BaselineKept,
    Dropped,
    Kept,
    RolledBack,
    RoundOpened,
    Sealed,
)
from kernel_opt.model.stages import Doubted, KeepSealed, RollbackSealed, Vetted
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Drop, Finish, OpenRound, Publish, Seal
from kernel_opt.round.tools import Tools
from kernel_opt.rules.integrity.quarantine import find_quarantine
from kernel_opt.rules.lanes import free_lane, trunk_number
from kernel_opt.rules.memory.explore import choose_ask
from kernel_opt.rules.memory.message import fit_message
from kernel_opt.views.format import clean, clean_line
from kernel_opt.views.performance import render_documents


def open_round(step: OpenRound, state: RunState, tools: Tools) -> Fact:
    """Begin a round when there is room on the disk for what it will write; the worktree is put back when it is used."""
    free_mb = free_bytes(tools.folder) / 1e6
    wanted_mb = tools.settings.disk.min_free_mb
    if free_mb < wanted_mb:
        why = f"{free_mb:.0f} MB free in {tools.folder}, a round needs {wanted_mb:.0f} MB (disk.min_free_mb)"
        return Faulted(kind="disk-full", why=why)
    # Any fixed mixing will do: the seed only has to differ between rounds and be the same after a crash.
    seed = (step.round * 2654435761 + len(state.tag)) % 2**31
    ask = choose_ask(state, tools.settings)
    return RoundOpened(round=step.round, best=state.code, seed=seed, ask=ask, lane=free_lane(state))


def seal(step: Seal, state: RunState, tools: Tools) -> Fact:
    """Write the commit that will be published: code and report together."""
    number = trunk_number(state) if step.purpose == "stop" else state.round
    documents = render_documents(tools.history(), pending=step.purpose, number=number)
    tree = tree_with(tools.repository, step.tree_of, documents)
    message = _message(step, state)
    at_s = state.stop.planned_s if state.stop else state.stage_s
    commit = tools.repository.commit_tree(tree, state.tip, message, at_s)
    return Sealed(purpose=step.purpose, old=state.tip, new=commit)


def _message(step: Seal, state: RunState) -> str:
    """Say in the commit why it works, or what it records; a log on a terminal must not be steered by a proposer."""
    return "\n".join(clean_line(line) for line in _tell_commit(step, state).split("\n"))


def _tell_commit(step: Seal, state: RunState) -> str:
    if step.purpose == "baseline":
        return f"kernel-opt {state.tag}: baseline\n\nThe kernel as found, measured; no code is changed.\n"
    if step.purpose == "rollback" and isinstance(state.stage, Doubted):
        return f"kernel-opt {state.tag}: back to {state.code[:12]}\n\n{state.stage.why}\n"
    if step.purpose == "stop" or not isinstance(state.stage, Vetted):
        reason = state.stop.reason if state.stop else "stopped"
        return f"kernel-opt {state.tag}: stop summary\n\n{reason}\n"
    hypothesis, verdict = state.stage.hypothesis, step.verdict
    why = state.stage.message or fit_message(hypothesis.why)
    parts = [clean(hypothesis.sentence), "", why, "", verdict.sentence if verdict else ""]
    parts += ["", f"Round {state.round}, measured as {state.stage.candidate.commit[:12]}."]
    return "\n".join(parts).strip() + "\n"


def publish(step: Publish, state: RunState, tools: Tools) -> Fact:
    """Move branch and best to the sealed commit; found done already is fine, moved by others is not."""
    try:
        advance_branch(tools.tree, step.new, step.old)
        ref = best_ref(state.tag)
        before = read_ref(tools.repository, ref)
        if before != step.new:
            move_ref(tools.repository, ref, step.new, before)
    except ForeignChangeError as error:
        return Faulted(kind="foreign-change", why=str(error))
    put_back(tools.tree, step.new)
    if step.purpose == "baseline":
        return BaselineKept(commit=step.new)
    if step.purpose == "stop":
        stop = state.stop
        _put_lanes_away(tools)
        return Stopped(reason=stop.reason if stop else "", code=stop.code if stop else "", best=step.new)
    match state.stage:
        case RollbackSealed():
            return RolledBack(commit=step.new, code=state.code, why=state.stage.why)
        case KeepSealed():
            return _kept(step.new, state.stage, tools)
        case _:
            raise TypeError("what is published was sealed before")


def _kept(commit: str, stage: KeepSealed, tools: Tools) -> Kept:
    why = stage.verdict.sentence
    if doubt := find_quarantine(stage.verdict, stage.candidate, tools.settings.integrity):
        why = f"{why} Re-checked {stage.passes} times from cold, since it is {doubt}."
    return Kept(commit=commit, candidate=stage.candidate.commit, why=why, rechecks=stage.passes)


def drop(step: Drop, state: RunState, tools: Tools) -> Fact:
    """Put the worktree back to best."""
    put_back(tools.tree, state.branch_best.commit if state.branch_best else state.tip)
    return Dropped(ending=step.ending, why=step.why)


def finish(step: Finish, state: RunState, tools: Tools) -> Fact:
    """End without publishing: the branch may stand on the sealed summary all the same, and that is told."""
    stands_at = read_ref(tools.repository, tools.tree.branch)
    sealed = state.stop.sealed[1] if state.stop and state.stop.sealed else None
    best = sealed if sealed is not None and stands_at == sealed else state.tip
    _put_lanes_away(tools)
    return Stopped(reason=step.reason, code=step.code, best=best)


def _put_lanes_away(tools: Tools) -> None:
    """Remove the lanes' checkouts before the last fact is told: whoever dies after it is not started again."""
    with suppress(OSError):  # must not hold up the end: the daemon tries once more, and tells
        remove_lanes(tools.tree)
