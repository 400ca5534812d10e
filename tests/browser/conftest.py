"""One browser for all tests here; without one they are skipped, and what matters most is tested without."""

from collections.abc import Callable, Iterator

import pytest

from tests.browser.chromium import MISSING, PROGRAM, Page, open_browser


@pytest.fixture(scope="session")
def new_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Page]]:
    """Give out tabs."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with open_browser(tmp_path_factory.mktemp("browser")) as page:
        yield page
