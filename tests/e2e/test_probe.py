"""A probe in a real run: wrong on purpose, timed once, told to the next round, and nowhere on the branch."""

from pathlib import Path

from kernel_opt.model.explore import Aim
from kernel_opt.model.round_facts import Dropped, Edited, Ending, Kept, RoundOpened
from tests.e2e.proof import prove
from tests.e2e.toy import kernel, make_toy, writes


def test_a_probe_is_never_kept(tmp_path: Path) -> None:
    """The round after a failed try is opened as one; its wrong code is neither repaired nor kept, however fast."""
    book = {
        "1:propose": writes(kernel(110, 220), sentence="worse"),
        "2:propose": writes(kernel(50, 100, error=1), sentence="without the loads"),
        "3:propose": writes(kernel(90, 180), sentence="better"),
    }
    toy = make_toy(tmp_path / "toy", book)
    toy.holding.unlink()
    with toy.config.open("a") as settings:
        settings.write("\n[explore]\nprobe_every = 1\n")
    toy.start()
    toy.wait_end()
    asked = [fact.ask.aim for fact in toy.facts(RoundOpened) if fact.ask]
    assert asked == [Aim.EXPLOIT, Aim.PROBE, Aim.OTHER_BOTTLENECK]
    regression, probe = toy.facts(Dropped)
    assert (regression.ending, probe.ending) == (Ending.REGRESSION, Ending.PROBED)
    assert probe.why.startswith("without this cost about 50 % faster")
    assert toy.facts(Edited) == []
    (kept,) = toy.facts(Kept)
    assert toy.git("show", f"{kept.commit}:kernels/k.py") == kernel(90, 180)
    brief = (toy.folder / "rounds/0003/propose-1/brief.md").read_text()
    assert "- round 2: without the loads (without this cost about 50 % faster" in brief
    prove(toy)
