"""Promises of asking Slurm: what it says when nobody answers is told from a no, in the words of many versions."""

from pathlib import Path

import pytest

from kernel_opt.edges.executors.slurm_commands import Slurm, SlurmAwayError, SlurmRefusedError
from tests.executors.fake_slurm import FakeSlurm

AWAY = [
    "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
    "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
    "slurm_load_jobs error: Socket timed out on send/recv operation",
    "squeue: error: slurm_receive_msg: Zero Bytes were transmitted or received",
    "sbatch: error: Batch job submission failed: Unexpected message received",
    "slurm_load_jobs error: Connection refused",
    "sbatch: error: If munged is up, restart with --num-threads=10",
    "slurm_load_partitions: Protocol authentication error",
    "sbatch: error: Batch job submission failed: Resource temporarily unavailable",
    "sinfo: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host; could not resolve controller",
    "sbatch: error: QOSMaxSubmitJobPerUserLimit",
    "slurm_load_jobs error: Slurm backup controller in standby mode; not responding",
]
REFUSED = [
    "sbatch: error: invalid partition: gpu\nsbatch: error: Batch job submission failed: Invalid partition name",
    "sbatch: error: Batch job submission failed: Requested node configuration is not available",
    "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
    "sbatch: error: Invalid generic resource (gres) specification",
    "slurm_load_jobs error: Invalid job id specified",
]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    made = FakeSlurm(tmp_path)
    monkeypatch.setenv("PATH", made.install())
    return made


@pytest.mark.parametrize("words", AWAY)
def test_silence_is_no_answer(fake: FakeSlurm, words: str) -> None:
    """Whatever the words, a controller that is away concludes nothing."""
    fake.answer(words)
    with pytest.raises(SlurmAwayError) as raised:
        Slurm(10.0).ask(["squeue"])
    assert words.rsplit(":", maxsplit=1)[-1].strip()[:40] in str(raised.value)


@pytest.mark.parametrize("words", REFUSED)
def test_a_no_is_told_as_one(fake: FakeSlurm, words: str) -> None:
    """A refusal is told in the site's own words."""
    fake.answer(words)
    with pytest.raises(SlurmRefusedError, match=words.rsplit(":", maxsplit=1)[-1].strip()[:30].replace("(", r"\(")):
        Slurm(10.0).ask(["sbatch", "--parsable"])


def test_a_command_that_hangs_is_bounded(fake: FakeSlurm) -> None:
    """A controller that never answers is away."""
    fake.answer("hang")
    with pytest.raises(SlurmAwayError, match=r"no answer within 0\.3 s"):
        Slurm(0.3).ask(["squeue"])


def test_a_missing_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Slurm's commands there is a sentence."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SlurmAwayError, match="squeue is not on PATH"):
        Slurm(1.0).ask(["squeue"])


def test_variables_of_a_job_or_a_shell_change_nothing() -> None:
    """Only those that say where the controller is are handed on."""
    slurm = Slurm(
        1.0, {"PATH": "/bin", "SLURM_CONF": "/c", "SLURM_JOB_ID": "7", "SQUEUE_FORMAT": "%A", "SBATCH_QOS": "x"}
    )
    assert slurm.environ == {"PATH": "/bin", "SLURM_CONF": "/c"}
