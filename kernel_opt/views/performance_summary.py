"""The head of the report: how much faster and how that is known, how the run stands, and why it stopped."""

from kernel_opt.rules.integrity.refusals import loud_refusals
from kernel_opt.views.format import agent_cost_text, count, duration, gain_text, short, tokens_text, utc
from kernel_opt.views.gains import headline_gain, is_headline_current, overall_gain
from kernel_opt.views.markdown import Markdown, code, join, row
from kernel_opt.views.performance_rounds import best_metrics, regression_rows
from kernel_opt.views.run_story import RunStory

_MOST_GIVEN_UP = 3  # bests that did not hold; the journal has the others


def summarise(story: RunStory) -> Markdown:
    """Say in a sentence or two how much faster the kernel is, and how that is known."""
    state = story.state
    if state.best is None:
        return Markdown("There is no baseline yet: the kernel as found was not seen to run right.")
    if not state.best.round and state.tally.keeps:
        return Markdown("What was kept did not hold when it was measured afresh: best is the kernel as found.")
    if not state.tally.keeps:
        return Markdown("Nothing is kept yet: the best kernel is the one that was found.")
    gain = overall_gain(state)
    figure = f"**{gain_text(gain.gain_pct, gain.uncertainty_pct)} less time** than the baseline"
    over = f"geometric mean over {count(len(state.classes), 'class', 'classes')}"
    if state.headline is not None and is_headline_current(state):
        pairs = count(state.headline.pairs, "pair")
        return Markdown(f"{figure}: {gain.how} in {pairs} of baseline and best on one card, {over}.")
    text = f"{figure}: {gain.how or 'not known for every class'}, {over}."
    if state.headline is None:
        return Markdown(f"{text} Baseline against best is not measured afresh yet, and the rows below do not add up.")
    older = headline_gain(state.headline)
    kept = count(state.tally.keeps - state.tally.headline_keeps, "keep")
    afresh = gain_text(older.gain_pct, older.uncertainty_pct)
    return Markdown(f"{text} Measured afresh {kept} ago, it was {afresh}. The rows below do not add up.")


def standing_rows(story: RunStory) -> list[Markdown]:
    """Return how the run stands in a few rows."""
    state = story.state
    endings = ", ".join(f"{number} {ending}" for ending, number in state.tally.endings)
    since = f"round {state.best.round}" if state.best and state.best.round else "the kernel as found"
    given_up = [row(["Given up", f"{utc(at_s)} UTC: {why}"]) for at_s, why in story.rollbacks[-_MOST_GIVEN_UP:]]
    refused = loud_refusals(state.tally)
    return [
        row(["State", f"stopped: {state.stop.reason}" if state.stop else f"running, {_place(story)}"]),
        row(["Written", f"{utc(story.told_s)} UTC"]),
        row(["Best", join([code(short(state.code)), since], " from ")]),
        row(["Baseline", code(short(state.base))]),
        row(["Rounds", f"{len(story.rounds)}: {endings}" if endings else "none"]),
        row(["GPU time used", duration(state.tally.gpu_s)]),
        row(["Agent used", agent_cost_text(state.tally.agent_tokens, state.tally.cost_usd)]),
        *given_up,
        *(row(["Refused", f"the last {count} proposals of {name}, all of them"]) for name, count in refused),
    ]


def agent_rows(story: RunStory) -> list[Markdown]:
    """Return who proposed, what came of it, and what it cost; empty when no agent was asked by name."""
    return [
        row(
            [
                one.agent,
                one.model or None,
                str(one.calls),
                str(one.rounds),
                str(one.keeps),
                tokens_text(one.tokens) if one.tokens else "not recorded",
                "not recorded" if one.cost_usd is None else f"{one.cost_usd:.2f}",
                duration(one.wall_s),
            ]
        )
        for one in story.state.tally.agents
    ]


def _place(story: RunStory) -> str:
    return f"after round {story.rounds[-1].round}" if story.rounds else "before the first round"


def stop_summary(story: RunStory) -> dict[str, list[Markdown]] | None:
    """Return the rows of the Stop Summary; None while the run goes on."""
    state = story.state
    if state.stop is None:
        return None
    lines = [
        row(["Time", f"{utc(story.stops[-1][0])} UTC"]),
        row(["Reason", state.stop.reason]),
        row(["Best", code(short(state.code))]),
        row(["Best metrics", best_metrics(story)]),
    ]
    lines += [row(["Stopped before", f"{utc(at_s)} UTC: {reason}"]) for at_s, reason in story.stops[:-1][-3:]]
    return {"lines": lines, "regressions": regression_rows(story)}
