"""What a picture of the progress shows, in words: for whoever cannot see it, and below it."""

from collections.abc import Sequence

from kernel_opt.views.format import count, gain_text
from kernel_opt.views.progress import Progress


def describe(progress: Progress) -> str:
    """Say in words what the picture shows, for whoever cannot see it."""
    known = [one for one in progress.levels if one.gain.gain_pct is not None]
    if not known:
        return "No baseline is measured yet."
    kept = [one for one in progress.levels[1:] if not one.is_afresh and not one.is_back]
    last = known[-1].gain
    text = f"Per cent of time saved against the baseline over {count(progress.rounds, 'round')}: "
    if not kept:
        return f"{text}nothing is kept yet; {tell_measured(progress)}."
    rounds = _some([str(one.round) for one in kept])
    gain = gain_text(last.gain_pct, last.uncertainty_pct)
    back = sum(one.is_back for one in progress.levels)
    gone = f", {count(back, 'time', 'times')} gone back to an earlier one" if back else ""
    return f"{text}{gain} in {count(len(kept), 'kept step')} (round {rounds}){gone}; {tell_measured(progress)}."


def _some(names: Sequence[str], most: int = 12) -> str:
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most // 2])}, ... {', '.join(names[-most // 2 :])}"


def tell_measured(progress: Progress) -> str:
    """Say from how many samples a picture is drawn."""
    tries = count(len(progress.tries), "candidate")
    rest = f", {count(progress.unmeasured, 'round')} without a measurement not shown" if progress.unmeasured else ""
    return f"{tries} measured in {count(progress.pairs, 'pair')}{rest}"
