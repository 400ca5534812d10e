"""The command proposer, with real programs."""

import json
import shlex
from pathlib import Path

import pytest

from kernel_opt.edges.agents.command import CommandProposer, program_of
from kernel_opt.edges.process import StopWish
from kernel_opt.model.proposal import Answer, Reply, Task
from kernel_opt.model.settings import AgentSettings
from tests.edges.agents.asking import make_worktree, nobody, request, sentence

CLAIM = json.dumps({"hypothesis": "Larger tiles.", "usage": {"cost_usd": 0.25}})


def ask(tree: Path, script: str, task: Task = Task.PROPOSE, **settings: object) -> Answer:
    """Ask a shell script."""
    chosen = AgentSettings(command=("sh", "-c", script), **settings)  # type: ignore[arg-type]
    return CommandProposer(chosen).work(request(tree, task), nobody)


def test_it_edits_the_worktree_and_leaves_its_claim_where_it_was_told(tmp_path: Path) -> None:
    """Brief on standard input and by name; started in the worktree; the cost as it told it."""
    tree = make_worktree(tmp_path)
    script = (
        f'cat > seen; cat "$KERNEL_OPT_BRIEF" >> seen;'
        f' echo "$KERNEL_OPT_TASK $KERNEL_OPT_ROUND $KERNEL_OPT_SEED" >> seen;'
        f' echo {shlex.quote(CLAIM)} > "$KERNEL_OPT_PROPOSAL"'
    )
    answer = ask(tree, script)
    assert (answer.reply, sentence(answer), answer.usage.cost_usd) == (Reply.OK, "Larger tiles.", 0.25)
    assert answer.usage.wall_s > 0
    assert (tree / "seen").read_text() == "# Round 1\n# Round 1\npropose 1 0\n"


def test_a_claim_left_in_the_worktree_is_taken_and_is_no_part_of_the_edit(tmp_path: Path) -> None:
    """It is easily left there."""
    tree = make_worktree(tmp_path)
    answer = ask(tree, f"echo {shlex.quote(CLAIM)} > proposal.json")
    assert sentence(answer) == "Larger tiles."
    assert not (tree / "proposal.json").exists()


@pytest.mark.parametrize(
    ("script", "reply", "says"),
    [
        ("exit 75", Reply.AWAY, "try again later"),
        ("exit 126", Reply.BARRED, "could not be started"),
        ("exit 127", Reply.BARRED, "could not be started"),
        ("exit 3", Reply.NOTHING, "exit code 3"),
        ("kill -9 $$", Reply.NOTHING, "signal 9"),
        ("echo no > proposal.json", Reply.NOTHING, "is not a proposal"),
    ],
)
def test_each_way_to_end_has_its_reply(tmp_path: Path, script: str, reply: Reply, says: str) -> None:
    """What no wait mends is told apart from what one does."""
    answer = ask(make_worktree(tmp_path), script)
    assert answer.reply is reply
    assert says in answer.detail


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    """After its time, or when it gave no sign of life."""
    tree = make_worktree(tmp_path)
    late = ask(tree, "while :; do echo .; sleep 0.05; done", timeout_s=0.5)
    assert (late.reply, "took too long" in late.detail) == (Reply.NOTHING, True)
    silent = ask(tree, "sleep 60", silence_s=0.5)
    assert (silent.reply, "no sign of life" in silent.detail) == (Reply.NOTHING, True)


def test_a_wish_to_stop_ends_it(tmp_path: Path) -> None:
    """With who wished it."""
    proposer = CommandProposer(AgentSettings(command=("sleep", "60")))
    answer = proposer.work(request(make_worktree(tmp_path)), lambda: StopWish("a person"))
    assert (answer.reply, answer.detail) == (Reply.NOTHING, "stopped: a person")


def test_secrets_are_not_handed_through_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the settings pass."""
    monkeypatch.setenv("MY_KEY", "k")
    monkeypatch.setenv("OTHER_KEY", "o")
    tree = make_worktree(tmp_path)
    ask(tree, 'echo "$MY_KEY $OTHER_KEY" > seen', pass_environment=("MY_KEY",))
    assert (tree / "seen").read_text() == "k \n"


def test_a_missing_program_is_told_before_the_run() -> None:
    """By name."""
    assert CommandProposer(AgentSettings()).find_problem() == "agent.command is empty"
    missing = CommandProposer(AgentSettings(command=("no-such-program",)))
    assert missing.find_problem() == "no-such-program is not installed or not on PATH"
    assert CommandProposer(AgentSettings(command=("sh",))).find_problem() is None


def test_the_program_is_named_for_the_record() -> None:
    """Its path where it is found."""
    assert program_of(AgentSettings()) == ""
    assert Path(program_of(AgentSettings(command=("sh",)))).is_absolute()
