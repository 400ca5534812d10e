"""Declared tunables as proposer: a search sets them, one point a round; what was measured of each point guides it."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from kernel_opt.edges.agents.knob_sites import Site, find_knob_problem, find_sites, write_point
from kernel_opt.edges.process import StopWish
from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.proposal import Answer, Reply, Request, Task
from kernel_opt.model.settings import KnobSettings, SearchSettings
from kernel_opt.rules.search.limits import Constraint, parse_constraint
from kernel_opt.rules.search.past import Past, PastTrial, find_point, name_point, points_of, read_past
from kernel_opt.rules.search.points import Seen, Space, next_point

_SPOTS = 3  # hotspots cited: the hottest say enough

Point = tuple[int, ...]


class KnobsProposer:
    """Proposes points of the knobs that the settings declare."""

    name = "knobs"

    def __init__(self, knobs: tuple[KnobSettings, ...], search: SearchSettings) -> None:
        self._knobs, self._search = knobs, search

    def find_problem(self) -> str | None:
        """Say why it cannot be used, or None."""
        if not self._knobs:
            return "the settings declare no [[knobs]]"
        names = [knob.name for knob in self._knobs]
        if len(set(names)) < len(names):
            return "two [[knobs]] have the same name"
        problems = [*map(find_knob_problem, self._knobs), *map(self._find_limit_problem, self._search.constraints)]
        return next((problem for problem in problems if problem), None)

    def work(self, request: Request, on_tick: Callable[[], StopWish | None]) -> Answer:
        """Write the next point; there is nothing to wait for."""
        del on_tick
        if request.task is not Task.PROPOSE:
            return Answer(reply=Reply.NOTHING, detail=f"a point of knobs has no {request.task.value}")
        past, worktree = read_past(_trials(request)), Path(request.worktree)
        budget = self._search.budget
        if budget and len({one.digits for one in past.tried}) >= budget:
            return Answer(reply=Reply.DRY, detail=f"the search has tried the {budget} points of its budget")
        sites = find_sites(self._knobs, worktree)
        if not sites:
            return Answer(reply=Reply.DRY, detail="none of the knobs is in the code")
        point = self._choose(sites, past, find_point(str(request.facts.get("barred", ""))))
        if point is None:
            return Answer(reply=Reply.DRY, detail="every point of the knobs was tried")
        write_point(sites, point, worktree)
        return Answer(reply=Reply.OK, hypothesis=self._claim(request, sites, point))

    def _choose(self, sites: Sequence[Site], past: Past, barred: Point | None) -> Point | None:
        numbers = [site.number for site in sites]
        seen, taken = points_of(past, numbers, len(self._knobs))
        if barred is not None and len(barred) == len(self._knobs):
            taken.add(tuple(barred[number] - 1 for number in numbers))
        standing = [site.standing for site in sites if site.standing is not None]
        best = Seen(tuple(standing), past.best_levels) if len(standing) == len(sites) else None
        others = [one for one in seen if best is None or one.point != best.point]
        allows = _allowing(sites, [parse_constraint(text) for text in self._search.constraints], frozenset(taken))
        return next_point(
            Space(tuple(len(site.knob.values) for site in sites), allows), others, best, self._search.seed
        )

    def _claim(self, request: Request, sites: Sequence[Site], point: Point) -> Hypothesis:
        digits = [0] * len(self._knobs)
        changes: list[str] = []
        for site, place in zip(sites, point, strict=True):
            digits[site.number] = place + 1
            if place != site.standing:
                changes.append(f"{site.knob.name} {site.text} -> {site.knob.values[place]}")
        changed = [site for site, place in zip(sites, point, strict=True) if place != site.standing]
        return Hypothesis(
            sentence=" ".join(f"The kernel is faster with {', '.join(changes)} {name_point(tuple(digits))}.".split()),
            bottlenecks=_evidence(request, changed),
            why="These knobs shape the hottest lines, and of all points left this one promises most by those measured.",
        )

    def _find_limit_problem(self, text: str) -> str | None:
        try:
            unknown = parse_constraint(text).names - {knob.name for knob in self._knobs}
        except ValueError as error:
            return f"search.constraints: {text!r}: {error}"
        return f"search.constraints: {text!r} speaks of {min(unknown)}, which is no knob" if unknown else None


def _allowing(
    sites: Sequence[Site], constraints: Sequence[Constraint], taken: frozenset[Point]
) -> Callable[[Point], bool]:
    def allows(point: Point) -> bool:
        values = {site.knob.name: site.knob.values[place] for site, place in zip(sites, point, strict=True)}
        return point not in taken and all(constraint.holds(values) for constraint in constraints)

    return allows


def _evidence(request: Request, changed: Sequence[Site]) -> tuple[str, ...]:
    """Return the hottest spots of the kernels that these knobs are about, else the hottest of all."""
    spots = cast("list[dict[str, Any]]", request.facts.get("hotspots") or [])
    about = [spot for spot in spots if any(re.search(site.knob.kernel, str(spot["kernel"])) for site in changed)]
    hottest = sorted(about or spots, key=lambda spot: -float(spot["share_pct"]))
    return tuple(str(spot["id"]) for spot in hottest[:_SPOTS])


def _trials(request: Request) -> list[PastTrial]:
    rows = cast("list[list[Any]]", request.facts.get("trials") or [])
    return [PastTrial(str(row[0]), str(row[1]), cast("dict[str, float]", row[2])) for row in rows]
