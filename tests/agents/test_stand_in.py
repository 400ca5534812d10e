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
