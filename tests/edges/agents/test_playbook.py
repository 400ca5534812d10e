"""The playbook proposer: ideas from a folder, in the order that the trace speaks for."""

import subprocess
from pathlib import Path

import pytest

from kernel_opt.edges.agents.playbook import PlaybookProposer
from kernel_opt.model.hypothesis import Direction
from kernel_opt.model.proposal import Reply, Task
from tests.edges.agents.asking import SPOTS, TILE, make_worktree, nobody, request, sentence

IDEA = """\
hypothesis = "{name} helps."
why = "Because."
patch = "change.patch"
after = {after}
targets = ["size=16"]
[evidence]
kernel = '{kernel}'
source = '{source}'
min_share_pct = {share}
[predicts]
pct = {pct}
"""
CLASSES = [{"key": "size=16, heads=8"}, {"key": "size=64, heads=8"}]


def patch_of(tree: Path, old: str, new: str) -> str:
    """A patch that turns one text of the tile file into another; the tree stays as it was."""
    path = tree / "kernels" / "tile.h"
    text = path.read_text()
    subprocess.run(["git", "-C", str(tree), "add", "--all"], check=True)
    path.write_text(text.replace(old, new))
    diff = subprocess.run(["git", "-C", str(tree), "diff"], check=True, capture_output=True, text=True).stdout
    path.write_text(text)
    return diff


def add_idea(tree: Path, name: str, edit: tuple[str, str], extra: str = "", **words: object) -> Path:
    """Write one idea beside the tree and return its folder."""
    folder = tree.parent / "playbook" / name
    folder.mkdir(parents=True)
    told = {"after": [], "kernel": "pa_main", "source": "", "share": 0, "pct": -10} | words
    (folder / "idea.toml").write_text(IDEA.format(name=name, **told) + extra)
    (folder / "change.patch").write_text(patch_of(tree, *edit))
    return folder


def playbook(tree: Path) -> PlaybookProposer:
    return PlaybookProposer(tree.parent / "playbook")


def tile(tree: Path) -> str:
    return (tree / "kernels" / "tile.h").read_text()


def test_the_idea_with_most_evidence_is_applied_and_claimed(tmp_path: Path) -> None:
    """With the hot spots that speak for it, the classes that fit, and what it predicts."""
    tree = make_worktree(tmp_path)
    add_idea(tree, "small", ("DT 4", "DT 8"), kernel="pa_reduce")
    add_idea(tree, "large", ("RT 2", "RT 4"), pct=-20)
    answer = playbook(tree).work(request(tree, hotspots=SPOTS, classes=CLASSES), nobody)
    assert sentence(answer) == "large helps."
    assert tile(tree) == TILE.replace("RT 2", "RT 4")
    claim = answer.hypothesis
    assert claim is not None
    assert (claim.bottlenecks, claim.targets) == (("H1",), ("size=16, heads=8",))
    assert (claim.prediction.direction, claim.prediction.size_pct) == (Direction.FASTER, 20)


def test_evidence_is_looked_for_in_the_text_of_the_hot_lines(tmp_path: Path) -> None:
    """Files are named as they were compiled, elsewhere; a line that cannot be found speaks for nothing."""
    tree = make_worktree(tmp_path)
    add_idea(tree, "returns", ("RT 2", "RT 4"), source="return RT", share=50)
    spots = [{**SPOTS[0], "source": source} for source in ("/gone/x.c:1", "tile.h", "kernels/tile.h:99", "")]
    dry = playbook(tree).work(request(tree, hotspots=spots), nobody)
    assert dry.reply is Reply.DRY
    far = [{**SPOTS[0], "source": "/build/123/kernels/tile.h:4"}]
    assert sentence(playbook(tree).work(request(tree, hotspots=far), nobody)) == "returns helps."


def test_an_idea_by_chance_where_the_trace_is_withheld(tmp_path: Path) -> None:
    """It needs no evidence and cites none; another seed may begin with another."""
    tree = make_worktree(tmp_path)
    add_idea(tree, "one", ("RT 2", "RT 4"), source="nowhere", share=50)
    add_idea(tree, "two", ("DT 4", "DT 8"), source="nowhere", share=50)
    first: set[str] = set()
    for seed in range(8):
        answer = playbook(tree).work(request(tree, evidence=False, seed=seed, hotspots=[]), nobody)
        first.add(sentence(answer))
        assert answer.hypothesis is not None
        assert answer.hypothesis.bottlenecks == ()
        (tree / "kernels" / "tile.h").write_text(TILE)
    assert first == {"one helps.", "two helps."}


def test_nothing_is_tried_twice_and_what_waits_waits(tmp_path: Path) -> None:
    """An idea comes after those it names were kept."""
    tree = make_worktree(tmp_path)
    add_idea(tree, "first", ("RT 2", "RT 4"))
    add_idea(tree, "second", ("DT 4", "DT 8"), after=["first"])
    ask = playbook(tree)
    dropped = ask.work(request(tree, hotspots=SPOTS, ideas=[["first helps.", "tie"]]), nobody)
    assert dropped.reply is Reply.DRY
    kept = ask.work(request(tree, hotspots=SPOTS, ideas=[["first helps.", "kept"]]), nobody)
    assert sentence(kept) == "second helps."


def test_a_patch_that_does_not_apply_is_passed_over(tmp_path: Path) -> None:
    """And named when nothing else is left; the worktree is as it was."""
    tree = make_worktree(tmp_path)
    add_idea(tree, "stale", ("RT 2", "RT 4"))
    (tree / "kernels" / "tile.h").write_text("other\n")
    answer = playbook(tree).work(request(tree, hotspots=SPOTS), nobody)
    assert (answer.reply, tile(tree)) == (Reply.DRY, "other\n")
    assert "do not apply: stale" in answer.detail


MENDS = """
[[fixes]]
patch = "fix.patch"
[[repairs]]
patch = "repair-1.patch"
[[repairs]]
patch = "repair-2.patch"
[split]
patch = "split.patch"
"""


def test_mends_come_in_order_and_a_split_starts_from_best(tmp_path: Path) -> None:
    """A fix, then the repair whose turn it is; the split takes the idea's own patch back first."""
    tree = make_worktree(tmp_path)
    folder = add_idea(tree, "large", ("RT 2", "RT 4"), MENDS)
    (folder / "split.patch").write_text(patch_of(tree, "RT 2", "RT 2 /* split */"))
    ask = playbook(tree)
    ask.work(request(tree, hotspots=SPOTS), nobody)
    (folder / "fix.patch").write_text(patch_of(tree, "DT 4", "DT 5"))
    (folder / "repair-1.patch").write_text(patch_of(tree, "DT 4", "DT 6"))
    (folder / "repair-2.patch").write_text(patch_of(tree, "DT 4", "DT 7"))
    said = {"hypothesis": "large helps."}
    for task, repairs, shown in ((Task.QUICK_FIX, 0, 5), (Task.REPAIR, 0, 6), (Task.REPAIR, 1, 7)):
        before = tile(tree)
        assert ask.work(request(tree, task, repairs=repairs, **said), nobody).reply is Reply.OK
        assert f"DT {shown}" in tile(tree)
        (tree / "kernels" / "tile.h").write_text(before)
    assert ask.work(request(tree, Task.SPLIT, **said), nobody).reply is Reply.OK
    assert tile(tree) == TILE.replace("RT 2", "RT 2 /* split */")


def test_what_it_cannot_mend_it_says(tmp_path: Path) -> None:
    """A claim of somebody else, a mend it has not, patches that do not apply."""
    tree = make_worktree(tmp_path)
    folder = add_idea(tree, "large", ("RT 2", "RT 4"), MENDS)
    add_idea(tree, "plain", ("DT 4", "DT 8"))
    for name in ("fix", "repair-1", "split"):
        (folder / f"{name}.patch").write_text("no patch\n")

    def ask(task: Task, said: str, repairs: int = 0) -> str:
        answer = playbook(tree).work(request(tree, task, hypothesis=said, repairs=repairs), nobody)
        assert answer.reply is Reply.NOTHING
        return answer.detail

    assert "none of the playbook's" in ask(Task.REPAIR, "Somebody's.")
    assert "knows no repair" in ask(Task.REPAIR, "large helps.", 2)
    assert "knows no split" in ask(Task.SPLIT, "plain helps.")
    assert "does not apply" in ask(Task.QUICK_FIX, "large helps.")
    assert "cannot be taken back" in ask(Task.SPLIT, "large helps.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hypothesis = 3", "hypothesis"),
        ("nonsense", "idea.toml"),
        (IDEA.format(name="x", after=[], kernel="(", source="", share=0, pct=-1), "idea.toml"),
        (IDEA.format(name="x", after=[], kernel="", source="", share=0, pct=-1) + "colour = 1\n", "colour"),
    ],
)
def test_a_broken_idea_is_told_before_the_run(tmp_path: Path, text: str, says: str) -> None:
    """With its file."""
    folder = tmp_path / "playbook" / "bad"
    folder.mkdir(parents=True)
    (folder / "idea.toml").write_text(text)
    problem = PlaybookProposer(tmp_path / "playbook").find_problem()
    assert problem is not None
    assert says in problem


def test_an_empty_playbook_is_a_problem(tmp_path: Path) -> None:
    """There is nothing to propose."""
    assert "holds no" in str(PlaybookProposer(tmp_path).find_problem())
    tree = make_worktree(tmp_path)
    add_idea(tree, "one", ("RT 2", "RT 4"))
    assert playbook(tree).find_problem() is None
