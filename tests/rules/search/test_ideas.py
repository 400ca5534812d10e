"""The next idea of a playbook is the one that the trace speaks for most."""

from kernel_opt.model.idea import Evidence, Idea, Predicts
from kernel_opt.rules.search.ideas import HotLine, one_line, rank_ideas, shuffle_ideas

LINES = (
    HotLine(id="h1", kernel="pa_main", text="x = load(k)", share_pct=40.0),
    HotLine(id="h2", kernel="pa_main", text="barrier()", share_pct=10.0),
    HotLine(id="h3", kernel="pa_reduce", text="y = load(p)", share_pct=30.0),
    HotLine(id="h4", kernel="pa_main", text="", share_pct=20.0),
)


def idea(sentence: str, *, pct: float = -10.0, after: tuple[str, ...] = (), **evidence: object) -> Idea:
    return Idea(
        hypothesis=sentence,
        patch="p.patch",
        after=after,
        evidence=Evidence(**evidence),  # type: ignore[arg-type]
        predicts=Predicts(pct=pct),
    )


def names(
    ideas: dict[str, Idea], past: tuple[tuple[str, str], ...] = (), lines: tuple[HotLine, ...] = LINES
) -> list[str]:
    return [one.name for one in rank_ideas(ideas, past, lines)]


def test_the_strongest_evidence_comes_first() -> None:
    """Share of time times predicted effect decides, then the name; the lines are its citation."""
    ideas = {
        "b": idea("barriers", source="barrier", min_share_pct=5.0),
        "a": idea("loads", source="load", min_share_pct=5.0),
        "c": idea("big barriers", source="barrier", min_share_pct=5.0, pct=90.0),
        "d": idea("barriers too", source="barrier", min_share_pct=5.0),
    }
    assert names(ideas) == ["c", "a", "b", "d"]
    loads = rank_ideas(ideas, (), LINES)[1]
    assert (loads.share_pct, loads.hotspots) == (70.0, ("h1", "h3"))


def test_an_idea_waits_for_its_evidence() -> None:
    """Too small a share, another kernel, a line without text: not now."""
    assert names({"a": idea("a", source="barrier", min_share_pct=11.0)}) == []
    assert names({"a": idea("a", kernel="reduce", source="barrier", min_share_pct=1.0)}) == []
    assert names({"a": idea("a", kernel="main", min_share_pct=50.0)}) == ["a"]
    assert names({"a": idea("a", kernel="main", min_share_pct=51.0)}) == []


def test_without_a_trace_only_what_needs_no_evidence() -> None:
    """An idea with a threshold waits, one without is free."""
    assert names({"a": idea("a", min_share_pct=1.0), "b": idea("b", source="load")}, lines=()) == ["b"]


def test_nothing_is_tried_twice() -> None:
    """However its text was wrapped; only what the machine kept from being tried comes again."""
    ideas = {"a": idea("Use\n  wider loads."), "b": idea("B")}
    assert one_line("Use\n  wider loads.") == "Use wider loads."
    assert names(ideas, (("Use wider loads.", "tie"),)) == ["b"]
    assert names(ideas, (("Use wider loads.", "infrastructure"),)) == ["a", "b"]


def test_an_idea_may_wait_for_others() -> None:
    """It comes when all before it were kept, not merely tried."""
    ideas = {"a": idea("A"), "b": idea("B", after=("a",))}
    assert names(ideas) == ["a"]
    assert names(ideas, (("A", "tie"),)) == []
    assert names(ideas, (("A", "kept"),)) == ["b"]


def test_an_order_of_chance() -> None:
    """Only the seed decides it, the same again in every round; what was tried or stands on nothing is left out."""
    ideas = {name: idea(name, min_share_pct=50.0) for name in "abcdef"}
    orders = {seed: [one.name for one in shuffle_ideas(ideas, (), seed)] for seed in range(8)}
    assert all(sorted(order) == sorted(ideas) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) > 4
    tried = [name for name in orders[3] if name != orders[3][0]]
    assert [one.name for one in shuffle_ideas(ideas, ((orders[3][0], "tie"),), 3)] == tried
    waiting = {"a": idea("a"), "b": idea("b", after=("a",))}
    assert [one.name for one in shuffle_ideas(waiting, (), 0)] == ["a"]
    assert [one.name for one in shuffle_ideas(waiting, (("a", "kept"),), 0)] == ["b"]
    assert shuffle_ideas(waiting, (("a", "kept"),), 0)[0].hotspots == ()
