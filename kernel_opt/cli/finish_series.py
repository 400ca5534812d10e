"""From a run's journal to a series: what is refused is refused first, then it is measured, then made in one step."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_opt.cli.measuring import hear_ctrl_c, open_tools
from kernel_opt.cli.progress import Progress
from kernel_opt.cli.runs import is_alive
from kernel_opt.daemon.plan import read_plan
from kernel_opt.edges import series as edge
from kernel_opt.edges.clock import SystemClock
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import settings_from
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.comparison import Comparison, Side
from kernel_opt.model.errors import KernelOptError, UsageError
from kernel_opt.model.verdict import Outcome
from kernel_opt.round.comparison import Comparing, compare
from kernel_opt.rules.judge.headline import HEADLINE_PAIRS
from kernel_opt.views.performance import REPORT
from kernel_opt.views.performance_progress import PICTURE
from kernel_opt.views.run_story import RunStory
from kernel_opt.views.series import Win, find_wins, render_message, subjects
from kernel_opt.views.series_text import Series, render_letter

LETTER = "SERIES.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked for with `finish`."""

    branch: str = ""
    patches: Path | None = None
    with_report: bool = False
    is_measured: bool = True
    is_forced: bool = False
    is_dry: bool = False


def finish(place: RunPlace, wish: Wish) -> Series:
    """Return the series that was made, or would be."""
    story, wins = find_wins(entries(read_records(Path(place.directory))))
    if story.started is None or not wins:
        mend = f"`kernel-opt history --tag {place.tag}` tells what it tried"
        raise KernelOptError(f"run {place.tag} has no kept commit to hand out", mend)
    repository = Repository.find(Path(place.repository))
    series = Series(tag=place.tag, base=story.state.base, wins=wins)
    if wish.is_dry:
        return series
    if is_alive(place) is not None:
        raise UsageError(f"run {place.tag} still goes on", f"`kernel-opt stop --tag {place.tag}` first, or --dry-run")
    _refuse_lost(repository, (series.base, *(win.commit for win in wins)))
    return _Making(place, wish, repository, story, series).carry_out()


def _refuse_lost(repository: Repository, commits: tuple[str, ...]) -> None:
    """Refuse when somebody removed what the journal tells of."""
    for commit in commits:
        if repository.commit_of(commit) is None:
            raise KernelOptError(
                f"commit {commit[:12]} of the run is gone", "look for it in another clone, or `git fsck`"
            )


class _Making:
    """One series in the making."""

    def __init__(self, place: RunPlace, wish: Wish, repository: Repository, story: RunStory, series: Series) -> None:
        self._place, self._wish, self._repository, self._story, self._series = place, wish, repository, story, series
        reports = () if wish.with_report else (REPORT, PICTURE)
        self._trees = [edge.tree_without(repository, win.commit, series.base, reports) for win in series.wins]

    def carry_out(self) -> Series:
        """Refuse what cannot be made before the card is used for it, and make it in one step at the end."""
        if self._wish.patches is not None:
            edge.refuse_folder(self._wish.patches)
            return self._write_patches(self._wish.patches)
        name = self._wish.branch or f"kernel-opt-{self._place.tag}"
        ref = edge.check_branch(self._repository, name)
        there = edge.read_series(self._repository, self._series.base, ref)
        if there is not None and [tree for _, tree in there] == self._trees:
            return replace(self._series, branch=name, commits=tuple(one for one, _ in there), was_there=True)
        edge.refuse_branch(self._repository, ref)
        made = self._commit()
        edge.create_branch(self._repository, ref, made.commits[-1])
        return replace(made, branch=name)

    def _write_patches(self, folder: Path) -> Series:
        made = replace(self._commit(), patches=str(folder))
        letter = render_letter(made, SystemClock().utc().timestamp(), subjects(made.wins))
        edge.write_patches(self._repository, made.base, made.commits[-1], folder, {LETTER: letter})
        return made

    def _commit(self) -> Series:
        """Measure what will be handed out, and write the commits; nothing points to them yet."""
        afresh = self._measure() if self._wish.is_measured else None
        wins = self._series.wins
        planned = [
            edge.Planned(tree, self._message(win, afresh if win is wins[-1] else None), win.at_s)
            for win, tree in zip(wins, self._trees, strict=True)
        ]
        commits = edge.commit_series(self._repository, self._series.base, planned)
        return replace(self._series, commits=commits, afresh=afresh)

    def _message(self, win: Win, afresh: Comparison | None) -> str:
        return render_message(win, self._place.tag, afresh)

    def _measure(self) -> Comparison:
        """Measure the series' last tree against the baseline, with the settings and variables of the run."""
        plan = read_plan(Path(self._place.directory))
        settings = settings_from(plan.settings, plan.settings_source)
        pinned = self._story.started.pins if self._story.started else {}
        progress = Progress(sys.stderr)
        a, b = Side(name="the baseline", commit=self._series.base), Side(name="the series", commit=self._trees[-1])
        wanted = Comparing(a=a, b=b, least_pairs=HEADLINE_PAIRS, tell=progress.change)
        try:
            with (
                hear_ctrl_c(progress) as wishes,
                open_tools(self._repository, settings, plan.environment, wishes, pinned) as tools,
            ):
                found = compare(wanted, tools)
        finally:
            progress.clear()
        if found.verdict.outcome is not Outcome.BETTER and not self._wish.is_forced:
            mend = "look at it with `kernel-opt compare`; --force hands it out all the same"
            raise KernelOptError(
                f"measured afresh, the series is not shown to be faster: {found.verdict.sentence}", mend
            )
        return found
