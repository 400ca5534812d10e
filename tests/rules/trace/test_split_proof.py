"""A split is kept only when the trace shows the dispatch."""

import pytest

from kernel_opt.model.config import ConfigClass
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.stages import Right
from kernel_opt.model.steps import Drop
from kernel_opt.rules.protocol import next_step
from kernel_opt.rules.trace.attribution import Attribution, RowGpuTime
from kernel_opt.rules.trace.split_proof import find_unproved
from tests.fakes import at_every_stage, broke, fold, settings

CLASSES = (
    ConfigClass(key="block=16", columns={"block": "16"}, configs=("a", "b"), us=1.0, share_pct=50.0),
    ConfigClass(key="block=64", columns={"block": "64"}, configs=("c",), us=1.0, share_pct=50.0),
)


def _ran(**kernels: str) -> Attribution:
    rows = tuple(
        RowGpuTime(config=config, us=1.0, samples_us=(1.0,), kernels=tuple(names.split()), calls=1, warmup_calls=0)
        for config, names in kernels.items()
    )
    return Attribution(whole_us=1.0, rows=rows)


BEST = _ran(a="main reduce", b="main reduce", c="main reduce")


def test_a_dispatch_that_was_seen_is_proved() -> None:
    """Every config of the gaining class runs the new kernel, the others run what best runs."""
    split = _ran(a="main_16 reduce", b="main_16 reduce", c="main reduce")
    assert find_unproved(["block=16"], CLASSES, split, BEST) is None


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (_ran(a="main_16 reduce", b="main reduce", c="main reduce"), "block=16 does not run"),
        (_ran(a="main_16", b="main_16", c="main_16"), "block=64 is not a class that gains, and runs main_16"),
        (_ran(a="main_16", c="main"), "block=16 does not run"),
        (Attribution(whole_us=1.0, reason="too many"), "does not tell"),
        (None, "does not tell"),
    ],
)
def test_a_dispatch_that_was_not_seen_is_not(split: Attribution | None, words: str) -> None:
    """A config missed, another class taken along, or a trace that cannot tell: not proved, and said why."""
    assert words in str(find_unproved(["block=16"], CLASSES, split, BEST))
    assert "does not tell" in str(find_unproved(["block=16"], CLASSES, split, None))


def test_a_split_that_is_not_proved_is_dropped_as_such() -> None:
    """No repair, no quick fix: the compromise is never kept."""
    state = fold(broke(kind="split-unproved", trivial=True), state=at_every_stage()[Right])
    step = next_step(state, settings())
    assert isinstance(step, Drop)
    assert step.ending is Ending.SPLIT_FAILED
