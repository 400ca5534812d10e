"""`kernel-opt doctor --executor slurm`: what a site lacks, each with what to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from kernel_opt.cli.doctor_slurm import check_commands, check_folder, check_node, check_partition, judge_report
from kernel_opt.edges.session_records import PROTOCOL, NodeReport
from kernel_opt.edges.settings_file import settings_from
from kernel_opt.model.executor_settings import SlurmSettings
from kernel_opt.model.sandbox import SandboxLevel
from kernel_opt.model.settings import Settings
from kernel_opt.rules.doctor import Level
from tests.executors.fake_slurm import FakeSlurm
from tests.worker.conftest import FACTORY

NODES = "gpu*|4|idle|gpu:mi300x:8(S:0-1)\n"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    (tmp_path / "slurm").mkdir()
    made = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", made.install())
    return made


def make_settings(root: Path, **slurm: object) -> Settings:
    (root / "cards").write_text("[{}]")
    plain = {
        "benchmark": {"command": ["python"], "file": "b.py", "csv": "*.csv", "metric": "us"},
        "platform": {"name": FACTORY, "options": {"state": str(root / "cards")}},
        "slurm": {"shared_dir": str(root), "poll_s": 0.0, **slurm},
    }
    return settings_from(plain, "test")


def test_commands_that_are_missing_are_named(fake: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them nothing can be submitted; with them their version is told."""
    assert check_commands(SlurmSettings())[0].level is Level.OK
    assert fake.asked("sbatch") == ["sbatch --version"]
    monkeypatch.setenv("PATH", "/nowhere")
    (check,) = check_commands(SlurmSettings())
    assert check.level is Level.FAIL
    assert "sbatch, squeue, scancel, sinfo not on PATH" in check.told


@pytest.mark.parametrize(
    ("nodes", "request_kind", "level", "told"),
    [
        (NODES, "gres", Level.OK, "gpu:mi300x:8"),
        ("gpu*|4|mix|(null)\n", "gres", Level.FAIL, "no cards are registered"),
        ("gpu*|4|mix|(null)\n", "whole_node", Level.OK, "mix"),
        ("gpu*|4|down*|gpu:8\n", "gres", Level.FAIL, "no node can be used"),
        ("", "gres", Level.FAIL, "no nodes"),
    ],
)
def test_a_partition_must_have_what_is_asked_for(
    fake: FakeSlurm, nodes: str, request_kind: str, level: Level, told: str
) -> None:
    """Nodes that can be used, and cards that are registered unless whole nodes are taken."""
    (fake.folder / "nodes").write_text(nodes)
    settings = SlurmSettings(partition="gpu", gpu_request=request_kind)  # type: ignore[arg-type]
    (check,) = check_partition(settings)
    assert (check.level, told in check.told) == (level, True)
    assert "--partition=gpu" in fake.asked("sinfo")[0]


def test_a_disk_of_this_host_is_shared_where_all_nodes_are_this_host(fake: FakeSlurm, tmp_path: Path) -> None:
    """Anywhere else it is not."""
    (fake.folder / "nodes").write_text("127.0.0.1\nlocalhost\n")
    assert check_folder(make_settings(tmp_path).slurm)[0].level is Level.OK
    (fake.folder / "nodes").write_text("10.0.0.7\n")
    (check,) = check_folder(make_settings(tmp_path).slurm)
    assert check.level is Level.OK or "a disk of this host alone" in check.told


def test_a_job_that_is_not_granted_soon_is_taken_back(
    fake: FakeSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is a warning, and nothing is left of it."""
    monkeypatch.setattr("kernel_opt.cli.doctor_slurm.JOB_LIMIT_S", 0.5)
    (check,) = check_node(make_settings(tmp_path))
    assert (check.level, "PENDING (Resources)" in check.told) == (Level.WARN, True)
    assert len(fake.asked("scancel")) == 1
    assert not list(tmp_path.glob("kernel-opt-doctor-*"))


REPORT = NodeReport(
    node="n1",
    python="3.12.1",
    protocol=PROTOCOL,
    level=SandboxLevel.S3,
    programs={"rocprofv3": "/opt/rocm/bin/rocprofv3"},
    masks={"SLURM_JOB_GPUS": "3", "ROCR_VISIBLE_DEVICES": "0"},
    cards=("0000:05:00.0",),
    problem="",
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"protocol": PROTOCOL + 1}, "another version"),
        ({"programs": {}}, "rocprofv3 not on PATH"),
        ({"cards": (), "problem": "rocm-smi: no driver"}, "no driver"),
        ({"cards": ("a", "b")}, "more cards than it was granted"),
        ({"level": SandboxLevel.S1}, "S2 is required"),
    ],
)
def test_what_a_node_lacks_is_told(changes: dict[str, object], told: str) -> None:
    """Another version, no tracer, no card, cards of others, walls that are too low."""
    plain = {"benchmark": {"command": ["python"], "file": "b.py", "csv": "*.csv", "metric": "us"}}
    settings = settings_from(plain | {"sandbox": {"require": "S2"}}, "test")
    checks = judge_report(replace(REPORT, **changes), settings)
    if told:
        assert [told in check.told for check in checks] == [True]
        assert checks[0].level is Level.FAIL
    else:
        assert [check.level for check in checks] == [Level.OK]
