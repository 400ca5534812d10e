"""The views that a daemon keeps up to date: whatever happened to them, they follow the journal."""

from pathlib import Path

from kernel_opt.daemon.derived import RESULTS, Derived
from kernel_opt.edges.places import RunPlace
from kernel_opt.edges.repository import Repository
from kernel_opt.model import facts as f
from kernel_opt.model.round_facts import Dropped
from kernel_opt.views.tsv import render_tsv
from tests import fakes
from tests.edges.toy_repository import make_repository


class SpokenLog:
    """A log that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def info(self, event: str, **fields: object) -> None:
        self.said.append(f"{event} {fields.get('fact', '')}".strip())

    warning = error = info


def derived(base: Path, run: fakes.Run, log: SpokenLog, repository: Repository) -> Derived:
    place = RunPlace(str(base / "state"), "t", str(base / "repo"), str(base / "tree"))
    Path(place.directory).mkdir(exist_ok=True)
    return Derived(place, fakes.settings(), repository, log, run.entries)


def told_run(base: Path) -> tuple[fakes.Run, SpokenLog, Derived]:
    """A run of two rounds without candidates, told to the views fact by fact."""
    repository = make_repository(base / "repo")
    run, log = fakes.Run(Propose=["nothing", "nothing"]), SpokenLog()
    views = derived(base, run, log, repository)
    run.start(max_rounds=2)
    views.refresh_all()
    state = fakes.RunState()
    (base / "state" / RESULTS).unlink()
    for entry in run.entries():
        state = fakes.evolve(state, entry)
        views.tell(entry, state)
    return run, log, views


def test_each_fact_is_logged_and_each_round_leaves_its_bundle(tmp_path: Path) -> None:
    """The log follows the journal fact by fact; results.tsv and the rounds' folders are there at the end."""
    run, log, _ = told_run(tmp_path)
    kinds = [type(entry.fact).__name__ for entry in run.entries()]
    assert [line.removeprefix("fact ") for line in log.said if line.startswith("fact")] == kinds
    assert (tmp_path / "state" / RESULTS).read_text() == render_tsv(run.entries())
    assert {path.name for path in (tmp_path / "state" / "rounds").iterdir()} == {"0001", "0002"}


def test_what_was_thrown_away_is_rendered_again(tmp_path: Path) -> None:
    """A start renders the table from the journal alone."""
    run, _, views = told_run(tmp_path)
    (tmp_path / "state" / RESULTS).write_text("torn")
    views.refresh_all()
    assert (tmp_path / "state" / RESULTS).read_text() == render_tsv(run.entries())


def test_a_run_that_stops_at_its_baseline_has_a_table(tmp_path: Path) -> None:
    """The baseline that ran stands there although it was never kept."""
    repository = make_repository(tmp_path / "repo")
    run, log = fakes.Run(Measure=["fault"] * 9), SpokenLog()
    views = derived(tmp_path, run, log, repository)
    views.refresh_all()
    run.start()
    state = fakes.RunState()
    for entry in run.entries():
        state = fakes.evolve(state, entry)
        views.tell(entry, state)
    assert any(isinstance(entry.fact, f.Benched) for entry in run.entries())
    assert (tmp_path / "state" / RESULTS).read_text() == render_tsv(run.entries())


def test_a_view_that_cannot_be_written_costs_no_round(tmp_path: Path) -> None:
    """It is said in the log; the run goes on."""
    run, log, views = told_run(tmp_path)
    (tmp_path / "state" / RESULTS).unlink()
    (tmp_path / "state" / RESULTS).mkdir()
    last = [entry for entry in run.entries() if isinstance(entry.fact, Dropped)][-1]
    views.tell(last, run.state)
    assert "a view could not be written" in log.said
