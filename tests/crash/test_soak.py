"""Many fake rounds under kills, and mutants of the product: what the long form does, small enough for every day."""

from pathlib import Path

import pytest

from tests.crash.lives import finish, is_killed, live
from tests.crash.power import weigh
from tests.crash.soak import soak
from tests.e2e.proof import prove
from tests.e2e.toy import kernel, make_toy, writes


def test_many_rounds_under_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """A writer killed again and again tells one story, each round once, each keep once on the branch."""
    found = soak(tmp_path / "run", rounds=40, facts=60, seed=5)
    assert (found.rounds, found.lost, found.doubled, found.is_right) == (40, 0, 0, True)
    assert found.kills > 2


def test_a_record_acknowledged_early_is_noticed(tmp_path: Path) -> None:
    """The suite can fail: a journal that answers before it has written loses facts at a kill."""
    found = soak(tmp_path / "run", rounds=20, facts=30, seed=5, mutant="early-acknowledgement")
    assert found.lost
    assert not found.is_right


def test_a_fact_told_before_its_effect_is_noticed(tmp_path: Path) -> None:
    """The suite can fail: killed between the fact of the baseline and its commit, the branch lacks what is told."""
    toy = make_toy(tmp_path / "toy", {"1:propose": writes(kernel(90, 180))})
    assert is_killed(live(toy, ["openround:before:kill"], mutant="fact-before-effect"))
    with pytest.raises(AssertionError):
        finish(toy, "fact-before-effect")
        prove(toy)


SYNCED = [
    'pwrite64(5</s/journal.db>, "x", 4096, 0) = 4096',
    "fdatasync(5</s/journal.db>)             = 0",
    'unlink("/s/journal.db-journal")         = 0',
    "fsync(6</s>)                            = 0",
    'write(1</dev/null>, "1 Kept\\n", 7)      = 7',
]


@pytest.mark.parametrize("missing", [1, 3])
def test_a_missing_sync_is_noticed(missing: int) -> None:
    """What a power cut may take is told from the calls: the database's bytes, and the end of its transaction."""
    assert (weigh(SYNCED, Path("/s")).told, weigh(SYNCED, Path("/s")).at_risk) == (1, 0)
    assert weigh(SYNCED[:missing] + SYNCED[missing + 1 :], Path("/s")).at_risk == 1
