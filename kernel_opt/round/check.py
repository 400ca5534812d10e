"""See whether an edit may run, before any GPU second is spent, and write it down as a commit."""

import sys
from pathlib import Path

from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.git_refs import move_ref, read_ref, round_ref
from kernel_opt.edges.process import run_contained
from kernel_opt.edges.python_syntax import find_syntax_error
from kernel_opt.edges.worktree import put_back
from kernel_opt.model.edit import ChangeKind, Edit
from kernel_opt.model.facts import Fact, StopAsked
from kernel_opt.model.hypothesis import Candidate, Origin
from kernel_opt.model.round_facts import Checked, Refused
from kernel_opt.model.stages import Drafted
from kernel_opt.model.state import RunState
from kernel_opt.round.compile import compile_candidate
from kernel_opt.round.enclose import enclose_tool
from kernel_opt.round.repeats import find_repeat, name_draft
from kernel_opt.round.tools import Tools
from kernel_opt.rules.ask import judge_hypothesis
from kernel_opt.rules.integrity.edits import Refusal, judge_edit
from kernel_opt.rules.integrity.signals import find_signals
from kernel_opt.rules.memory.relatives import claim_of, find_relatives, judge_nearness
from kernel_opt.rules.memory.touched import find_functions

CHECK_LIMIT_S = 120.0  # a cheap check; a compiler over a few files


def check(state: RunState, tools: Tools) -> Fact:
    """Answer Refused with the rule, or Checked with the candidate under its hidden ref."""
    draft = state.stage
    if not isinstance(draft, Drafted):
        raise TypeError(f"nothing is drafted in {type(draft).__name__}")
    refusal = _find_refusal(draft, state, tools)
    if refusal is not None:
        return Refused(rule=refusal.rule, why=refusal.why, cheat=refusal.cheat)
    candidate = write_candidate(draft.edit.tree, draft.origin, state, tools, _paths(draft.edit))
    compiled = compile_candidate(candidate, state, tools)
    if (wish := tools.wishes.stop_now()) is not None:
        return StopAsked(by=wish.reason)
    return Checked(candidate=candidate, notes=_name_relatives(draft, candidate, state), compiled=compiled)


def _name_relatives(draft: Drafted, candidate: Candidate, state: RunState) -> tuple[str, ...]:
    """Name the earlier tries that a proposal is nearest to, for whoever looks at the round."""
    if draft.origin is not Origin.PROPOSED:
        return ()
    claim = claim_of(draft.hypothesis, candidate.files, candidate.touched)
    near = [f"round {one.trial.round} ({one.trial.ending.value})" for one in find_relatives(claim, state.trials)]
    return (f"nearest earlier tries: {', '.join(near)}",) if near else ()


def _find_refusal(draft: Drafted, state: RunState, tools: Tools) -> Refusal | None:
    refusal = judge_edit(draft.edit, tools.settings.edit, tools.settings.benchmark.file, tools.unheeded)
    if refusal is None and draft.origin is Origin.PROPOSED:
        trace = state.best.trace if state.best and tools.settings.brief.evidence else None
        refusal = judge_hypothesis(draft.hypothesis, trace, state.classes, state.ideas)
        refusal = refusal or judge_nearness(draft.hypothesis, _paths(draft.edit), state.trials)
    if refusal is None:
        refusal = find_repeat(draft, state, tools)
    return refusal or _find_broken_syntax(draft, state, tools)


def _paths(edit: Edit) -> tuple[str, ...]:
    return tuple(change.path for change in edit.changes)


def write_candidate(tree: str, origin: Origin, state: RunState, tools: Tools, files: tuple[str, ...]) -> Candidate:
    """Write the candidate as a commit under its round's hidden ref; doing it twice gives the same commit."""
    ref = round_ref(state.tag, state.round)
    before = read_ref(tools.repository, ref)
    message = f"Round {state.round}: {origin.value}\n\nkernel-opt-candidate: {name_draft(state)}\n"
    parent = _previous(before, message, tools) or state.tip
    commit = tools.repository.commit_tree(tree, parent, message, state.stage_s)
    if before != commit:
        move_ref(tools.repository, ref, commit, before)
    added, removed = tools.repository.numstat(state.tip, tree)
    diff = tools.repository.diff_text(state.tip, tree)
    return Candidate(
        commit=commit,
        parent=state.tip,
        origin=origin,
        files=files,
        lines_added=added,
        lines_removed=removed,
        signals=find_signals(diff),
        touched=find_functions(diff),
    )


def _previous(before: str | None, message: str, tools: Tools) -> str | None:
    """Return the round's candidate before this one; when this one is there already, what it was built on."""
    if before is None:
        return None
    said = tools.repository.git.run("log", "-1", "--format=%B", before).decode(errors="replace")
    return tools.repository.commit_of(f"{before}^") if said.strip() == message.strip() else before


def _find_broken_syntax(draft: Drafted, state: RunState, tools: Tools) -> Refusal | None:
    """Run the user's cheap check in a worktree that is what the edit says; without one, parse the Python of it."""
    argv = tools.settings.edit.check_command
    if not argv:
        why = _find_unparsable(draft.edit, tools)
        return Refusal(rule="does-not-compile", why=why, cheat=False) if why else None
    folder = tools.fresh_folder(state.round, "check")
    commit = tools.repository.commit_tree(draft.edit.tree, state.tip, "to be checked", state.stage_s)
    put_back(tools.tree, commit)
    log = folder / "check.log"
    ended = run_contained(
        argv,
        cwd=tools.tree.path,
        env=child_environment(folder / "home", base=tools.environment),
        log=log,
        timeout_s=CHECK_LIMIT_S,
        sandbox=enclose_tool(tools, folder),
    )
    remove_tree(folder / "home")
    if ended.exit_code == 0:
        return None
    if ended.timed_out:
        why = f"{argv[0]} was still checking after {CHECK_LIMIT_S:.0f} s"
        return Refusal(rule="does-not-compile", why=why, cheat=False)
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return Refusal(rule="does-not-compile", why=(lines or ["the check gave no reason"])[-1][:300], cheat=False)


def _find_unparsable(edit: Edit, tools: Tools) -> str | None:
    """Parse the changed Python files from their stored bytes."""
    left = [c.path for c in edit.changes if c.path.endswith(".py") and c.kind is not ChangeKind.DELETED]
    found = {path: tools.repository.read_at(edit.tree, path) for path in left}
    sources = {path: text for path, text in found.items() if text is not None}
    if not sources:
        return None
    return find_syntax_error(_interpreter(tools), sources, tools.environment, CHECK_LIMIT_S)


def _interpreter(tools: Tools) -> str:
    """Return the Python that will run the code, since another version may know another syntax; else our own."""
    program = tools.settings.benchmark.command[0]
    return program if Path(program).name.startswith("python") else sys.executable
