"""After each test of a whole run, nothing of it is left on the machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.survivors import end_all


@pytest.fixture(autouse=True)
def nobody_left(tmp_path: Path) -> Iterator[None]:
    """A daemon of a failed test would go on for an hour."""
    yield
    end_all(tmp_path)
