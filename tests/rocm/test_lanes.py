"""Several rounds at once on the ROCm platform: each is bound to a card of its own, as many as the host lists."""

from pathlib import Path

import pytest

from kernel_opt.model.facts import Measured, Purpose
from kernel_opt.model.round_facts import Dropped, Kept, RoundOpened
from tests.e2e.proof import prove_quiet, prove_user
from tests.rocm.scenes import Host, gpu, make_scene, page

NAP = "import time\ntime.sleep(0.5)\n"
"""In a kernel: long enough for the rounds to need their cards at the same time."""


@pytest.mark.slow
@pytest.mark.parametrize("cards", [2, 4])
def test_each_round_is_measured_on_a_card_of_its_own(tmp_path: Path, cards: int) -> None:
    """`auto` takes as many lanes as there are cards; no card is held twice, best and candidate share one."""
    host = Host(tmp_path / "host", [gpu(number) for number in range(cards)])
    # All at once, so each is an edit of the kernel as found.
    edits = (("TILE = 16 ", "TILE = 64 "), *(("WAVES = 2 ", f"WAVES = {waves} ") for waves in (1, 6, 7, 8)))
    book = {f"{n}:propose": page(edit) for n, edit in enumerate(edits[: cards + 1], 1)}
    scene = make_scene(tmp_path / "run", book, host, kernel=NAP)
    text = scene.config.read_text()
    scene.config.write_text(f'lanes = "auto"\n{text}')
    scene.play()
    assert len(scene.facts(RoundOpened)) == len(book) == len(scene.facts(Kept)) + len(scene.facts(Dropped))
    assert {fact.lane for fact in scene.facts(RoundOpened)} >= set(range(1, cards + 1))
    of_rounds = [fact.measurement for fact in scene.facts(Measured) if fact.purpose is Purpose.ROUND]
    assert all(len({run.card for run in one.runs}) == 1 for one in of_rounds)
    assert len({run.card for one in of_rounds for run in one.runs}) > 1
    prove_quiet(scene)
    prove_user(scene)
