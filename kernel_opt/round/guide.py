"""What a proposer is shown besides the run's own state: the code's map, its own edit so far, what best compiles to."""

from pathlib import Path

from kernel_opt.edges.skills import lay_out_skills
from kernel_opt.model.hypothesis import Candidate
from kernel_opt.model.proposal import Task
from kernel_opt.model.state import RunState
from kernel_opt.round.compile import compile_best
from kernel_opt.round.profile import can_count
from kernel_opt.round.survey import read_hot_lines, survey
from kernel_opt.round.tools import Tools
from kernel_opt.views.brief import DIFF_CAP, Guide

NEEDS_MAP = frozenset({Task.PROPOSE, Task.SPLIT})


def guide_to(task: Task, state: RunState, tools: Tools, skills: Path) -> Guide:
    """Look up what a task needs to know, and lay out the skills in a folder of ours."""
    candidate: Candidate | None = getattr(state.stage, "candidate", None) if task is not Task.PROPOSE else None
    return Guide(
        compiled=compile_best(state, tools),
        files=survey(state, tools) if task in NEEDS_MAP else (),
        lines=read_hot_lines(state, tools) if task in NEEDS_MAP else (),
        diff=tools.repository.diff_text(state.tip, candidate.commit, DIFF_CAP) if candidate else "",
        skills=lay_out_skills(tools.repository, state.base, skills),
        has_counters=can_count(tools),
    )
