"""What a demo came to: gains, and every round with what became of it and why."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from kernel_opt.cli.demo_gains import how_known, overall_speed_up, table_of, times_text
from kernel_opt.edges.places import RunPlace
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import RunState
from kernel_opt.views.format import clean_line, count, duration, pad, width_of
from kernel_opt.views.learned import change_text
from kernel_opt.views.run_story import RunStory, tell_run
from kernel_opt.views.story import RoundStory
from kernel_opt.views.terminal import Terminal

_GROUPS = (
    ("kept", "good", (Ending.KEPT,)),
    ("refused", "bad", (Ending.REFUSED,)),
    ("never right", "warn", (Ending.WRONG, Ending.FAILED, Ending.UNUSED)),
    ("slower", "warn", (Ending.REGRESSION,)),
    ("no gain", "dim", (Ending.TIE, Ending.UNCLEAR, Ending.FORMAT_LOST, Ending.REBASE_LOST, Ending.PROBED)),
    ("classes disagree", "warn", (Ending.DIVERGING, Ending.SPLIT_FAILED)),
    ("nothing to judge", "dim", (Ending.GAVE_NOTHING, Ending.INFRASTRUCTURE)),
)


def render_summary(directory: Path, place: RunPlace, terminal: Terminal) -> list[str]:
    """Return the end of a demo as lines."""
    story = tell_run(entries(read_records(directory)))
    return [
        "",
        *_gains(story.state, terminal),
        *(line for group in _GROUPS for line in _rounds(story.rounds, *group, terminal)),
        "",
        *_places(story, place),
    ]


def tell_how_to_go_on(root: Path) -> list[str]:
    """Say how an interrupted demo is gone on with."""
    return ["", f"interrupted; all is put away, and nothing is lost: `kernel-opt demo --into {root}` goes on with it"]


def _gains(state: RunState, terminal: Terminal) -> Iterator[str]:
    if not state.tally.keeps:
        yield "Nothing was kept: best is the kernel as found."
        return
    overall = f"{times_text(overall_speed_up(state))} as fast as the kernel as found"
    yield terminal.line((overall, "good"), f" over all classes ({how_known(state)})")
    rows = table_of(state)
    width = max(width_of(row[0]) for row in rows)
    yield terminal.line((f"  {pad('config class', width)} {'as found us':>12} {'best us':>9} {'speed-up':>9}", "dim"))
    for key, baseline, best, speed in rows:
        yield terminal.line(f"  {pad(key, width)} {baseline:>12} {best:>9} {speed:>9}")


def _rounds(
    rounds: Iterable[RoundStory], title: str, colour: str, endings: tuple[Ending, ...], terminal: Terminal
) -> list[str]:
    found = [one for one in rounds if one.ending in endings]
    if not found:
        return []
    return ["", terminal.line((f"{title} ({len(found)})", colour)), *(_round(one, terminal) for one in found)]


def _round(one: RoundStory, terminal: Terminal) -> str:
    sentence = clean_line(one.hypothesis.sentence) if one.hypothesis else "no hypothesis"
    return terminal.line(f"  round {one.round:<3} ", (f"{_outcome(one)}  ", "strong"), sentence)


def _outcome(one: RoundStory) -> str:
    """Say in few words how a round went: what was measured, else why it was not."""
    extras = [count(one.repairs, "repair")] if one.repairs else []
    if one.split is not None:
        extras.append(f"split where {clean_line(one.split.condition)}" if one.split.condition else "split")
    verdict = one.verdict
    if verdict is not None and verdict.target_ratio is not None:
        ratio = verdict.target_ratio
        main = f"{times_text(1 / ratio)}" if one.is_kept else change_text(ratio, verdict.target_interval)
    else:
        main = clean_line(one.why)
    return ", ".join([main, *extras])


def _places(story: RunStory, place: RunPlace) -> Iterator[str]:
    tally = story.state.tally
    stop = story.stops[-1][1] if story.stops else "the run has not ended"
    spent = f"{duration(tally.active_s)}, {duration(tally.gpu_s)} of it measuring"
    yield f"{count(story.state.round, 'round')} in {spent}; ended: {stop}"
    yield f"report     {place.worktree}/performance.md"
    yield f"results    {place.directory}/results.tsv; one folder a round in {place.directory}/rounds"
    yield f"branch     kernel-opt/{place.tag} of {place.repository}: the kept steps, one commit each"
    yield f"look       kernel-opt history --repo {place.repository}; kernel-opt show 1 --diff --repo {place.repository}"
