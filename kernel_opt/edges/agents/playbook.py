"""A folder of ideas as proposer: no model, the order told by the trace. Each idea is treated as anybody's proposal."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec

from kernel_opt.edges.git import Git
from kernel_opt.edges.process import StopWish
from kernel_opt.model.errors import UsageError
from kernel_opt.model.hypothesis import Direction, Hypothesis, Prediction
from kernel_opt.model.idea import Idea
from kernel_opt.model.proposal import Answer, Reply, Request, Task
from kernel_opt.rules.search.ideas import HotLine, Ranked, one_line, rank_ideas, shuffle_ideas


class PlaybookProposer:
    """Proposes what a folder holds: `NAME/idea.toml` with its patches."""

    name = "playbook"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_problem(self) -> str | None:
        """Say why it cannot be used, or None."""
        try:
            return None if self._read_ideas() else f"{self._folder} holds no NAME/idea.toml"
        except UsageError as error:
            return str(error)

    def work(self, request: Request, on_tick: Callable[[], StopWish | None]) -> Answer:
        """Apply a patch; there is nothing to wait for."""
        del on_tick
        ideas, worktree = self._read_ideas(), Path(request.worktree)
        if request.task is Task.PROPOSE:
            return self._propose(ideas, request, worktree)
        said = str(request.facts.get("hypothesis", ""))
        name = next((name for name, idea in ideas.items() if one_line(idea.hypothesis) == said), None)
        if name is None:
            return Answer(reply=Reply.NOTHING, detail="this hypothesis is none of the playbook's")
        return self._amend(name, ideas[name], request, worktree)

    def _propose(self, ideas: dict[str, Idea], request: Request, worktree: Path) -> Answer:
        past = [(str(said), str(ending)) for said, ending in _rows(request.facts.get("ideas"))]
        passed: list[str] = []
        for ranked in _order(ideas, past, request):
            if _apply(worktree, self._folder / ranked.name / ranked.idea.patch):
                return Answer(reply=Reply.OK, hypothesis=_hypothesis(ranked, _known_classes(request)))
            passed.append(ranked.name)
        besides = f"; patches that do not apply: {', '.join(passed)}" if passed else ""
        return Answer(reply=Reply.DRY, detail=f"the playbook has no idea left that the trace speaks for{besides}")

    def _amend(self, name: str, idea: Idea, request: Request, worktree: Path) -> Answer:
        patch = _amending_patch(idea, request)
        if patch is None:
            return Answer(reply=Reply.NOTHING, detail=f"the idea {name} knows no {request.task.value}")
        if request.task is Task.SPLIT and not _apply(worktree, self._folder / name / idea.patch, reverse=True):
            return Answer(reply=Reply.NOTHING, detail=f"the patch of {name} cannot be taken back")
        if not _apply(worktree, self._folder / name / patch):
            return Answer(reply=Reply.NOTHING, detail=f"{name}/{patch} does not apply")
        return Answer(reply=Reply.OK)

    def _read_ideas(self) -> dict[str, Idea]:
        ideas: dict[str, Idea] = {}
        for path in sorted(self._folder.glob("*/idea.toml")):
            try:
                idea = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Idea)
                re.compile(idea.evidence.kernel)
                re.compile(idea.evidence.source)
            except (OSError, ValueError, msgspec.ValidationError, re.error) as error:
                raise UsageError(f"{path}: {error}", "mend the idea, or move it out of the playbook") from error
            ideas[path.parent.name] = idea
        return ideas


def _order(ideas: dict[str, Idea], past: list[tuple[str, str]], request: Request) -> tuple[Ranked, ...]:
    """Return what may come, by what the trace shows; by chance when that is withheld."""
    if request.facts.get("evidence", True):
        return rank_ideas(ideas, past, _hot_lines(request, Path(request.worktree)))
    return shuffle_ideas(ideas, past, int(cast("int", request.facts["seed"])))


def _amending_patch(idea: Idea, request: Request) -> str | None:
    """Return the patch for this task: the next fix or repair in order, or the split."""
    if request.task is Task.SPLIT:
        return idea.split.patch if idea.split else None
    if request.task is Task.LOOK_AGAIN:
        return None  # a recorded idea stands by its patch
    mends = idea.repairs if request.task is Task.REPAIR else idea.fixes
    number = int(cast("int", request.facts.get("repairs", 0))) if request.task is Task.REPAIR else 0
    return mends[number].patch if number < len(mends) else None


def _hypothesis(ranked: Ranked, known: set[str]) -> Hypothesis:
    idea = ranked.idea
    direction = Direction.FASTER if idea.predicts.pct < 0 else Direction.SLOWER
    targets = [key for wanted in idea.targets for key in sorted(known) if _fits(wanted, key)]
    return Hypothesis(
        sentence=one_line(idea.hypothesis),
        bottlenecks=ranked.hotspots,
        targets=tuple(dict.fromkeys(targets)),
        prediction=Prediction(direction=direction, size_pct=abs(idea.predicts.pct), metric=idea.predicts.metric),
        why=idea.why,
    )


def _fits(wanted: str, key: str) -> bool:
    """Say whether a class key has all the columns that an idea names."""
    return set(wanted.split(", ")) <= set(key.split(", "))


def _known_classes(request: Request) -> set[str]:
    return {str(row["key"]) for row in _dicts(request.facts.get("classes"))}


def _hot_lines(request: Request, worktree: Path) -> list[HotLine]:
    """Return the trace's hot source lines with their text as best has it."""
    lines: list[HotLine] = []
    for spot in _dicts(request.facts.get("hotspots")):
        text = _text_at(worktree, str(spot.get("source", "")))
        share_pct = float(spot.get("share_pct", 0.0))
        lines.append(HotLine(id=str(spot["id"]), kernel=str(spot.get("kernel", "")), text=text, share_pct=share_pct))
    return lines


def _text_at(worktree: Path, source: str) -> str:
    name, _, number = source.rpartition(":")
    if not name or not number.isdigit():
        return ""
    # The trace names files as they were compiled, in another folder: the last parts are what they share.
    parts = Path(name).parts
    for start in range(len(parts)):
        path = worktree.joinpath(*parts[start:])
        if not path.is_absolute() or not path.is_relative_to(worktree) or not path.is_file():
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[int(number) - 1] if 0 < int(number) <= len(lines) else ""
    return ""


def _apply(worktree: Path, patch: Path, *, reverse: bool = False) -> bool:
    """Apply a patch to the files; on a failure nothing is changed."""
    options = ["--reverse"] if reverse else []
    return Git(worktree).ask("apply", "--whitespace=nowarn", *options, str(patch)).code == 0


def _rows(value: object) -> list[list[Any]]:
    return cast("list[list[Any]]", value) if isinstance(value, list) else []


def _dicts(value: object) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", value) if isinstance(value, list) else []
