"""A day's money, with the real daemon on the toy: when it is spent the run sleeps over midnight, and then goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kernel_opt.daemon.begin import Wish, prepare
from kernel_opt.model.facts import Stopped, Traced, Waited
from kernel_opt.model.round_facts import RoundOpened
from kernel_opt.rules.spending import DAY_S
from tests.e2e.proof import prove
from tests.e2e.toy import STORY_KERNELS, TAG, kernel, make_toy, writes

HOUR_S = 3600.0


def test_over_a_days_money_the_run_sleeps_until_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first round costs more than a day may; the second is of the next day, and what it kept is as ever."""
    book = {
        "1:propose": writes(kernel(90, 180), sentence="dear", cost_usd=1.25),
        "2:propose": writes(kernel(80, 160), sentence="of the next day", cost_usd=0.25),
    }
    toy = make_toy(tmp_path, book)
    toy.config.write_text(toy.config.read_text().replace("[agent]\n", "[agent]\nday_usd = 1.0\n"))
    for name in ("KERNEL_OPT_STATE", "KERNEL_OPT_LEASE_DIR"):
        monkeypatch.setenv(name, toy.environ[name])
    place, _ = prepare(Wish(tag=TAG, repo=toy.repository, config=toy.config))
    clock = tmp_path / "clock"
    to_eleven_s = DAY_S - HOUR_S - time.time() % DAY_S
    clock.write_text(str(to_eleven_s))
    daemon = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.set_clock", place.directory, str(clock)], cwd=tmp_path, env=toy.environ
    )
    toy.wait(lambda: len(toy.facts(Traced)) == 2, "the round's keep is looked at, the last thing before the next")
    # Whatever it does by now: by the time of its last fact nothing of that day is left, and it sleeps, or is about to.
    fresh = tmp_path / "fresh"
    fresh.write_text(str(to_eleven_s + 2 * HOUR_S))
    fresh.replace(clock)
    os.kill(daemon.pid, signal.SIGUSR1)
    assert daemon.wait(120) == 0
    opened = [entry for entry in toy.entries() if isinstance(entry.fact, RoundOpened)]
    days = {entry.fact.round: int(entry.at_s // DAY_S) for entry in opened}
    assert days[2] - days[1] == 1
    (waited,) = toy.facts(Waited)
    assert waited.reason == "the day's budget is spent: 1.25 USD, 0 tokens"
    assert [fact.code for fact in toy.facts(Stopped)] == ["max-rounds"]
    assert toy.state().tally.cost_usd == pytest.approx(1.5)
    prove(toy, STORY_KERNELS)
