"""What the brief tells of the task at hand: the words for it, what is wrong, what was measured."""

from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.proposal import Task
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import Barred, Broken, Vetted, Weighed, Wrong
from kernel_opt.model.state import RunState
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.views.brief_ask import tell_ask
from kernel_opt.views.brief_tables import LINE_CAP, result_facts, table_cell
from kernel_opt.views.format import clean, clean_line

WRONG_ROWS = 16  # enough to see the pattern
TEXT_CAP = 4_000

TASK_WORDS = {
    Task.PROPOSE: "Propose one change that makes it faster, and make it.",
    Task.QUICK_FIX: "Your candidate does not run. Mend just that, with the smallest change.",
    Task.LOOK_AGAIN: (
        "Your candidate compiles to code that looks costlier than best's. Mend that with a small change, or leave the "
        "files as they are: then it is measured as it is."
    ),
    Task.REPAIR: "Your candidate computes wrong numbers. Mend just that, with the smallest change.",
    Task.COMMIT_MESSAGE: "Your candidate is better and is kept. Say why it works. Change no file.",
    Task.SPLIT: "Your candidate makes some config classes faster and others slower. Split it.",
}
WHY_TITLES = {
    Task.PROPOSE: "Your last answer was sent back",
    Task.QUICK_FIX: "Why it does not run",
    Task.LOOK_AGAIN: "What it compiles to",
    Task.REPAIR: "What is wrong",
    Task.SPLIT: "What was measured",
    Task.COMMIT_MESSAGE: "What was measured",
}


def task_facts(
    task: Task, state: RunState, settings: Settings, why: str, hypothesis: Hypothesis | None
) -> dict[str, object]:
    """Return what is asked, and why."""
    verdict = state.stage.verdict if isinstance(state.stage, Weighed | Vetted) else None
    return {
        "task": task.value,
        "round": state.round,
        "title": f"Round {state.round} of {state.tag}: {task.value}",
        "task_words": TASK_WORDS[task],
        "bound": _bound(task, state, settings),
        "ask": tell_ask(state.ask) if task is Task.PROPOSE else [],
        "amending": task is not Task.PROPOSE,
        "why_title": WHY_TITLES[task],
        "why": clean(why)[:TEXT_CAP].replace("```", "'''"),
        "log_tail": _log_tail(state),
        "wrong_rows": _wrong_rows(state),
        "hypothesis": clean_line(hypothesis.sentence)[:LINE_CAP] if hypothesis else "",
        "proposer": hypothesis.proposer if hypothesis else "",
        "split": _split(verdict) if task is Task.SPLIT else None,
        "results": result_facts(verdict) if verdict else [],
        "barred": state.stage.hypothesis.sentence if isinstance(state.stage, Barred) else "",
        "repairs": _repairs(state),
    }


def fenced(text: str) -> str:
    """Return text of many lines that can neither steer a terminal nor close its fence."""
    return "\n".join(clean_line(line) for line in text.splitlines()).replace("```", "'''")


def _log_tail(state: RunState) -> str:
    text = state.stage.log_tail if isinstance(state.stage, Broken | Wrong) else ""
    return fenced(text)[-TEXT_CAP:]


def _repairs(state: RunState) -> int:
    return state.stage.tries.repairs if isinstance(state.stage, Wrong) else 0


def _bound(task: Task, state: RunState, settings: Settings) -> str:
    """Say how often this is asked before the hypothesis is dropped."""
    if task is not Task.REPAIR:
        return ""
    return f"This is repair {_repairs(state) + 1} of at most {settings.round.repairs}; the hypothesis stays the same."


def _wrong_rows(state: RunState) -> list[dict[str, object]]:
    rows = state.stage.rows if isinstance(state.stage, Wrong) else ()
    return [{"config": table_cell(row.config), "error": row.error} for row in rows[:WRONG_ROWS]]


def _split(verdict: Verdict | None) -> dict[str, object]:
    classes = verdict.classes if verdict else ()
    return {
        "gaining": [one.key for one in classes if one.outcome is Outcome.BETTER],
        "losing": [one.key for one in classes if one.outcome is Outcome.WORSE],
        "condition": verdict.condition.text if verdict and verdict.condition else "",
    }
