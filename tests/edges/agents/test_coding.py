"""A coding agent as proposer: whatever it says, what it is believed, what it costs, and that nothing is left."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.agents.call import BRIEF_CAP_BYTES
from kernel_opt.edges.agents.claude import Claude
from kernel_opt.edges.agents.coding import CodingProposer
from kernel_opt.edges.process import StopWish
from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.model.proposal import Answer, Reply, Request, Task
from tests.agents.book import CLAIM
from tests.agents.running import write_stand_in
from tests.e2e.survivors import living
from tests.edges.agents.asking import make_worktree, nobody, sentence

KEY = "STAND_IN_KEY"


@dataclass
class Desk:
    """A proposer with a book, and a worktree."""

    folder: Path
    tree: Path
    program: Path

    def write(self, **pages: dict[str, object]) -> None:
        """Set the pages; `_` in a key stands for `:`."""
        whole = {
            key.replace("_", ":"): {"files": {}, "says": dict(CLAIM), "trouble": "", **page}
            for key, page in pages.items()
        }
        (self.folder / "book.json").write_text(json.dumps(whole))

    def proposer(self, **limits: object) -> CodingProposer:
        book = {"STAND_IN_BOOK": str(self.folder / "book.json")}
        agent = CodingAgent(name="mine", kind="claude", program=str(self.program), keys=(KEY,), environment=book)
        return CodingProposer(agent, AgentSettings(**limits), Claude())  # type: ignore[arg-type]

    def request(self, task: Task = Task.PROPOSE, number: int = 1, **more: object) -> Request:
        """A call in a folder of its own, with the brief's title as the real brief has it."""
        folder = self.folder / f"call-{len(list(self.folder.glob('call-*')))}"
        folder.mkdir()
        brief = folder / "brief.md"
        brief.write_text(f"# Round {number} of t: {task.value}\n")
        home = str(self.folder / "agents")
        plain = Request(
            task=task, round=number, brief=str(brief), worktree=str(self.tree), folder=str(folder), home=home
        )
        return replace(plain, **more)

    def ask(
        self,
        task: Task = Task.PROPOSE,
        number: int = 1,
        on_tick: Callable[[], StopWish | None] = nobody,
        **limits: object,
    ) -> Answer:
        return self.proposer(**limits).work(self.request(task, number), on_tick)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv(KEY, "sk-secret")
    return Desk(tmp_path, make_worktree(tmp_path), write_stand_in(tmp_path))


def test_its_edit_and_its_claim(desk: Desk) -> None:
    """The claim is its structured answer; model, version and cost are those that its events tell."""
    desk.write(**{"1_propose": {"files": {"kernels/k.py": "x"}}})
    answer = desk.ask()
    assert (answer.reply, sentence(answer)) == (Reply.OK, CLAIM["hypothesis"])
    usage = answer.usage
    assert (usage.agent, usage.model, usage.version) == ("mine", "stand-in-1", "2.1.999")
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (1200, 34, 0.004)
    assert usage.wall_s > 0
    assert answer.hypothesis is not None
    assert answer.hypothesis.model == "stand-in-1"
    assert (desk.tree / "kernels/k.py").read_text() == "x"


@pytest.mark.parametrize(
    ("trouble", "reply", "said"),
    [
        ("auth", Reply.BARRED, "401 no such key; see that STAND_IN_KEY holds a key that may use this model"),
        ("limit", Reply.AWAY, "rejected (429)"),
        ("outage", Reply.AWAY, "API Error: 500"),
        ("unreached", Reply.AWAY, "cannot connect"),
        ("turns", Reply.NOTHING, "used up its turns"),
        ("too-long", Reply.NOTHING, "Prompt is too long"),
        ("no-result", Reply.NOTHING, "ended without a result"),
        ("silent-junk", Reply.NOTHING, "ended without a result"),
    ],
)
def test_no_word_of_success_is_believed(desk: Desk, trouble: str, reply: Reply, said: str) -> None:
    """A wrong key, a limit and an outage all end as "success" or with odd codes; each has its own reply."""
    desk.write(**{"1_propose": {"trouble": trouble}})
    answer = desk.ask()
    assert answer.reply is reply
    assert said in answer.detail


def test_a_limit_is_waited_for_as_long_as_it_says(desk: Desk) -> None:
    """A wait that is none of the server's is none: a wrong key is not to be tried again."""
    desk.write(**{"1_propose": {"trouble": "limit"}, "2_propose": {"trouble": "auth"}})
    assert desk.ask().retry_after_s == 90.0
    assert desk.ask(number=2).retry_after_s is None


def test_one_that_does_not_start_says_why(desk: Desk) -> None:
    """In its own last words: an argument that it does not know, a user that it will not run as."""
    desk.program.write_text(
        "#!/bin/sh\ncase $1 in --version) echo 2.1.999;; *) echo 'unknown option -p'; exit 1;; esac\n"
    )
    answer = desk.ask()
    assert (answer.reply, "unknown option -p" in answer.detail) == (Reply.NOTHING, True)


def test_junk_between_the_events_is_passed_over(desk: Desk) -> None:
    """What is no event decides nothing."""
    desk.write(**{"1_propose": {"trouble": "junk"}})
    assert desk.ask().reply is Reply.OK


@pytest.mark.parametrize("says", ["I am done.", "", '{"hypothesis": 3}', '{"hypothesis": "x", "bottlenecks": "H1"}'])
def test_an_answer_that_is_none_is_sent_back_once(desk: Desk, says: str) -> None:
    """In the same conversation, with the reason; the edit stands, both calls are paid; then it counts or is nothing."""
    desk.write(**{"1_propose": {"says": says, "files": {"k": "x"}}, "1_propose_again": {}})
    answer = desk.ask()
    assert (sentence(answer), answer.usage.cost_usd) == (CLAIM["hypothesis"], pytest.approx(0.008))
    assert (desk.tree / "k").exists()
    assert "is no answer" in (desk.folder / "call-0" / "again.md").read_text()
    desk.write(**{"2_propose": {"says": says}, "2_propose_again": {"says": says}})
    assert desk.ask(number=2).reply is Reply.NOTHING


@pytest.mark.parametrize(
    "says",
    [
        json.dumps(CLAIM),
        f"I am done.\n```json\n{json.dumps(CLAIM, indent=1)}\n```\nGood luck {{}}.",
        json.dumps({**CLAIM, "hypothesis": "earlier"}) + json.dumps(CLAIM),
    ],
)
def test_a_claim_among_words_is_found(desk: Desk, says: str) -> None:
    """The last one counts."""
    desk.write(**{"1_propose": {"says": says}})
    assert sentence(desk.ask()) == CLAIM["hypothesis"]


def test_a_claim_in_a_file_is_taken_and_is_no_part_of_the_edit(desk: Desk) -> None:
    """It is easily left there."""
    desk.write(**{"1_propose": {"says": "see proposal.json", "files": {"proposal.json": json.dumps(CLAIM)}}})
    assert sentence(desk.ask()) == CLAIM["hypothesis"]
    assert not (desk.tree / "proposal.json").exists()


def test_a_mend_goes_on_with_the_conversation(desk: Desk) -> None:
    """It knows its own proposal, is charged for itself alone, and needs no new claim; another round knows nothing."""
    desk.write(**{"1_propose": {}, "1_repair": {"says": "mended"}, "2_propose": {}})
    desk.ask()
    answer = desk.ask(Task.REPAIR)
    assert (answer.reply, answer.hypothesis) == (Reply.OK, None)
    (transcript,) = (desk.folder / "agents").rglob("*.txt")
    assert transcript.read_text().count("# Round 1") == 2
    assert answer.usage.input_tokens == 1200
    desk.ask(number=2)
    (transcript,) = (desk.folder / "agents").rglob("*.txt")
    assert "# Round 1" not in transcript.read_text()


def test_a_conversation_that_is_lost_is_begun_anew(desk: Desk) -> None:
    """The brief says all that must be known."""
    desk.write(**{"1_propose": {}, "1_repair": {"says": "mended"}})
    desk.ask()
    for transcript in (desk.folder / "agents").rglob("*.txt"):
        transcript.unlink()
    assert desk.ask(Task.REPAIR).reply is Reply.OK
    assert (desk.folder / "call-1" / "agent-2.log").exists()


@pytest.mark.parametrize("trouble", ["stall", "deaf"])
def test_one_that_hangs_is_ended_and_its_cost_counts(desk: Desk, trouble: str) -> None:
    """Asked first, so that it can tell; its exit code 0 is not believed."""
    desk.write(**{"1_propose": {"trouble": trouble, "files": {"k": "x"}}})
    wishes = iter([None, None, StopWish("a person", at_once=trouble == "deaf")])
    answer = desk.ask(on_tick=lambda: next(wishes, None) if (desk.tree / "k").exists() else None)
    assert (answer.reply, answer.detail) == (Reply.NOTHING, "stopped: a person")
    assert answer.usage.input_tokens == 1200
    assert list(living(desk.tree)) == []


def test_its_time_is_bounded(desk: Desk) -> None:
    """By the wall clock, by silence, and when it only says that it is waiting: that is an outage, and no round."""
    desk.write(
        **{"1_propose": {"trouble": "stall"}, "1_repair": {"trouble": "stall"}, "2_propose": {"trouble": "waits"}}
    )
    late = desk.ask(timeout_s=0.4)
    assert (late.reply, "took too long and was ended" in late.detail) == (Reply.NOTHING, True)
    mend = desk.ask(Task.REPAIR, mend_timeout_s=0.4)
    assert "took too long" in mend.detail
    silent = desk.ask(silence_s=0.4)
    assert (silent.reply, "nothing came back" in silent.detail) == (Reply.NOTHING, True)
    waiting = desk.ask(number=2, silence_s=2.0)
    assert (waiting.reply, "nothing came back" in waiting.detail) == (Reply.AWAY, True)


def test_orphans_do_not_outlive_the_call(desk: Desk) -> None:
    """Also those in sessions of their own, deaf and without an environment."""
    desk.write(**{"1_propose": {"trouble": "orphan"}})
    assert desk.ask().reply is Reply.OK
    assert list(living(desk.tree)) == []


def test_only_its_own_key_is_handed_through(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials go by name into that child alone, and its home is its own."""
    monkeypatch.setenv("OTHER_KEY", "sk-other")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-usual")
    desk.program.write_text("#!/bin/sh\ncase $1 in --version) echo 9.9.9;; *) env > seen;; esac\n")
    desk.write()
    desk.ask()
    seen = dict(line.split("=", 1) for line in (desk.tree / "seen").read_text().splitlines() if "=" in line)
    assert seen[KEY] == "sk-secret"
    assert {"OTHER_KEY", "ANTHROPIC_API_KEY"}.isdisjoint(seen)
    assert seen["HOME"].startswith(str(desk.folder / "agents" / "mine"))


def test_a_brief_beyond_all_bounds_is_not_sent(desk: Desk) -> None:
    """No money is spent on what no model can read."""
    desk.write(**{"1_propose": {}})
    request = desk.request()
    Path(request.brief).write_text("x" * (BRIEF_CAP_BYTES + 1))
    answer = desk.proposer().work(request, nobody)
    assert (answer.reply, "not asked" in answer.detail) == (Reply.NOTHING, True)
    assert not (Path(request.folder) / "agent.log").exists()


def test_what_is_missing_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Program, key, version: by name, before the run and when one is gone later."""
    assert desk.proposer().find_problem() is None
    gone = CodingProposer(CodingAgent(name="m", kind="claude", program="no-such"), AgentSettings(), Claude())
    assert gone.find_problem() == "no-such is not installed or not on PATH"
    monkeypatch.delenv(KEY)
    assert f"no key: set {KEY}" in str(desk.proposer().find_problem())
    assert desk.ask().reply is Reply.BARRED
    monkeypatch.setenv(KEY, "k")
    for name, said, expected in (("old", "2.0.9 (Claude Code)", "2.0.9 is too old"), ("odd", "hello", "no version")):
        program = desk.folder / name
        program.write_text(f"#!/bin/sh\necho {said!r}\n")
        program.chmod(0o755)
        assert expected in str(Desk(desk.folder, desk.tree, program).proposer().find_problem())


def test_a_budget_is_told_to_the_agent(desk: Desk) -> None:
    """What the round has left, and how many turns."""
    desk.program.write_text('#!/bin/sh\ncase $1 in --version) echo 9.9.9;; *) echo "$@" > seen;; esac\n')
    desk.write()
    desk.proposer(max_turns=7).work(desk.request(left_usd=0.25), nobody)
    seen = (desk.tree / "seen").read_text()
    assert "--max-budget-usd 0.2500" in seen
    assert "--max-turns 7" in seen
    assert os.environ[KEY] not in seen
