"""News in one sentence, for a telephone."""

from kernel_opt.model.facts import Entry, NoIdleGpu
from kernel_opt.model.notify_settings import News
from kernel_opt.model.state import RunState
from kernel_opt.rules.integrity.refusals import REFUSALS
from kernel_opt.rules.news import find_news
from kernel_opt.views.format import clean, gain_text, shorten
from kernel_opt.views.gains import overall_gain

_SENTENCE = 160  # columns of a hypothesis or a reason


def tell_news(entry: Entry, state: RunState) -> News | None:
    """Return what there is to tell of a fact; ``state`` is the one after it."""
    found = find_news(entry.fact, state)
    if found is None:
        return None
    kind, about = found
    return News(
        kind=kind,
        about=about,
        text=f"{clean(state.tag)}: {_say(about, entry, state)}",
        tag=state.tag,
        repository=state.repository,
        seq=entry.seq,
        round=entry.round,
        at_s=entry.at_s,
    )


def _say(about: str, entry: Entry, state: RunState) -> str:
    why = _why(entry)
    match about:
        case "kept":
            hypothesis = state.lookbacks[-1].sentence if state.lookbacks else ""
            return f"round {entry.round} is kept: {_short(hypothesis)}. {_so_far(state)}"
        case "stopped":
            return f"the run ended: {why}. {_so_far(state)}"
        case "rolled-back":
            return f"best did not hold and was given up for an earlier one: {why}"
        case "refused":
            who = clean(state.tally.refused[0][0]) or "the proposer"
            return f"{REFUSALS} proposals of {who} in a row were refused, the last: {why}"
        case "gpu":
            return f"no idle GPU, it waits: {why}"
        case "proposer":
            return f"the proposer does not answer: {why}"
        case "disk":
            return f"the disk is full: {why}"
        case _:
            return f"the daemon was started again in round {state.round}, after a crash or a reboot"


def _why(entry: Entry) -> str:
    fact: object = entry.fact
    if isinstance(fact, NoIdleGpu):
        return _short("; ".join(fact.why))
    return _short(str(getattr(fact, "why", "") or getattr(fact, "reason", "")))


def _short(text: str) -> str:
    return shorten(clean(text), _SENTENCE).rstrip(".")


def _so_far(state: RunState) -> str:
    """Say what best gains."""
    if not state.tally.keeps:
        return "Nothing was kept."
    gain = overall_gain(state)
    return f"Best takes {gain_text(gain.gain_pct, gain.uncertainty_pct)} less time than the baseline ({gain.how})."
