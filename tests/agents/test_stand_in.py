"""A whole run with a stand-in for a coding agent: what every machine can test of it."""

from pathlib import Path

import pytest

from kernel_opt.model.facts import ProposerAway, Stopped
from kernel_opt.model.round_facts import Edited, Ending, Proposed, Refused
from tests.agents.book import claim
from tests.agents.running import CLAUDE, KEY, aim_stand_in, endings, make_run, secrets_on_disk, told
from tests.e2e.proof import prove
from tests.e2e.toy import kernel


def page(text: str, sentence: str, trouble: str = "", name: str = "kernels/k.py") -> dict[str, object]:
    return {"files": {name: text}, "says": claim(sentence), "trouble": trouble}


def test_a_run_with_every_task_and_a_wrong_key_at_its_end(tmp_path: Path) -> None:
    """Sent back, wrong, repaired, kept, with processes left behind; then the key is refused, and the run stops."""
    book = {
        "1:propose": page("x", "a slip", name="README.txt"),
        "1:propose:back": page(kernel(90, 180, error=1), "wrong", "orphan"),
        "1:repair": page(kernel(90, 180), "mended"),
        "1:commit-message": {"files": {}, "says": "It waits less.", "trouble": ""},
        "2:propose": page("", "", "auth"),
    }
    toy = make_run(tmp_path / "toy", CLAUDE, rounds=4)
    aim_stand_in(toy, book)
    toy.start()
    toy.wait_end()
    assert endings(toy)[0] is Ending.KEPT, told(toy)
    assert [fact.rule for fact in toy.facts(Refused)] == ["not-allowed-path"]
    usages = [fact.usage for fact in toy.facts(Proposed, Edited)]
    assert [usage.input_tokens for usage in usages] == [1200, 1200, 1200]
    assert usages[0].version == "2.1.999"
    (away,), (stopped,) = toy.facts(ProposerAway), toy.facts(Stopped)
    assert away.final
    assert (stopped.code, "ANTHROPIC_API_KEY" in stopped.reason) == ("proposer", True)
    (agent,) = toy.state().tally.agents
    assert (agent.agent, agent.model, agent.calls, agent.rounds, agent.keeps) == ("scripted", "stand-in-1", 5, 1, 1)
    assert toy.state().tally.cost_usd == pytest.approx(0.02)
    assert "It waits less." in toy.git("log", "--format=%B", "kernel-opt/toy")
    prove(toy, [kernel(100, 200), kernel(90, 180)])
    assert secrets_on_disk(toy.base) == []
    assert KEY not in toy.cli("status", "--json").stdout


@pytest.mark.slow
def test_budgets_of_round_and_run(tmp_path: Path) -> None:
    """Over the round's bound nothing more is asked in it; over the run's bound the run ends, best in place."""
    book = {f"{number}:propose": page(kernel(80 + number, 160, error=1), f"wrong {number}") for number in (1, 2, 3)}
    toy = make_run(tmp_path / "toy", CLAUDE, rounds=9, round_usd=0.003)
    toy.config.write_text(toy.config.read_text().replace("[stop]", "[stop]\nmax_cost_usd = 0.01", 1))
    aim_stand_in(toy, book)
    toy.start()
    toy.wait_end()
    assert [ending.value for ending in endings(toy)] == ["wrong"] * 3, told(toy)
    assert all("the round's budget is spent: 0.00 USD" in line for line in told(toy) if line.startswith("wrong"))
    assert toy.facts(Stopped)[-1].code == "max-cost"
    assert toy.state().tally.cost_usd == pytest.approx(0.012)
    prove(toy, [kernel(100, 200)])


@pytest.mark.slow
def test_two_rounds_at_once_keep_apart(tmp_path: Path) -> None:
    """Each has a home and a conversation of its own: a mend goes on where its own proposal ended."""
    book: dict[str, object] = {}
    for number in (1, 2, 3, 4):
        book[f"{number}:propose"] = page(kernel(100 + number, 200, error=1), f"wrong {number}")
        book[f"{number}:repair"] = page(kernel(100 + number, 210), f"slower {number}")
    toy = make_run(tmp_path / "toy", CLAUDE, rounds=4)
    toy.config.write_text("lanes = 2\n" + toy.config.read_text())
    aim_stand_in(toy, book)
    toy.start()
    toy.wait_end()
    assert [ending.value for ending in endings(toy)] == ["regression"] * 4, told(toy)
    mends = toy.facts(Edited)
    assert len(mends) == 4
    assert {fact.usage.input_tokens for fact in mends} == {1200}, "its own part of a conversation that went on"
    transcripts = [path.read_text() for path in toy.folder.glob("agents-*/scripted/private/claude/*.txt")]
    assert all(text.count("# Round") == 2 for text in transcripts), "its proposal and its mend"
    assert len(transcripts) > 1
    prove(toy, [kernel(100, 200)])
