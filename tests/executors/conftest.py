"""A real Slurm for all tests of a session, and the engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executors.engines import Engines, LocalEngine, SlurmEngine, quick_settings
from tests.executors.slurm_site import Site, find_missing
from tests.worker.conftest import Host, host

__all__ = ["host"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three nodes of two cards each."""
    missing = find_missing()
    if missing:
        pytest.skip(missing)
    made = Site(tmp_path_factory.mktemp("slurm"))
    try:
        try:
            made.start()
        except (OSError, TimeoutError) as error:  # no rights to run one, say: nothing that is tested here
            pytest.skip(f"Slurm is installed and cannot be started here: {error}")
        yield made
    finally:
        made.stop()


@pytest.fixture(params=["local", pytest.param("slurm", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest, host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engines]:
    """Each of the executors."""
    host.set_cards({}, {})
    if request.param == "local":
        made: Engines = LocalEngine(host)
    else:
        made = slurm_engine(host, request.getfixturevalue("site"), monkeypatch)
    yield made
    made.end()


def slurm_engine(host: Host, site: Site, monkeypatch: pytest.MonkeyPatch) -> SlurmEngine:
    """Return Slurm as a daemon on this host would use it, with waits that suit a test."""
    monkeypatch.setenv("SLURM_CONF", str(site.root / "slurm.conf"))
    return SlurmEngine(host, cards=site.nodes * site.cards, site=site, settings=quick_settings(host.root))


@pytest.fixture
def root(host: Host) -> Path:
    return host.root
