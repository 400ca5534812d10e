"""Ask why a candidate works, now that it is measured: the commit says it. A gain never waits for the answer."""

from kernel_opt.edges.worktree import put_back
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.facts import Fact, StopAsked
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.proposal import Answer, Reply, Task
from kernel_opt.model.round_facts import Explained
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Explain
from kernel_opt.round.propose import ask_proposer
from kernel_opt.round.tools import Tools
from kernel_opt.rules.memory.message import fit_message


def explain(step: Explain, state: RunState, tools: Tools) -> Fact:
    """Answer Explained, with nothing in it when the agent is away or has nothing of use to say."""
    put_back(tools.tree, step.candidate.commit)
    folder = tools.fresh_folder(state.round, "explain")
    try:
        answer = ask_proposer(Task.COMMIT_MESSAGE, state, tools, folder, step.verdict.sentence, step.hypothesis)
    except (KernelOptError, OSError) as error:
        answer = Answer(reply=Reply.NOTHING, detail=str(error), usage=Usage())
    wish = tools.wishes.stop_now()
    if wish is not None:
        return StopAsked(by=wish.reason, usage=answer.usage)
    put_back(tools.tree, step.candidate.commit)  # it was asked for words: what it edited is no part of the candidate
    return Explained(message=fit_message(answer.text), usage=answer.usage, folder=tools.relative(folder))
