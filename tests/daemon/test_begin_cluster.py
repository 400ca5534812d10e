"""What a run on a cluster is refused for, in a sentence each."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.daemon.begin_cluster import refuse_unfit_cluster
from kernel_opt.edges.settings_file import settings_from
from kernel_opt.model.errors import UsageError
from kernel_opt.model.executor_settings import ExecutorSettings, SlurmSettings
from kernel_opt.model.settings import Settings
from tests.executors.fake_slurm import FakeSlurm


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    (tmp_path / "slurm").mkdir()
    made = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", made.install())
    (made.folder / "nodes").write_text("10.0.0.1\n10.0.0.2\n")
    return made


def settings(shared_dir: str, kind: str = "slurm") -> Settings:
    plain = {"benchmark": {"command": ["python"], "file": "b.py", "csv": "*.csv", "metric": "us"}}
    found = settings_from(plain, "test")
    executor = ExecutorSettings(kind=kind)  # type: ignore[arg-type]
    return replace(found, executor=executor, slurm=SlurmSettings(shared_dir=shared_dir))


def test_sessions_on_this_host_need_no_cluster() -> None:
    """Nothing is asked where no job is to be submitted."""
    refuse_unfit_cluster(settings("", "local"), {"PATH": "/nowhere"})


def test_without_sbatch_there_is_no_run() -> None:
    """The first command that is missing is named."""
    with pytest.raises(UsageError, match="sbatch is not on PATH"):
        refuse_unfit_cluster(settings("/"), {"PATH": "/nowhere"})


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(("folder", "told"), [("", "is empty"), ("rel", "no folder"), ("/nowhere/at/all", "no folder")])
def test_the_shared_folder_must_be_there(folder: str, told: str) -> None:
    """Jobs find their sessions in it."""
    with pytest.raises(UsageError, match=told):
        refuse_unfit_cluster(settings(folder))


def test_a_disk_of_this_host_is_refused(fake: FakeSlurm, tmp_path: Path) -> None:
    """Nodes do not see it, unless every node is this host; what is not known to be one is believed."""
    with pytest.raises(UsageError, match="is on ext4, a disk of this host that the nodes do not see"):
        refuse_unfit_cluster(settings(str(tmp_path)), kind_of=lambda _: "ext4")
    refuse_unfit_cluster(settings(str(tmp_path)), kind_of=lambda _: None)
    (fake.folder / "nodes").write_text("127.0.0.1\n")
    refuse_unfit_cluster(settings(str(tmp_path)), kind_of=lambda _: "ext4")
