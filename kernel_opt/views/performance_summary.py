"""The first sentence of the report: how much faster, and how that is known."""

from kernel_opt.views.format import count, gain_text
from kernel_opt.views.gains import headline_gain, is_headline_current, overall_gain
from kernel_opt.views.markdown import Markdown
from kernel_opt.views.run_story import RunStory


def summarise(story: RunStory) -> Markdown:
    """Say in a sentence or two how much faster the kernel is, and how that is known."""
    state = story.state
    if state.best is None:
        return Markdown("There is no baseline yet: the kernel as found was not seen to run right.")
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
