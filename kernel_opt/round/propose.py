"""Ask the proposer: for a hypothesis and its edit, for a mend of its own candidate, for a split."""

from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.edits import capture_edit
from kernel_opt.edges.files import atomic_write, remove_tree
from kernel_opt.edges.secrets import mask_answer, mask_files
from kernel_opt.edges.worktree import put_back
from kernel_opt.model.edit import Edit
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Fact, ProposerAway, StopAsked
from kernel_opt.model.hypothesis import Hypothesis, Origin
from kernel_opt.model.proposal import Answer, Reply, Request, Task
from kernel_opt.model.round_facts import Edited, GaveNothing, Proposed
from kernel_opt.model.stages import Weighed
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Amend, Propose
from kernel_opt.round.enclose import enclose_proposer
from kernel_opt.round.guide import guide_to
from kernel_opt.round.tools import Tools
from kernel_opt.rules.integrity.edits import EDIT_CAP_BYTES
from kernel_opt.rules.spending import left_usd
from kernel_opt.views.brief import brief_facts, render_brief

LEFTOVERS = ("__pycache__", "*.pyc", ".pytest_cache", ".mypy_cache", ".ruff_cache")
"""What programs leave behind unasked; it is no part of an edit, and never of the tree that is measured."""

TASKS = {
    Origin.QUICK_FIX: Task.QUICK_FIX,
    Origin.LOOK_AGAIN: Task.LOOK_AGAIN,
    Origin.REPAIR: Task.REPAIR,
    Origin.SPLIT: Task.SPLIT,
}


def propose(step: Propose, state: RunState, tools: Tools) -> Fact:
    """Get one hypothesis and one edit from a worktree that is best."""
    put_back(tools.tree, state.tip)
    folder = tools.fresh_folder(state.round, "propose")
    answer = ask_proposer(Task.PROPOSE, state, tools, folder, step.sent_back)
    stopped = _stopped(answer, tools, folder)
    if stopped is not None:
        return stopped
    if answer.hypothesis is None:
        return GaveNothing(why="no hypothesis", usage=answer.usage, folder=tools.relative(folder))
    edit = _capture(state, tools)
    if isinstance(edit, str):
        return GaveNothing(why=edit, usage=answer.usage, folder=tools.relative(folder))
    return Proposed(
        hypothesis=replace(answer.hypothesis, proposer=tools.proposer.name),
        edit=edit,
        proposer=tools.proposer.name,
        usage=answer.usage,
        folder=tools.relative(folder),
    )


def amend(step: Amend, state: RunState, tools: Tools) -> Fact:
    """Have the proposer change its own candidate; the edit is told against best all the same."""
    put_back(tools.tree, step.candidate.commit)
    folder = tools.fresh_folder(state.round, step.origin.value)
    answer = ask_proposer(TASKS[step.origin], state, tools, folder, step.why, step.hypothesis)
    stopped = _stopped(answer, tools, folder)
    if stopped is not None:
        return stopped
    edit = _capture(state, tools)
    if isinstance(edit, str):
        return GaveNothing(why=edit, usage=answer.usage, folder=tools.relative(folder))
    return Edited(
        origin=step.origin,
        edit=edit,
        note=answer.hypothesis.sentence if answer.hypothesis else "",
        usage=answer.usage,
        folder=tools.relative(folder),
        condition=_condition(state) if step.origin is Origin.SPLIT else "",
    )


def _capture(state: RunState, tools: Tools) -> Edit | str:
    """Return the edit as told against best; the reason when the proposer left no worktree to look at."""
    cap_bytes = tools.settings.edit.max_file_bytes
    try:
        return capture_edit(
            tools.repository,
            tools.tree.path,
            state.tip,
            ignore=LEFTOVERS,
            file_cap_bytes=cap_bytes,
            total_cap_bytes=EDIT_CAP_BYTES,
            secrets=tools.secrets,
        )
    except ReadFailedError as error:
        return str(error)


def _condition(state: RunState) -> str:
    """Return the dispatch condition that tells the gaining classes from the others, if one was found."""
    verdict = state.stage.verdict if isinstance(state.stage, Weighed) else None
    return verdict.condition.text if verdict and verdict.condition else ""


def ask_proposer(
    task: Task, state: RunState, tools: Tools, folder: Path, why: str, hypothesis: Hypothesis | None = None
) -> Answer:
    """Write the brief and call the proposer."""
    skills = tools.skills
    facts = brief_facts(task, state, tools.settings, why, hypothesis, guide_to(task, state, tools, skills))
    brief = folder / "brief.md"
    atomic_write(brief, render_brief(facts, tools.settings.brief.tokens).encode())
    request = Request(
        task=task,
        round=state.round,
        brief=str(brief),
        worktree=str(tools.tree.path),
        folder=str(folder),
        home=str(tools.homes),
        left_usd=left_usd(state, tools.settings),
        sandbox=enclose_proposer(tools, folder, brief, tools.homes, reads=(skills,)),
        skills=str(skills),
        facts=facts,
    )
    answer = tools.proposer.work(request, tools.wishes.stop_now)
    remove_tree(folder / "home")  # its caches; the transcript stays
    mask_files(folder, tools.secrets)
    return mask_answer(answer, tools.secrets)


def _stopped(answer: Answer, tools: Tools, folder: Path) -> Fact | None:
    """Return the fact that ends this step early, or None when there is an edit to look at."""
    wish = tools.wishes.stop_now()
    if wish is not None:
        return StopAsked(by=wish.reason, usage=answer.usage)
    match answer.reply:
        case Reply.OK:
            return None
        case Reply.AWAY | Reply.BARRED | Reply.DRY:
            is_final = answer.reply is not Reply.AWAY
            return ProposerAway(
                why=answer.detail, retry_after_s=answer.retry_after_s, final=is_final, usage=answer.usage
            )
        case Reply.NOTHING:
            return GaveNothing(why=answer.detail, usage=answer.usage, folder=tools.relative(folder))
