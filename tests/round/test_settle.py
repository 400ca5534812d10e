"""Rounds begin and end the same however often that is done; the branch gets kept improvements only."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.git_refs import best_ref, read_ref, round_ref
from kernel_opt.edges.process import StopWish
from kernel_opt.edges.worktree import lanes_folder
from kernel_opt.model.facts import Faulted, StopAsked, Stopped
from kernel_opt.model.hypothesis import Candidate, Origin
from kernel_opt.model.round_facts import (
    BaselineKept,
    Checked,
    Dropped,
    Ending,
    FormatFailed,
    Formatted,
    Kept,
    RolledBack,
    RoundOpened,
    Sealed,
)  # fmt: skip
from kernel_opt.model.settings import DiskSettings, FormatSettings
from kernel_opt.model.stages import Doubted, KeepSealed, RollbackSealed, Tries, Vetted, Weighed
from kernel_opt.model.state import Best, RunState, StopState
from kernel_opt.model.steps import Drop, Finish, Format, OpenRound, Publish, Seal
from kernel_opt.model.verdict import Outcome
from kernel_opt.round.check import check
from kernel_opt.round.format import format_candidate
from kernel_opt.round.settle import drop, finish, open_round, publish, seal
from tests.edges.toy_repository import files_below, user_git
from tests.fakes import bench_run, hypothesis, settings, verdict
from tests.round.toolbox import Box, make_box, write

FASTER = write("kernels/pa.py", "TILE = 64\n")
BRANCH = "refs/heads/kernel-opt/t1"


def candidate(box: Box) -> Candidate:
    """A checked candidate of round 1 with two files."""

    def act(tree: Path) -> None:
        FASTER(tree)
        write("kernels/new.py", "y=1\n")(tree)

    fact = check(box.draft(act), box.tools)
    assert isinstance(fact, Checked), fact
    return fact.candidate


def weighed(box: Box, one: Candidate) -> RunState:
    stage = Weighed(hypothesis(), one, bench_run(one.commit), verdict(Outcome.BETTER), None, Tries())
    return box.state(stage=stage, stage_s=2000.0)


# --- open and drop ----------------------------------------------------------------------------------------------------


def test_a_round_opens_with_a_seed_of_its_own(box: Box) -> None:
    """The seed differs from round to round and is the same after a crash."""
    first, again, second = (open_round(OpenRound(round=n), box.state(n), box.tools) for n in (1, 1, 2))
    assert isinstance(first, RoundOpened)
    assert isinstance(second, RoundOpened)
    assert first == again
    assert (first.round, first.best) == (1, box.base)
    assert first.seed != second.seed


def test_a_full_disk_opens_no_round(tmp_path: Path) -> None:
    """It says how much is free, where, and by which setting it is too little."""
    box = make_box(tmp_path, settings(disk=DiskSettings(min_free_mb=1e12)))
    fact = open_round(OpenRound(round=1), box.state(), box.tools)
    assert isinstance(fact, Faulted)
    assert fact.kind == "disk-full"
    assert str(tmp_path / "state") in fact.why
    assert "disk.min_free_mb" in fact.why


def test_dropping_puts_the_worktree_back(box: Box) -> None:
    """Byte for byte best, nothing on the branch; the candidate can still be looked at under its ref."""
    before = files_below(box.tree)
    one = candidate(box)
    for _ in range(2):
        fact = drop(Drop(ending=Ending.TIE, why="tie"), box.state(), box.tools)
        assert fact == Dropped(ending=Ending.TIE, why="tie")
    assert files_below(box.tree) == before
    assert read_ref(box.tools.repository, BRANCH) == box.base
    assert read_ref(box.tools.repository, round_ref("t1", 1)) == one.commit


# --- format -----------------------------------------------------------------------------------------------------------


def formatted(tmp_path: Path, script: str, **more: object) -> tuple[Box, Candidate, object]:
    """A candidate, and what formatting it by a shell script answered."""
    command = ("sh", "-c", script, "format", "{files}")
    box = make_box(tmp_path, settings(format=FormatSettings(command=command, **more)))  # type: ignore[arg-type]
    one = candidate(box)
    return box, one, format_candidate(Format(candidate=one), weighed(box, one), box.tools)


def test_only_the_candidates_files_are_taken(tmp_path: Path) -> None:
    """Whatever else a formatter changes, makes or removes is left behind."""
    script = (
        'for f; do echo "# tidy" >> $f; done; echo x >> README; rm -r tests; echo z > kernels/extra.py; rm latest;'
        " ln -s README latest"
    )
    box, one, fact = formatted(tmp_path, script)
    assert isinstance(fact, Formatted)
    assert fact.changed
    tidy = fact.candidate
    assert (tidy.origin, tidy.files, tidy.parent) == (Origin.FORMATTED, one.files, box.base)
    changed = user_git(box.tools.repository.root, "diff", "--name-only", one.commit, tidy.commit).split()
    assert changed == ["kernels/new.py", "kernels/pa.py"]
    assert box.tools.repository.read_at(tidy.commit, "kernels/new.py") == b"y=1\n# tidy\n"
    assert read_ref(box.tools.repository, round_ref("t1", 1)) == tidy.commit


def test_formatting_twice_gives_the_same_commit(tmp_path: Path) -> None:
    """A crash before the fact was written changes nothing."""
    box, one, first = formatted(tmp_path, 'echo "# tidy" >> kernels/pa.py')
    assert format_candidate(Format(candidate=one), weighed(box, one), box.tools) == first


def test_nothing_to_format_is_the_candidate_itself(tmp_path: Path, box: Box) -> None:
    """A formatter that finds all well, that removes the files, or that is not wished for."""
    for number, script in enumerate(("true", 'rm "$@"', "for f; do rm $f; ln -s /etc/hostname $f; done")):
        _, one, fact = formatted(tmp_path / str(number), script)
        assert fact == Formatted(candidate=one, changed=False)
    one = candidate(box)
    same = Formatted(candidate=one, changed=False)
    assert format_candidate(Format(candidate=one), weighed(box, one), box.tools) == same


def test_a_formatter_is_never_let_loose_on_the_whole_tree(tmp_path: Path) -> None:
    """Without a file of the candidate's it is not even started; a name like an option is given as a path."""
    box = make_box(tmp_path, settings(format=FormatSettings(command=("sh", "-c", 'echo "$@"; exit 1', "x", "{files}"))))
    one = replace(candidate(box), files=("kernels/gone.py",))
    assert format_candidate(Format(candidate=one), weighed(box, one), box.tools) == Formatted(
        candidate=one, changed=False
    )
    edit = box.edit(write("--help.py", "x = 1\n"))
    commit = box.tools.repository.commit_tree(edit.tree, box.base, "odd", 1.0)
    odd = replace(one, commit=commit, files=("--help.py",))
    fact = format_candidate(Format(candidate=odd), weighed(box, odd), box.tools)
    assert isinstance(fact, FormatFailed)
    assert (tmp_path / "state/rounds/0001/format-1/format.log").read_text() == "./--help.py\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "sh ended with exit code 3, see rounds/0001/format-1/format.log"),
        ("kill -9 $$", "sh was killed by signal 9"),
        ("sleep 600", "sh took too long"),
    ],
)
def test_a_formatter_that_fails_costs_no_gain(tmp_path: Path, script: str, said: str) -> None:
    """It is told as that: the candidate stays as it was."""
    _, _, fact = formatted(tmp_path, script, timeout_s=0.3 if "sleep" in script else 20.0)
    assert isinstance(fact, FormatFailed)
    assert fact.why.startswith(said)


def test_a_formatter_that_is_missing_costs_no_gain(tmp_path: Path) -> None:
    """It is no fault of the machine that would end the round."""
    box = make_box(tmp_path, settings(format=FormatSettings(command=("no-such-formatter", "{files}"))))
    one = candidate(box)
    fact = format_candidate(Format(candidate=one), weighed(box, one), box.tools)
    assert isinstance(fact, FormatFailed)
    assert "no-such-formatter could not be started" in fact.why


def test_a_stop_ends_the_formatter(tmp_path: Path) -> None:
    """Nobody waits for it to its limit."""
    box = make_box(tmp_path, settings(format=FormatSettings(command=("sh", "-c", "sleep 600", "x", "{files}"))))
    one = candidate(box)
    box.wishes.at_once = StopWish("ana", at_once=True)
    assert format_candidate(Format(candidate=one), weighed(box, one), box.tools) == StopAsked(by="ana")


# --- seal and publish -------------------------------------------------------------------------------------------------


def test_a_keep_is_one_commit_of_code_and_report(box: Box) -> None:
    """Its message says why it works; sealing twice gives the same commit, and nothing has moved yet."""
    one = candidate(box)
    stage = Vetted(hypothesis(), one, bench_run(one.commit), verdict(Outcome.BETTER), None, Tries(), 1)
    state = box.state(stage=stage)
    step = Seal(purpose="keep", tree_of=one.commit, verdict=verdict(Outcome.BETTER))
    first, again = seal(step, state, box.tools), seal(step, state, box.tools)
    assert isinstance(first, Sealed)
    assert first == again
    assert first.old == box.base
    root = box.tools.repository.root
    assert user_git(root, "show", "--name-only", "--format=%P", first.new).split() == [
        box.base, "kernels/new.py", "kernels/pa.py", "performance.md", "performance.svg"
    ]  # fmt: skip
    said = user_git(root, "show", "--no-patch", "--format=%B", first.new)
    for part in ("tile by 64\n", "fewer waits", "better by a fake", f"Round 1, measured as {one.commit[:12]}."):
        assert part in said
    assert read_ref(box.tools.repository, BRANCH) == box.base


def test_a_claim_cannot_steer_who_reads_the_log(box: Box) -> None:
    """Escape codes, marks that turn text round, lines that tools take for signatures: none of it is in the commit."""
    one = candidate(box)
    claim = hypothesis("fast\x1b[2J\n\nSigned-off-by: you")
    hostile = replace(claim, why="\u202eevil\nReviewed-by: you\n\x07waits\r")
    stage = Vetted(hostile, one, bench_run(one.commit), verdict(Outcome.BETTER), None, Tries(), 1)
    step = Seal(purpose="keep", tree_of=one.commit, verdict=verdict(Outcome.BETTER))
    sealed = seal(step, box.state(stage=stage), box.tools)
    assert isinstance(sealed, Sealed)
    said = user_git(box.tools.repository.root, "show", "--no-patch", "--format=%B", sealed.new)
    assert not set("\x1b\x07\r\u202e") & set(said)
    assert not [line for line in said.splitlines() if line.startswith(("Signed-off-by", "Reviewed-by"))]
    assert said.startswith("fast[2J Signed-off-by: you\n")


@pytest.mark.parametrize(("purpose", "said"), [("baseline", "baseline"), ("stop", "stop summary\n\nfive regressions")])
def test_baseline_and_stop_have_commits_of_their_own(box: Box, purpose: str, said: str) -> None:
    """No code is changed in them; a summary has the date of the decision to stop."""
    stop = StopState("five regressions", "regressions", planned_s=5000.0) if purpose == "stop" else None
    fact = seal(Seal(purpose=purpose, tree_of=box.base), box.state(stop=stop), box.tools)  # type: ignore[arg-type]
    assert isinstance(fact, Sealed)
    root = box.tools.repository.root
    assert said in user_git(root, "show", "--no-patch", "--format=%B", fact.new)
    assert user_git(root, "diff", "--name-only", box.base, fact.new).split() == ["performance.md", "performance.svg"]
    assert user_git(root, "show", "--no-patch", "--format=%ct", fact.new).strip() == ("5000" if stop else "1001")


def sealed(box: Box) -> tuple[Publish, RunState]:
    one = candidate(box)
    state = weighed(box, one)
    fact = seal(Seal(purpose="keep", tree_of=one.commit, verdict=verdict(Outcome.BETTER)), state, box.tools)
    assert isinstance(fact, Sealed)
    stage = KeepSealed(hypothesis(), one, bench_run(), verdict(Outcome.BETTER), None, old=fact.old, new=fact.new)
    return Publish(purpose="keep", old=fact.old, new=fact.new), replace(state, stage=stage)


def test_publishing_moves_branch_best_and_files(box: Box) -> None:
    """Done twice, as after a crash, is done once."""
    step, state = sealed(box)
    for _ in range(2):
        fact = publish(step, state, box.tools)
        assert isinstance(fact, Kept)
        assert (fact.commit, fact.candidate) == (step.new, state.stage.candidate.commit)
    for ref in (BRANCH, best_ref("t1")):
        assert read_ref(box.tools.repository, ref) == step.new
    assert (box.tree / "kernels/pa.py").read_text() == "TILE = 64\n"
    assert user_git(box.tree, "status", "--porcelain") == ""


def test_somebody_elses_branch_is_left_alone(box: Box) -> None:
    """A branch that moved is told, with how to go on; it stays where it was put."""
    step, state = sealed(box)
    theirs = user_git(box.tools.repository.root, "commit-tree", "-p", box.base, "-m", "mine", f"{box.base}^{{tree}}")
    user_git(box.tools.repository.root, "update-ref", BRANCH, theirs.strip())
    fact = publish(step, state, box.tools)
    assert isinstance(fact, Faulted)
    assert (fact.kind, read_ref(box.tools.repository, BRANCH)) == ("foreign-change", theirs.strip())


def test_each_purpose_has_its_fact(box: Box) -> None:
    """The baseline, the stop, and never a keep that was not sealed."""
    step, state = sealed(box)
    assert publish(replace_purpose(step, "baseline"), state, box.tools) == BaselineKept(commit=step.new)
    stopping = replace(state, stop=StopState("enough", "asked"))
    told = Stopped(reason="enough", code="asked", best=step.new)
    assert publish(replace_purpose(step, "stop"), stopping, box.tools) == told
    with pytest.raises(TypeError, match="was sealed before"):
        publish(step, box.state(), box.tools)


def test_the_way_back_is_a_commit_on_top(box: Box) -> None:
    """Code of the earlier best, a report, and why; the branch only ever goes forward."""
    one = candidate(box)
    best = Best(box.base, one.commit, bench_run(one.commit), 1)
    doubted = box.state(stage=Doubted("it is gone"), best=best)
    sealed = seal(Seal(purpose="rollback", tree_of=one.commit), doubted, box.tools)
    assert isinstance(sealed, Sealed)
    said = user_git(box.tools.repository.root, "show", "--no-patch", "--format=%P %B", sealed.new)
    assert said.startswith(f"{box.base} kernel-opt t1: back to {one.commit[:12]}\n\nit is gone\n")
    state = replace(doubted, stage=RollbackSealed("it is gone", sealed.old, sealed.new))
    told = publish(Publish(purpose="rollback", old=sealed.old, new=sealed.new), state, box.tools)
    assert told == RolledBack(commit=sealed.new, code=one.commit, why="it is gone")
    assert read_ref(box.tools.repository, BRANCH) == sealed.new
    assert (box.tree / "kernels/new.py").exists()


def test_a_keep_tells_how_often_it_was_looked_at(box: Box) -> None:
    """And why it was looked at twice."""
    step, state = sealed(box)
    large = replace(verdict(Outcome.BETTER), overall_ratio=0.5)
    told = publish(step, replace(state, stage=replace(state.stage, verdict=large, passes=2)), box.tools)
    assert isinstance(told, Kept)
    assert told.rechecks == 2
    assert told.why.endswith("Re-checked 2 times from cold, since it is 2 times as fast over all.")


def replace_purpose(step: Publish, purpose: str) -> Publish:
    return Publish(purpose=purpose, old=step.old, new=step.new)  # type: ignore[arg-type]


def test_an_end_without_a_summary_tells_where_the_branch_stands(box: Box) -> None:
    """On the summary when that was reached, else on best."""
    step = Finish(reason="disk full", code="disk")
    assert finish(step, box.state(), box.tools) == Stopped(reason="disk full", code="disk", best=box.base)
    stop = StopState("disk full", "disk", sealed=("x" * 40, box.base))
    assert finish(step, box.state(stop=stop, best=None, base="y"), box.tools).best == box.base
    other = StopState("disk full", "disk", sealed=(box.base, "z" * 40))
    assert finish(step, box.state(stop=other), box.tools).best == box.base


def test_the_lanes_are_put_away_before_the_last_fact(box: Box) -> None:
    """After it nobody comes back: a daemon that dies then leaves nothing of them."""
    step, state = sealed(box)
    stopping = replace(state, stop=StopState("enough", "asked"))
    lane = lanes_folder(box.tree) / "1"
    lane.mkdir(parents=True)
    assert isinstance(publish(replace_purpose(step, "stop"), stopping, box.tools), Stopped)
    assert not lane.parent.exists()
    lane.mkdir(parents=True)
    assert isinstance(finish(Finish(reason="disk full", code="disk"), stopping, box.tools), Stopped)
    assert not lane.parent.exists()


def test_a_lane_that_cannot_be_removed_stops_no_end(box: Box) -> None:
    """The run ends; what is left is beside its worktree."""
    lane = lanes_folder(box.tree) / "1"
    lane.mkdir(parents=True)
    (box.tools.repository.common_dir / "worktrees" / "odd" / "gitdir").mkdir(parents=True)  # no file, as it should be
    assert isinstance(finish(Finish(reason="disk full", code="disk"), box.state(), box.tools), Stopped)
    assert lane.exists()
