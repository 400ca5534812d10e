"""A toy run for the tests of the daemon."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.toy_run import Toy, make_toy


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    """A toy repository; its daemon, should one live, is ended at the end."""
    made = make_toy(tmp_path, monkeypatch)
    yield made
    if any(made.state.glob("*/*/lock")):
        made.run("stop", "--now", "--tag", "t1")
