"""The common protocol, with a program that speaks it: edits are allowed one by one, and only in the worktree."""

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.agents.acp import Acp
from kernel_opt.edges.agents.acp_connection import choose
from kernel_opt.edges.agents.coding import CodingProposer
from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.model.proposal import Answer, Reply, Task
from tests.e2e.survivors import living
from tests.edges.agents.asking import make_worktree, nobody, request, sentence

AGENT = Path(__file__).parents[2] / "agents" / "acp_agent.py"
KEY = "COMMON_KEY"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "k")


def ask(tree: Path, trouble: str = "none", task: Task = Task.PROPOSE, **limits: object) -> Answer:
    """One call of the agent."""
    arguments = ("-S", str(AGENT), trouble)
    agent = CodingAgent(name="c", kind="acp", program=sys.executable, arguments=arguments, model="m", keys=(KEY,))
    proposer = CodingProposer(agent, AgentSettings(**limits), Acp())  # type: ignore[arg-type]
    return proposer.work(replace(request(tree, task), home=str(tree.parent / "homes")), nobody)


def test_an_edit_in_the_worktree_is_allowed_and_no_other(tmp_path: Path) -> None:
    """The claim is the last word; what the client does not offer is refused; the brief is what was sent."""
    tree = make_worktree(tmp_path)
    answer = ask(tree)
    assert (answer.reply, sentence(answer)) == (Reply.OK, "by the common protocol")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (5, 2)
    assert (tree / "kernels/k.py").read_text() == "# Round 1\n"
    assert not (tmp_path / "outside").exists()


def test_a_conversation_that_cannot_be_continued_is_begun_anew(tmp_path: Path) -> None:
    """Told by the agent's error; the mend is done all the same."""
    tree = make_worktree(tmp_path)
    ask(tree)
    assert ask(tree, task=Task.REPAIR).reply is Reply.OK


def test_an_old_conversation_that_is_told_again_is_no_answer(tmp_path: Path) -> None:
    """Also when it comes after the agent has said that it is ready."""
    tree = make_worktree(tmp_path)
    assert "no proposal" in ask(tree, "replays").detail
    assert ask(tree, "replays", Task.COMMIT_MESSAGE).text == "It waits less."


@pytest.mark.parametrize(("trouble", "said"), [("breaks-off", "has not answered"), ("limited", "later")])
def test_a_limit_in_the_middle_of_an_answer_is_waited_for(tmp_path: Path, trouble: str, said: str) -> None:
    """Told or only seen by its silence; the conversation goes on with a word on what has become of the edit."""
    tree = make_worktree(tmp_path)
    first = ask(tree, trouble, silence_s=2.5)
    assert (first.reply, said in first.detail) == (Reply.AWAY, True), first.detail
    (tree / "kernels/k.py").unlink()  # as the worktree is put back before it is asked once more
    assert ask(tree, trouble, silence_s=20.0).reply is Reply.OK
    brief = (tree / "kernels/k.py").read_text()
    assert brief.startswith("Your last answer was cut off."), "the stand-in writes what it was told"
    assert brief.endswith("# Round 1\n")


def test_an_answer_that_takes_all_its_time_uses_up_its_round(tmp_path: Path) -> None:
    """Its clock is no evidence that its server is away."""
    answer = ask(make_worktree(tmp_path), "breaks-off", silence_s=0.0, timeout_s=1.0)
    assert (answer.reply, "took too long" in answer.detail) == (Reply.NOTHING, True)


def test_a_question_in_a_conversation_that_is_lost_says_what_it_is_about(tmp_path: Path) -> None:
    """The whole brief goes with it, once."""
    tree = make_worktree(tmp_path)
    assert ask(tree, "speechless").detail == "no proposal.json was left"
    assert (tree / "kernels/k.py").read_text().startswith("# Round 1\n\nYour last message is no answer")


@pytest.mark.parametrize(
    ("trouble", "reply", "said"),
    [
        ("refuses", Reply.BARRED, "Authentication required"),
        ("ends", Reply.NOTHING, "the agent ended before it answered session/prompt"),
        ("odd", Reply.OK, ""),
    ],
)
def test_each_way_to_fail_has_its_reply(tmp_path: Path, trouble: str, reply: Reply, said: str) -> None:
    """By its error, never by its exit code; what is no message is passed over."""
    answer = ask(make_worktree(tmp_path), trouble)
    assert answer.reply is reply
    assert said in answer.detail


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    """With everything that the client had started; silent before its first word, it has not reached its model."""
    tree = make_worktree(tmp_path)
    answer = ask(tree, "deaf", silence_s=1.0)
    assert (answer.reply, "its model has not answered" in answer.detail) == (Reply.AWAY, True)
    assert list(living(tree)) == []


def test_a_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    """No wait mends it."""
    tree = make_worktree(tmp_path)
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    agent = CodingAgent(name="c", kind="acp", program=str(broken), keys=(KEY,))
    answer = CodingProposer(agent, AgentSettings(), Acp()).work(request(tree), nobody)
    assert (answer.reply, "No such file" in answer.detail) == (Reply.BARRED, True)


@pytest.mark.parametrize(
    ("paths", "kinds", "outcome"),
    [
        (["k.py"], ["allow_always", "allow_once"], {"outcome": "selected", "optionId": "allow_once"}),
        (["k.py"], ["allow_always"], {"outcome": "selected", "optionId": "allow_always"}),
        (["/etc/x"], ["allow_once", "reject_once"], {"outcome": "selected", "optionId": "reject_once"}),
        (["k.py", "link/x"], ["allow_once"], {"outcome": "cancelled"}),
        ([], [], {"outcome": "cancelled"}),
    ],
)
def test_what_is_allowed(tmp_path: Path, paths: list[str], kinds: list[str], outcome: dict[str, str]) -> None:
    """Once rather than always; a link out of the worktree is outside."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to("/etc")
    options = [{"optionId": kind, "kind": kind} for kind in kinds]
    call = {"locations": [{"path": path} for path in paths]}
    assert choose({"toolCall": call, "options": options}, tree) == outcome
