"""An edit is looked at before any GPU second is spent, and written down once however often that is done."""

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.git_refs import read_ref, round_ref
from kernel_opt.edges.tree_edit import tree_with
from kernel_opt.model.hypothesis import Origin
from kernel_opt.model.round_facts import Checked, Dropped, Ending, Refused
from kernel_opt.model.settings import EditSettings
from kernel_opt.model.stages import Drafted
from kernel_opt.model.state import Best, RunState, Trial
from kernel_opt.round import check as checking
from kernel_opt.round import repeats
from kernel_opt.round.check import check
from kernel_opt.round.repeats import find_repeat
from kernel_opt.views.performance import REPORT
from kernel_opt.views.performance_progress import PICTURE
from tests.edges.toy_repository import user_git
from tests.fakes import bench_run, entry, hypothesis, settings, trace
from tests.round.toolbox import Box, make_box, write

FASTER = write("kernels/pa.py", "TILE = 64\n")
SLOWER = write("kernels/pa.py", "TILE = 8\n")


def accept(box: Box, state: RunState) -> Checked:
    fact = check(state, box.tools)
    assert isinstance(fact, Checked), fact
    return fact


def refuse(box: Box, state: RunState) -> Refused:
    fact = check(state, box.tools)
    assert isinstance(fact, Refused), fact
    return fact


def test_a_candidate_is_a_commit_under_its_hidden_ref(box: Box) -> None:
    """Base plus the allowed files, with counts of lines; the user's branches do not move."""
    before = user_git(box.tools.repository.root, "for-each-ref", "refs/heads")
    candidate = accept(box, box.draft(FASTER)).candidate
    assert read_ref(box.tools.repository, round_ref("t1", 1)) == candidate.commit
    assert (candidate.parent, candidate.origin, candidate.files) == (box.base, Origin.PROPOSED, ("kernels/pa.py",))
    assert (candidate.lines_added, candidate.lines_removed) == (1, 1)
    assert box.tools.repository.read_at(candidate.commit, "kernels/pa.py") == b"TILE = 64\n"
    assert user_git(box.tools.repository.root, "for-each-ref", "refs/heads") == before


def test_a_crash_before_the_fact_gives_the_same_commit_again(box: Box) -> None:
    """Written twice is written once: not another commit, and not taken for a repeat of itself."""
    state = box.draft(FASTER)
    first, second, third = (accept(box, state).candidate for _ in range(3))
    assert first == second == third
    repair = replace(box.draft(SLOWER, origin=Origin.REPAIR), stage_s=1500.0)
    once, twice = (accept(box, repair).candidate for _ in range(2))
    assert once == twice
    assert box.tools.repository.commit_of(f"{once.commit}^") == first.commit


def test_the_candidates_of_a_round_hang_together(box: Box) -> None:
    """A repair stands on the candidate that it mends, and each can be looked at later."""
    first = accept(box, box.draft(FASTER)).candidate
    repaired = accept(box, replace(box.draft(SLOWER, origin=Origin.REPAIR), stage_s=1500.0)).candidate
    said = box.git.run("log", "--format=%H %s", round_ref("t1", 1), f"^{box.base}").decode().splitlines()
    assert said == [f"{repaired.commit} Round 1: repair", f"{first.commit} Round 1: proposed"]
    assert repaired.parent == box.base


def test_the_same_code_is_refused_in_a_later_round(box: Box) -> None:
    """The round that had it is named; another edit is welcome."""
    accept(box, box.draft(FASTER))
    refused = refuse(box, box.draft(FASTER, 2))
    assert (refused.rule, refused.cheat) == ("repeat", False)
    assert "tried as Round 1: proposed" in refused.why
    accept(box, box.draft(SLOWER, 2))


def test_the_same_code_as_mend_is_refused(box: Box) -> None:
    """A repair that changes nothing would loop."""
    accept(box, box.draft(FASTER))
    assert refuse(box, replace(box.draft(FASTER, origin=Origin.REPAIR), stage_s=1500.0)).rule == "repeat"


def test_what_the_machine_kept_from_being_tried_may_come_again(box: Box) -> None:
    """A round lost to a broken card was no try; one that tied was."""
    accept(box, box.draft(FASTER))
    lost = replace(entry(Dropped(ending=Ending.INFRASTRUCTURE, why="GPU lost")), round=1)
    box.journal.append(lost)
    accept(box, box.draft(FASTER, 2))
    box.journal.append(replace(entry(Dropped(ending=Ending.TIE, why="tie")), round=2))
    assert "Round 2" in refuse(box, box.draft(FASTER, 3)).why


def test_commits_of_the_user_are_no_candidates(box: Box) -> None:
    """Whatever else lies in the repository, also with a round's name."""
    root = box.tools.repository.root
    (root / "kernels/pa.py").write_text("TILE = 64\n")
    user_git(root, "commit", "--all", "--quiet", "--message=Round 1: proposed")
    accept(box, box.draft(FASTER))
    assert repeats._round_of("Merge branch x") is None
    assert repeats._round_of("Round 12: split") == 12


def test_rules_are_asked_before_anything_is_written(box: Box) -> None:
    """A protected path, no evidence, a dead end: refused, and no ref was made."""
    cheat = refuse(box, box.draft(write("bench.py", "print(0)\n")))
    assert (cheat.rule, cheat.cheat) == ("protected-path", True)
    best = Best(box.base, box.base, bench_run(box.base), 0, trace())
    state = box.draft(FASTER, best=best)
    blind = replace(state, stage=replace(state.stage, hypothesis=replace(hypothesis(), bottlenecks=("x",))))
    assert refuse(box, blind).rule == "no-evidence"
    assert refuse(box, replace(state, trial_blocks=((Trial("tile by 64", Ending.WRONG),),))).rule == "repeat"
    assert read_ref(box.tools.repository, round_ref("t1", 1)) is None


def test_a_mend_needs_no_new_evidence(box: Box) -> None:
    """It is the same hypothesis."""
    best = Best(box.base, box.base, bench_run(box.base), 0, trace())
    state = box.draft(FASTER, origin=Origin.REPAIR, best=best)
    accept(box, replace(state, stage=replace(state.stage, hypothesis=replace(hypothesis(), bottlenecks=()))))


@pytest.mark.parametrize(
    ("text", "said"),
    [("def f(:\n", "kernels/pa.py:1: SyntaxError: "), ("x = 1\0\n", "null byte"), ("if 1:\nx\n", "IndentationError")],
)
def test_python_that_does_not_parse_is_sent_back(box: Box, text: str, said: str) -> None:
    """With file, line and reason; no ref was made."""
    refused = refuse(box, box.draft(write("kernels/pa.py", text)))
    assert (refused.rule, refused.cheat) == ("does-not-compile", False)
    assert said in refused.why
    assert read_ref(box.tools.repository, round_ref("t1", 1)) is None


def test_only_what_is_left_is_parsed(box: Box) -> None:
    """A removed file and another language are no Python to look at."""
    accept(box, box.draft(lambda tree: (tree / "kernels/pa.py").unlink()))
    accept(box, box.draft(write("kernels/pa.hip", "def f(:\n"), 2))


def test_it_is_parsed_by_the_python_that_will_run_it(tmp_path: Path) -> None:
    """Another version may know another syntax; a benchmark that is no Python gets our own."""
    box = make_box(tmp_path)
    assert checking._interpreter(box.tools) == "python"
    plain = settings()
    shell = replace(plain, benchmark=replace(plain.benchmark, command=("./run.sh",)))
    assert checking._interpreter(make_box(tmp_path / "b", shell).tools) == sys.executable


def test_the_users_own_check_sees_the_candidate_alone(tmp_path: Path) -> None:
    """It runs on the edit as captured, without the user's secrets, and its last line is the reason."""
    argv = ("sh", "-c", 'grep -q 64 kernels/pa.py || { echo "tile is not 64: $HOME"; exit 3; }')
    box = make_box(tmp_path, settings(edit=EditSettings(check_command=argv)))
    state = box.draft(FASTER)
    (box.tree / "kernels/pa.py").write_text("TILE = 1\n")
    accept(box, state)
    refused = refuse(box, box.draft(SLOWER, 2))
    assert refused.rule == "does-not-compile"
    assert "tile is not 64" in refused.why
    assert str(tmp_path / "state") in refused.why
    assert not list((tmp_path / "state").rglob("home"))


def test_a_check_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent check is told without a reason, a hanging one by its limit."""
    box = make_box(tmp_path / "a", settings(edit=EditSettings(check_command=("false",))))
    assert refuse(box, box.draft(FASTER)).why == "the check gave no reason"
    monkeypatch.setattr(checking, "CHECK_LIMIT_S", 0.2)
    box = make_box(tmp_path / "b", settings(edit=EditSettings(check_command=("sleep", "600"))))
    assert "still checking after" in refuse(box, box.draft(FASTER)).why


def test_without_a_draft_there_is_nothing_to_check(box: Box) -> None:
    """A mistake of ours, told as one."""
    with pytest.raises(TypeError, match="nothing is drafted"):
        check(box.state(), box.tools)


def test_the_same_code_under_another_report_is_refused(box: Box) -> None:
    """Every keep commits our documents beside the code: an old candidate under them is still the old candidate."""
    first = accept(box, box.draft(FASTER)).candidate
    draft = box.draft(FASTER, 2).stage
    assert isinstance(draft, Drafted)
    reported = tree_with(box.tools.repository, first.commit, {REPORT: b"# a keep since then\n", PICTURE: b"<svg/>"})
    assert reported != draft.edit.tree
    again = box.state(2, stage=replace(draft, edit=replace(draft.edit, tree=reported)))
    assert "tried as Round 1: proposed" in refuse(box, again).why


def test_going_back_to_the_baseline_is_no_new_code(box: Box) -> None:
    """It was measured before anything else."""
    later = write("kernels/pa.py", "TILE = 32\n")
    kept = accept(box, box.draft(later)).candidate
    back = box.draft(write("kernels/pa.py", "TILE = 16\n"), 2)
    assert isinstance(back.stage, Drafted)
    tree = box.tools.repository.commit_of(box.base)
    edit = replace(box.draft(later, 2).stage.edit, base=kept.commit, tree=f"{tree}^{{tree}}")
    refused = find_repeat(replace(back.stage, edit=edit), box.state(2), box.tools)
    assert refused is not None
    assert "tried as the baseline" in refused.why


def test_nearly_a_dead_end_is_refused_before_anything_is_written(box: Box) -> None:
    """With the round that it repeats; its relatives stand in the notes of what is let through."""
    said = "Prefetching the next tile of K hides the wait in the main loop of the kernel."
    past = Trial("In the main loop of the kernel, prefetching the next tile of K hides the wait.", Ending.TIE, round=9)
    state = box.draft(FASTER, trial_blocks=((replace(past, files=("kernels/pa.py",)),),))
    near = replace(state, stage=replace(state.stage, hypothesis=hypothesis(said)))
    assert "round 9" in refuse(box, near).why
    named = replace(near, stage=replace(near.stage, hypothesis=replace(hypothesis(said), differs="best has moved")))
    assert accept(box, named).notes == ("nearest earlier tries: round 9 (tie)",)
    assert accept(box, replace(box.draft(SLOWER, 2), trial_blocks=())).notes == ()


def test_a_candidate_names_the_functions_it_touches(box: Box) -> None:
    """So that later proposals find it."""
    text = "def decode():\n    return 1\n"
    assert accept(box, box.draft(write("kernels/new.py", text))).candidate.touched == ("decode",)
