"""Looking deeper at best where nothing deeper is to be had: the run goes on, and whoever asked is told."""

from dataclasses import replace as replaced
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.platforms import RocmTracer
from kernel_opt.model.deeper import Deeper
from kernel_opt.model.facts import Traced
from kernel_opt.model.settings import PlatformSettings
from kernel_opt.model.steps import Profile
from kernel_opt.round.profile import can_count, profile
from tests.fakes import settings
from tests.round.toolbox import Box, make_box

OFF = "platform.deep_trace is off"


@pytest.fixture
def off(tmp_path: Path) -> Box:
    """A run whose settings want no deep trace."""
    return make_box(tmp_path, settings(platform=PlatformSettings(name="host", deep_trace=False)))


@pytest.mark.parametrize(
    ("asked", "came"),
    [(0, ""), (3, f"Counters were asked for in round 3; they cannot be had: {OFF}.")],
    ids=["nobody asked", "asked"],
)
def test_without_a_deep_trace_the_note_says_why(off: Box, asked: int, came: str) -> None:
    """And so does the answer to whoever asked for counters; no card is waited for."""
    fact = profile(Profile(off.base), off.state(deeper=Deeper(asked=asked)), off.tools)
    assert isinstance(fact, Traced)
    assert (fact.trace, fact.note, fact.asked, fact.gpu_s) == (None, OFF, came, 0.0)


def test_counters_need_a_tracer_that_has_them(box: Box) -> None:
    """This machine's sampler has none; rocprofv3 has, unless the settings want no deep trace."""
    assert not can_count(box.tools)
    kit = replaced(box.tools.platform, tracer=RocmTracer())
    assert can_count(replaced(box.tools, platform=kit))
    quiet = replace(box.tools.settings, platform=PlatformSettings(name="host", deep_trace=False))
    assert not can_count(replaced(box.tools, platform=kit, settings=quiet))
