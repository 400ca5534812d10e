"""Whether the very same code was tried before, in whatever round: then it costs no GPU second."""

from kernel_opt.edges.code_trees import digest_code
from kernel_opt.edges.git_refs import round_ref
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.round_facts import Dropped, Ending
from kernel_opt.model.stages import Drafted
from kernel_opt.model.state import RunState
from kernel_opt.round.tools import Tools
from kernel_opt.rules.ask import judge_repeat
from kernel_opt.rules.integrity.edits import Refusal
from kernel_opt.views.performance import REPORT
from kernel_opt.views.performance_progress import PICTURE


def find_repeat(draft: Drafted, state: RunState, tools: Tools) -> Refusal | None:
    """Refuse code that was tried before; what was not measured was not tried: faults and probes."""
    tried = _tried(state, tools)
    code = digest_code(tools.repository, [draft.edit.tree, *(tree for tree, _ in tried)], (REPORT, PICTURE))
    same = [name for tree, name in tried if code[tree] == code[draft.edit.tree]]
    if not same:
        return None
    lost: set[int] = set()
    for entry in tools.history():
        if isinstance(entry.fact, Dropped) and entry.fact.ending in (Ending.INFRASTRUCTURE, Ending.PROBED):
            lost.add(entry.round)
    if draft.origin is Origin.LOOK_AGAIN:
        lost.add(state.round)  # to leave it as it is, is an answer
    named = [(draft.edit.tree, name) for name in same if _round_of(name) not in lost]
    return judge_repeat(draft.edit.tree, named, draft.hypothesis.differs)


def name_draft(state: RunState) -> str:
    """Name this very draft, the same before and after a crash."""
    return f"round {state.round}, {state.stage_s:.6f}"


def _round_of(subject: str) -> int | None:
    """Return the round that the subject of a candidate's commit names."""
    number = subject.removeprefix("Round ").partition(":")[0]
    return int(number) if number.isdecimal() else None


def _tried(state: RunState, tools: Tools) -> list[tuple[str, str]]:
    """Return the tree of the baseline and every candidate so far; this very draft, written before a crash, is none."""
    fields = "--format=%T%x00%s%x00%(trailers:key=kernel-opt-candidate,valueonly)%x01"
    out = tools.repository.git.run("log", fields, f"--glob={round_ref(state.tag, 0)[:-1]}*", "--not", state.base)
    tried = [(state.base, "the baseline")]
    for entry in out.decode(errors="replace").split("\1"):
        tree, _, rest = entry.strip().partition("\0")
        subject, _, draft = rest.partition("\0")
        if draft.strip() and draft.strip() != name_draft(state):
            tried.append((tree, subject))
    return tried
