"""What goes wrong at night: crashes, hostile children, neighbours on the card, proposers that misbehave."""

import json
import os
import signal
from pathlib import Path

import pytest

from kernel_opt.model.facts import Benched, Broke, Disturbed, Measured, NoIdleGpu, Stopped, Waited
from kernel_opt.model.round_facts import Dropped, Ending, GaveNothing, Refused, RoundOpened
from tests.e2e.proof import prove, prove_quiet
from tests.e2e.survivors import living
from tests.e2e.toy import HANG, ORPHAN, Page, hold, kernel, make_toy, writes

BUSY = json.dumps([{"use_pct": 90.0}])


def test_a_killed_daemon_leaves_nobody_behind(tmp_path: Path) -> None:
    """Killed in mid-benchmark with an orphan about: no process survives, and the resumed run ends right."""
    toy = make_toy(tmp_path / "toy", {"1:propose": writes(ORPHAN + hold(tmp_path / "toy") + kernel(110, 220))})
    toy.start()
    toy.wait_held()
    os.kill(toy.pid() or 0, signal.SIGKILL)
    toy.wait_end()
    prove_quiet(toy)
    assert toy.cli("status").returncode == 4
    toy.holding.unlink()
    toy.resume("--unless-stopped")
    toy.wait_end()
    assert [fact.ending for fact in toy.facts(Dropped)] == [Ending.REGRESSION]
    prove(toy)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
def test_a_daemon_that_ends_takes_its_waiting_worker_along(tmp_path: Path, number: signal.Signals) -> None:
    """While the proposer thinks a worker waits without a card; what can be told of the end stands in the log."""
    toy = make_toy(tmp_path / "toy", {"1:propose": Page(sleep_s=600.0)})
    toy.start()
    toy.wait_fact(RoundOpened)
    toy.wait(lambda: any("kernel_opt.worker" in line for line in living(toy.base)), "a worker waits")
    os.kill(toy.pid() or 0, number)
    toy.wait_end()
    prove_quiet(toy)
    assert toy.cli("status").returncode == 4
    last = json.loads(Path(toy.place.log).read_text().splitlines()[-1])
    assert (last.get("why") == "signal SIGQUIT") is (number == signal.SIGQUIT)


def test_without_an_idle_card_the_run_stops(tmp_path: Path) -> None:
    """Seven looks, six waits, then a Stop Summary that says why."""
    toy = make_toy(tmp_path / "toy", {"1:propose": Page()})
    toy.cards.write_text(BUSY)
    toy.start()
    toy.wait_end()
    assert (len(toy.facts(NoIdleGpu)), len(toy.facts(Waited))) == (7, 6)
    report = (toy.worktree / "performance.md").read_text()
    assert "Stop Summary" in report
    assert "no idle GPU available" in report
    prove(toy)


def test_a_contaminated_measurement_is_made_again(tmp_path: Path) -> None:
    """A neighbour shows up on the card: that benchmark counts for nothing, and is run again when the card is quiet."""
    toy = make_toy(tmp_path / "toy", {"1:propose": writes(hold(tmp_path / "toy") + kernel(110, 220))})
    toy.start()
    toy.wait_held()
    toy.cards.write_text(json.dumps([{"users": [1], "use_pct": 90.0}]))
    toy.holding.unlink()
    toy.wait_fact(Disturbed)
    toy.cards.write_text("[{}]")
    toy.wait_end()
    assert (len(toy.facts(Disturbed)), len(toy.facts(Benched))) == (1, 2)
    assert [fact.ending for fact in toy.facts(Dropped)] == [Ending.REGRESSION]
    prove(toy)


def test_bad_proposals_cost_a_round_each_and_no_more(tmp_path: Path) -> None:
    """Forbidden, broken, empty, crashing, hanging: each ends as what it is, and best stays the kernel as found."""
    book = {
        "1:propose": Page(files={"tests/bench.py": "print('faster')\n"}, sentence="cheat"),
        "2:propose": writes("US = {\n"),
        "3:propose": Page(sentence="nothing"),
        "4:propose": writes(kernel(90, 180) + "raise SystemError('the kernel fails to launch')\n"),
        "5:propose": writes(HANG + kernel(90, 180)),
        "6:propose": Page(sleep_s=600.0, leaves_orphan=True),
    }
    toy = make_toy(tmp_path / "toy", book, budget_s=2.0, agent_s=2.0)
    toy.start()
    toy.wait_end()
    nothing = Ending.GAVE_NOTHING
    expected = [Ending.REFUSED, Ending.FAILED, nothing, Ending.FAILED, Ending.FAILED, nothing]
    assert [fact.ending for fact in toy.facts(Dropped)] == expected
    # A slip is sent back once, a cheat never.
    sent_back = ["does-not-compile"] * 2 + ["nothing-changed"] * 2
    assert [fact.rule for fact in toy.facts(Refused)] == ["protected-path", *sent_back]
    assert [fact.kind for fact in toy.facts(Broke)][-1] == "hang"
    assert "took too long" in toy.facts(GaveNothing)[-1].why
    assert not [fact for fact in toy.facts(Measured) if fact.purpose.value == "round"]
    assert toy.facts(Stopped)[0].code == "max-rounds"
    prove(toy, [kernel(100, 200)])
