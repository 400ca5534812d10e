"""Tools for the tests of single steps."""

from pathlib import Path

import pytest

from tests.round.toolbox import Box, make_box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A run's tools in a folder of the test's own."""
    return make_box(tmp_path)
