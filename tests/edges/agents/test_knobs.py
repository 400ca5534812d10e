"""The knobs proposer: one point a round as an edit, never the same twice, until nothing is left."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.agents.knobs import KnobsProposer
from kernel_opt.model.proposal import Reply, Task
from kernel_opt.model.settings import KnobSettings, SearchSettings
from kernel_opt.rules.search.past import find_point
from tests.edges.agents.asking import LAUNCH, SPOTS, TILE, make_worktree, nobody, request, sentence

RT = KnobSettings(name="RT", file="kernels/tile.h", pattern=r"^#define RT (\d+)$", values=(1, 2, 4), kernel="pa_main")
DT = KnobSettings(name="DT", file="kernels/tile.h", pattern=r"^#define DT (\d+)$", values=(2, 4, 8))
SPLIT = KnobSettings(name="SPLIT", file="kernels/launch.py", pattern=r"^SPLIT = (\d+)$", values=(128, 256))
FLAGS = KnobSettings(name="FLAGS", file="kernels/launch.py", pattern=r'"(-O\d[^"]*)"', values=("-O2", "-O3  -g"))


def proposer(*knobs: KnobSettings, budget: int = 0, constraints: tuple[str, ...] = (), seed: int = 0) -> KnobsProposer:
    return KnobsProposer(knobs or (RT, DT), SearchSettings(budget=budget, constraints=constraints, seed=seed))


def put_back(tree: Path) -> None:
    (tree / "kernels" / "tile.h").write_text(TILE)
    (tree / "kernels" / "launch.py").write_text(LAUNCH)


def propose_all(knobs: KnobsProposer, tree: Path, ending: str = "tie") -> list[list[object]]:
    """Round after round, each measured as a little slower than best, until it is dry."""
    trials: list[list[object]] = []
    while (answer := knobs.work(request(tree, trials=trials, hotspots=SPOTS), nobody)).reply is Reply.OK:
        trials.append([sentence(answer), ending, {"a": 1.0 + 0.01 * len(trials)}])
        put_back(tree)
        assert len(trials) < 50
    return trials


def test_a_point_is_an_edit_and_a_claim_with_evidence(tmp_path: Path) -> None:
    """Only the values change; the hypothesis names the change, the hottest spots of its kernel, and the point."""
    tree = make_worktree(tmp_path)
    only_rt = KnobsProposer((replace(RT, values=(2, 4)),), SearchSettings())
    answer = only_rt.work(request(tree, hotspots=SPOTS), nobody)
    assert (tree / "kernels" / "tile.h").read_text() == TILE.replace("RT 2", "RT 4")
    assert sentence(answer) == "The kernel is faster with RT 2 -> 4 (knob point 2)."
    assert answer.hypothesis is not None
    assert answer.hypothesis.bottlenecks == ("H1",)


def test_evidence_of_a_knob_about_any_kernel_is_the_hottest_of_all(tmp_path: Path) -> None:
    """Hottest first; without a trace there is none to cite."""
    tree = make_worktree(tmp_path)
    answer = proposer(SPLIT).work(request(tree, hotspots=SPOTS[::-1]), nobody)
    assert answer.hypothesis is not None
    assert answer.hypothesis.bottlenecks == ("H1", "H2")
    put_back(tree)
    blind = proposer(SPLIT).work(request(tree), nobody)
    assert blind.hypothesis is not None
    assert blind.hypothesis.bottlenecks == ()


def test_every_point_comes_once_and_then_it_is_dry(tmp_path: Path) -> None:
    """Best's own point is not proposed: there would be nothing to change."""
    trials = propose_all(proposer(), make_worktree(tmp_path))
    points = [find_point(str(row[0])) for row in trials]
    assert len(set(points)) == len(points) == 8
    assert (2, 2) not in points


def test_constraints_forbid_points(tmp_path: Path) -> None:
    """RT * DT <= 8 leaves six of nine, one of them best's."""
    trials = propose_all(proposer(constraints=("RT * DT <= 8",)), make_worktree(tmp_path))
    assert len(trials) == 5


def test_it_stops_at_its_budget(tmp_path: Path) -> None:
    """Points count, however they ended."""
    assert len(propose_all(proposer(budget=3), make_worktree(tmp_path), ending="wrong")) == 3


def test_a_point_that_a_fault_cut_off_may_come_again(tmp_path: Path) -> None:
    """The machine's faults are not the point's."""
    tree = make_worktree(tmp_path)
    first = proposer().work(request(tree), nobody)
    put_back(tree)
    again = proposer().work(request(tree, trials=[[sentence(first), "infrastructure", {}]]), nobody)
    assert sentence(again) == sentence(first)


def test_a_point_that_was_sent_back_is_not_proposed_again_at_once(tmp_path: Path) -> None:
    """Somebody else tried the very same code before: the next point is asked for in the same round."""
    tree = make_worktree(tmp_path)
    first = proposer().work(request(tree), nobody)
    put_back(tree)
    second = proposer().work(request(tree, barred=sentence(first)), nobody)
    assert sentence(second) != sentence(first)


def test_the_seed_fixes_the_choices(tmp_path: Path) -> None:
    """The same past and seed give the same point; another seed may not."""
    tree = make_worktree(tmp_path)
    asked: list[set[str]] = []
    for seed in (1, 1, 2, 3, 4, 5):
        put_back(tree)
        asked.append({sentence(proposer(seed=seed).work(request(tree), nobody))})
    assert asked[0] == asked[1]
    assert len(set.union(*asked)) > 1


def test_knobs_that_are_not_in_the_code_are_left_out(tmp_path: Path) -> None:
    """A pattern that is found not once has no one place; with none of them there is nothing to do."""
    tree = make_worktree(tmp_path)
    later = replace(SPLIT, name="LATER", pattern=r"^LATER = (\d+)$")
    gone = replace(SPLIT, name="GONE", file="kernels/gone.py")
    twice = replace(SPLIT, name="TWICE", file="kernels/tile.h", pattern=r"^#define \w+ (\d+)$")
    answer = proposer(later, gone, twice, SPLIT).work(request(tree), nobody)
    assert find_point(sentence(answer)) == (0, 0, 0, 1)
    dry = proposer(later, gone, twice).work(request(tree), nobody)
    assert (dry.reply, dry.detail) == (Reply.DRY, "none of the knobs is in the code")


def test_binary_files_links_and_folders_hold_no_knob(tmp_path: Path) -> None:
    """A knob stands in a plain text file."""
    tree = make_worktree(tmp_path)
    (tree / "kernels" / "binary").write_bytes(b"SPLIT = 1\xff")
    (tree / "kernels" / "link").symlink_to(tree / "kernels" / "launch.py")
    for name in ("binary", "link", "."):
        strange = replace(SPLIT, file=f"kernels/{name}")
        assert proposer(strange).work(request(tree), nobody).reply is Reply.DRY


def test_a_value_that_is_not_declared_is_a_place_to_start_from(tmp_path: Path) -> None:
    """Best may stand outside the declared values; text is written as declared, line ends stay."""
    tree = make_worktree(tmp_path)
    (tree / "kernels" / "launch.py").write_bytes(b'CFLAGS = ["-O1"]\r\nSPLIT = 256\r\n')
    answer = proposer(replace(FLAGS, values=("-O3  -g", "-Os"))).work(request(tree), nobody)
    assert sentence(answer).startswith("The kernel is faster with FLAGS -O1 -> -O")
    assert (tree / "kernels" / "launch.py").read_bytes() in {
        b'CFLAGS = ["-O3  -g"]\r\nSPLIT = 256\r\n',
        b'CFLAGS = ["-Os"]\r\nSPLIT = 256\r\n',
    }


def test_what_was_measured_guides_it(tmp_path: Path) -> None:
    """With RT as the only thing that matters it stays with the best RT, over a keep in between too."""
    tree = make_worktree(tmp_path)
    wide = replace(DT, values=tuple(range(1, 31)))
    knobs = proposer(RT, wide)
    trials: list[list[object]] = []
    for _ in range(16):
        answer = knobs.work(request(tree, trials=trials), nobody)
        point = find_point(sentence(answer)) or ()
        put_back(tree)
        trials.append([sentence(answer), "regression", {"a": 0.5 if point[0] == 3 else 1.5}])
    later = [find_point(str(row[0])) for row in trials[12:]]
    assert sum(point is not None and point[0] == 3 for point in later) >= 3


def test_a_point_cannot_be_mended(tmp_path: Path) -> None:
    """There is nothing between right and wrong values to try."""
    tree = make_worktree(tmp_path)
    for task in (Task.QUICK_FIX, Task.REPAIR, Task.SPLIT):
        assert proposer().work(request(tree, task), nobody).reply is Reply.NOTHING


@pytest.mark.parametrize(
    ("knobs", "constraints", "says"),
    [
        ((), (), "declare no"),
        ((RT, RT), (), "same name"),
        ((replace(RT, pattern="("),), (), "no regular expression"),
        ((replace(RT, kernel="("),), (), "no regular expression"),
        ((replace(RT, pattern="RT"),), (), "0 groups"),
        ((replace(RT, name="R T"),), (), "needs a name"),
        ((replace(RT, values=(1,)),), (), "at least two"),
        ((replace(RT, values=(1, 2, "1")),), (), "none twice"),
        ((replace(RT, file="../x"),), (), "not inside"),
        ((replace(RT, file="/x"),), (), "not inside"),
        ((RT,), ("RT <",), "search.constraints"),
        ((RT,), ("RT < XT",), "speaks of XT"),
    ],
)
def test_slips_in_the_settings_are_told(
    knobs: tuple[KnobSettings, ...], constraints: tuple[str, ...], says: str
) -> None:
    """Before a run begins, with the knob's name."""
    problem = KnobsProposer(knobs, SearchSettings(constraints=constraints)).find_problem()
    assert problem is not None
    assert says in problem


def test_sound_settings_have_no_problem() -> None:
    """Several knobs with constraints between them."""
    assert proposer(RT, DT, SPLIT, FLAGS, constraints=("RT * DT <= 8",)).find_problem() is None
