"""Nobody outlives a kill, at any sandbox level of this machine, with and without a PID namespace."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_opt.model.sandbox import SandboxLevel
from tests.cheats.survivors import ENDINGS, WAYS

Ending = Callable[[Path, SandboxLevel, bool], tuple[int, float]]


@pytest.mark.parametrize(("level", "is_bare"), WAYS, ids=[f"{level}-{is_bare}" for level, is_bare in WAYS])
@pytest.mark.parametrize("end", ENDINGS.values(), ids=list(ENDINGS))
def test_nobody_survives(tmp_path: Path, end: Ending, level: SandboxLevel, is_bare: bool) -> None:
    """Ended well, by its time limit, or with the death of whoever started it: of the hostile tree nobody is left."""
    assert end(tmp_path, level, is_bare)[0] == 0
