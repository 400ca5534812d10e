"""One session of a real Slurm in every run of the tests; all the rest of it is played by the slow ones."""

from collections.abc import Iterator

import pytest

from kernel_opt.edges.session_records import RunOutcome, SessionOutcome
from tests.executors.conftest import slurm_engine
from tests.executors.engines import SlurmEngine, open_on, read_mark
from tests.executors.slurm_site import Site
from tests.worker.conftest import Host


@pytest.fixture
def engine(host: Host, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmEngine]:
    """Slurm, where its programs are installed."""
    host.set_cards({}, {})
    made = slurm_engine(host, site, monkeypatch)
    yield made
    made.end()


def test_a_session_is_a_job(engine: SlurmEngine) -> None:
    """It has one card of a node, under the scheduler's own mask and no other, and ends with its session."""
    with open_on(engine, engine.make()) as session:
        assert session.granted.lease_key.startswith(f"{read_mark(session).host}/fake-")
        answer = session.run(engine.host.make_order(1, "env >r.csv"))
    assert (answer.outcome, session.end().outcome) == (RunOutcome.OK, SessionOutcome.OK)
    env = (session.directory / answer.files[0].path).read_text()
    assert f"FAKE_CARD={session.granted.card.card}\n" in env
    assert "CUDA_VISIBLE_DEVICES" not in env
    assert "SLURM" not in env
