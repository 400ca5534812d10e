"""Put what a round has changed so far on a newer best, since another round became best first."""

from collections.abc import Mapping

from kernel_opt.edges.merge import MergeConflictError, merge_trees
from kernel_opt.edges.repository import TreeEntry
from kernel_opt.edges.worktree import put_back
from kernel_opt.model.edit import Change, ChangeKind, Edit
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.facts import Fact
from kernel_opt.model.round_facts import Dropped, Ending, Rebased
from kernel_opt.model.stages import Drafted
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Rebase
from kernel_opt.round.tools import Tools


def rebase(step: Rebase, state: RunState, tools: Tools) -> Fact:
    """Answer Rebased, or Dropped where both changed the same lines, or where nothing is left of the change."""
    if not step.tree:
        return Rebased(onto=step.onto)
    newer = state.branch_best
    if newer is None or newer.code != step.onto:
        raise InfrastructureError(f"{step.onto[:12]} is not what stands on the branch", "the step is done again")
    try:
        tree = merge_trees(tools.repository, state.tip, newer.commit, step.tree)
    except MergeConflictError as error:
        why = f"it cannot be put on top of round {newer.round}, which changed the same lines of {error}"
        return _drop(newer.commit, why, tools)
    edit = _tell_edit(newer.commit, tree, state, tools)
    if not edit.changes:
        return _drop(newer.commit, f"nothing is left of it on top of round {newer.round}, which did the same", tools)
    return Rebased(onto=step.onto, edit=edit)


def _drop(tip: str, why: str, tools: Tools) -> Dropped:
    put_back(tools.tree, tip)
    return Dropped(ending=Ending.REBASE_LOST, why=why)


def _tell_edit(onto: str, tree: str, state: RunState, tools: Tools) -> Edit:
    """Tell the change against the newer best; what a draft has that no tree can hold stays told, and is refused."""
    before, after = tools.repository.entries(onto), tools.repository.entries(tree)
    paths = [path for path in sorted(before.keys() | after.keys()) if _differ(before.get(path), after.get(path))]
    changes = [_tell_change(path, before, after) for path in paths]
    changes += _not_in_tree(state, tools)
    added, removed = tools.repository.numstat(onto, tree)
    return Edit(base=onto, tree=tree, changes=tuple(changes), lines_added=added, lines_removed=removed)


def _not_in_tree(state: RunState, tools: Tools) -> list[Change]:
    """Return the changes of a draft that its tree leaves out: links, specials, files over the cap."""
    if not isinstance(state.stage, Drafted):
        return []
    edit = state.stage.edit
    before, after = tools.repository.entries(state.tip), tools.repository.entries(edit.tree)
    held = {path.decode(errors="backslashreplace") for path in before.keys() | after.keys()
            if _differ(before.get(path), after.get(path))}  # fmt: skip
    return [change for change in edit.changes if change.path not in held]


def _differ(one: TreeEntry | None, other: TreeEntry | None) -> bool:
    return one is None or other is None or (one.mode, one.sha) != (other.mode, other.sha)


def _tell_change(path: bytes, before: Mapping[bytes, TreeEntry], after: Mapping[bytes, TreeEntry]) -> Change:
    was, now = before.get(path), after.get(path)
    kind = ChangeKind.ADDED if was is None else ChangeKind.MODIFIED
    if was is not None and (now is None or now.sha == was.sha):
        kind = ChangeKind.DELETED if now is None else ChangeKind.MODE
    about = now or was
    mode, size_bytes = (about.mode, about.size_bytes if now else 0) if about else ("", 0)
    return Change(path=path.decode(errors="backslashreplace"), kind=kind, mode=mode, size_bytes=size_bytes)
