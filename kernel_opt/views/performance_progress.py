"""The progress part of the report: the picture with its words, and the rounds in a few rows."""

from collections import Counter
from collections.abc import Sequence

from kernel_opt.views.format import gain_text
from kernel_opt.views.markdown import Markdown, escape, row
from kernel_opt.views.plot_words import describe
from kernel_opt.views.progress import Level, Progress
from kernel_opt.views.run_story import RunStory
from kernel_opt.views.story import RoundStory

PICTURE = "performance.svg"
_ROWS = 10  # of the table: five hundred rounds take no more room than ten


def picture(progress: Progress) -> Markdown | None:
    """Return the picture with the words that stand for it; None while there is nothing to draw."""
    return Markdown(f"![{escape(describe(progress))}]({PICTURE})") if progress.levels and progress.rounds else None


def block_rows(story: RunStory) -> list[Markdown]:
    """Return the rounds in blocks of equal length: how they ended, and where best stood after each."""
    rounds = story.rounds
    size = max(1, -(-len(rounds) // _ROWS))
    return [_block_row(rounds[start : start + size], story.levels) for start in range(0, len(rounds), size)]


def _block_row(rounds: Sequence[RoundStory], levels: Sequence[Level]) -> Markdown:
    first, last = rounds[0].round, rounds[-1].round
    endings = Counter(one.ending.value for one in rounds if one.ending)
    measured = sum(one.verdict is not None for one in rounds)
    return row(
        [
            f"{first}" if first == last else f"{first} to {last}",
            endings.pop("kept", 0) or None,
            ", ".join(f"{number} {ending}" for ending, number in sorted(endings.items())),
            measured or None,
            _gain_after(last, levels),
        ]
    )


def _gain_after(number: int, levels: Sequence[Level]) -> str | None:
    passed = [one for one in levels if 0 < one.round <= number]
    if not passed:
        return None
    gain = passed[-1].gain
    return "the baseline" if gain.uncertainty_pct == 0 else gain_text(gain.gain_pct, gain.uncertainty_pct)
