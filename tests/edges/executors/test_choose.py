"""Promises of the executor that the settings name: what its workers need lies where they see it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.executors.choose import find_shared, make_executor, shared_folder
from kernel_opt.edges.executors.local import LocalExecutor
from kernel_opt.edges.executors.slurm import SlurmExecutor
from kernel_opt.edges.places import RunPlace
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.executor_settings import ExecutorSettings, SlurmSettings
from kernel_opt.model.settings import Settings
from tests.fakes import settings


@pytest.fixture
def place(tmp_path: Path) -> RunPlace:
    directory = tmp_path / "state" / "repo-1" / "t1"
    directory.mkdir(parents=True)
    return RunPlace(str(directory), "t1", "", "")


def on_slurm(shared: Path) -> Settings:
    return replace(settings(), executor=ExecutorSettings(kind="slurm"), slurm=SlurmSettings(shared_dir=str(shared)))


def test_on_one_host_everything_stays_in_the_state_directory(place: RunPlace) -> None:
    """Nothing is made and nothing is led elsewhere."""
    assert isinstance(make_executor(settings(), place), LocalExecutor)
    assert find_shared(Path(place.directory)) is None


def test_on_a_cluster_the_rounds_lie_in_the_shared_folder(place: RunPlace, tmp_path: Path) -> None:
    """By repository and tag as in the state directory; a second life of the daemon finds them there."""
    chosen = on_slurm(tmp_path / "shared")
    for _ in range(2):
        assert isinstance(make_executor(chosen, place), SlurmExecutor)
    rounds = Path(place.round_folder(3))
    rounds.mkdir(parents=True)
    shared = tmp_path / "shared" / "kernel-opt" / "repo-1" / "t1"
    assert rounds.resolve() == shared / "rounds" / "0003"
    assert find_shared(Path(place.directory)) == shared == shared_folder(chosen, place)


def test_a_link_of_the_users_own_is_let_be(place: RunPlace, tmp_path: Path) -> None:
    """Whoever keeps the rounds on a larger disk keeps other things there too."""
    (tmp_path / "large" / "rounds").mkdir(parents=True)
    (Path(place.directory) / "rounds").symlink_to(tmp_path / "large" / "rounds")
    assert find_shared(Path(place.directory)) is None


def test_a_shared_folder_that_cannot_be_used_is_told(place: RunPlace, tmp_path: Path) -> None:
    """It may have gone between two lives of the daemon."""
    (tmp_path / "shared").write_text("a file")
    with pytest.raises(InfrastructureError, match="the rounds cannot be kept in"):
        make_executor(on_slurm(tmp_path / "shared"), place)
