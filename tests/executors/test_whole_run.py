"""A whole run, from start to stop, whose sessions are jobs of a real Slurm."""

import getpass
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from kernel_opt.model.facts import Measured, Stopped
from kernel_opt.model.round_facts import Kept
from tests.e2e.survivors import end_all
from tests.e2e.toy import STORY, STORY_KERNELS, Toy, hold, kernel, make_toy, writes
from tests.executors.slurm_site import Site

pytestmark = pytest.mark.slow


@pytest.fixture
def toy(tmp_path: Path, site: Site) -> Iterator[Toy]:
    """The toy of the tests of whole runs, on three nodes with two cards each."""
    made = make_toy(tmp_path, STORY)
    made.environ |= {"SLURM_CONF": str(site.root / "slurm.conf")}
    (tmp_path / "shared").mkdir()
    (tmp_path / "cards.json").write_text("[{}, {}]")
    patient = made.config.read_text().replace("interval_s = 0.05", "interval_s = 60.0")
    slurm = f'shared_dir = "{tmp_path / "shared"}"\npoll_s = 0.2\ngrace_s = 2.0\ncpus = 1\n'
    made.config.write_text(f'{patient}[executor]\nkind = "slurm"\n[slurm]\n{slurm}')
    yield made
    end_all(tmp_path)


def test_a_run_keeps_what_its_jobs_have_measured(toy: Toy, site: Site) -> None:
    """Baseline, keep, regression, repair and keep; the same code is best as on one host, and no job is left."""
    toy.start()
    toy.wait_end()
    assert len(toy.facts(Kept)) == 2
    assert toy.facts(Stopped)
    assert (toy.worktree / "kernels" / "k.py").read_text() == STORY_KERNELS[-1]
    cards = {run.card for fact in toy.facts(Measured) for run in fact.measurement.runs}
    assert cards
    assert all(card.startswith(("n1/", "n2/", "n3/")) for card in cards)
    assert site.ask("squeue", "-h", "-u", getpass.getuser(), "-o", "%j") == ""
    assert (toy.folder / "rounds").is_symlink()
    assert not list((toy.base / "shared").glob("kernel-opt/*/*/alive-*"))
    assert toy.cli("clean", "--tag", "toy", "--yes").returncode == 0
    assert not list((toy.base / "shared" / "kernel-opt").glob("*/*"))


def test_two_lanes_measure_on_two_cards_at_once(toy: Toy, site: Site) -> None:
    """Several sessions of one daemon stand on cards together; the run ends in order, and no job is left."""
    toy.start("--lanes", "2")
    toy.wait_end()
    assert toy.facts(Kept)
    assert toy.facts(Stopped)
    assert site.ask("squeue", "-h", "-u", getpass.getuser(), "-o", "%j") == ""


def test_a_killed_daemon_leaves_its_job_to_the_next_one(toy: Toy, site: Site) -> None:
    """Killed in mid-benchmark: the resumed daemon ends the job it finds by its name, and the run ends right."""
    pages = {"1:propose": writes(hold(toy.base) + kernel(90, 180), sentence="keep")}
    (toy.base / "book.json").write_text(json.dumps({name: asdict(page) for name, page in pages.items()}))
    toy.start("--max-rounds", "1")
    toy.wait_held()
    os.kill(toy.pid() or 0, signal.SIGKILL)
    toy.wait_end()
    assert site.ask("squeue", "-h", "-t", "RUNNING", "-o", "%j")
    toy.holding.unlink()
    toy.resume("--max-rounds", "1")
    toy.wait_end()
    assert len(toy.facts(Kept)) == 1
    assert site.ask("squeue", "-h", "-u", getpass.getuser(), "-o", "%j") == ""


def test_the_doctor_sees_a_site_that_is_well(toy: Toy) -> None:
    """Commands, partition, shared folder, and a node as a job of a second sees it; nothing of it is left."""
    told = json.loads(toy.cli("doctor", "--config", str(toy.config), "--json").stdout)["checks"]
    found = {check["name"]: check for check in told if check["name"] in {"slurm", "partition", "shared folder", "node"}}
    assert {check["level"] for check in found.values()} == {"ok"}, found
    assert "its controller answers" in found["slurm"]["told"]
    assert "gpu:2" in found["partition"]["told"]
    assert "cards 000" in found["node"]["told"]
    assert not list((toy.base / "shared").glob("kernel-opt-doctor-*"))
