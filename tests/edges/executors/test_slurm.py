"""Promises of sessions as jobs, with a controller that answers as a test says: nothing is concluded from silence."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as change

from kernel_opt.edges.executors.executor import SessionState, read_result
from kernel_opt.edges.executors.slurm import SlurmExecutor
from kernel_opt.edges.executors.slurm_job import JOB_LOG, read_job
from kernel_opt.edges.measuring import Patience, StillQueued, open_session
from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import CANCEL, REQUEST, RESULT, WORKER, WorkerMark
from kernel_opt.edges.session_records import SessionOutcome, SessionRequest, SessionResult
from kernel_opt.model.executor_settings import SlurmSettings
from kernel_opt.worker.job import claim
from tests.edges.sessions import poll
from tests.edges.waiting import wait_until
from tests.executors.engines import quick_settings
from tests.executors.fake_slurm import FakeSlurm
from tests.worker.conftest import Host, host

__all__ = ["host"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    (tmp_path / "slurm").mkdir()
    made = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", made.install())
    return made


@pytest.fixture
def settings(host: Host) -> SlurmSettings:
    return quick_settings(host.root)


@pytest.fixture
def executor(host: Host, fake: FakeSlurm, settings: SlurmSettings) -> Iterator[SlurmExecutor]:
    assert fake.folder.is_dir()
    made = make(host, settings)
    yield made
    made.close()


def make(host: Host, settings: SlurmSettings) -> SlurmExecutor:
    return SlurmExecutor(change(settings, poll_s=0.0, grace_s=0.1, queued=9), host.root / "shared")


def submit(host: Host, executor: SlurmExecutor, name: str = "s1") -> Path:
    """Submit a session and wait until it stands in the queue."""
    directory = host.root / "sessions" / name
    executor.submit(directory, host.make_request(id=name))
    wait_state(executor, directory, SessionState.PENDING)
    wait_until(lambda: "PENDING" in executor.describe(directory), "it stands in the queue")
    return directory


def wait_state(executor: SlurmExecutor, directory: Path, state: SessionState) -> None:
    wait_until(lambda: poll(executor, directory) is state, f"it is {state}")


def test_a_session_is_recorded_before_it_is_submitted(host: Host, executor: SlurmExecutor, fake: FakeSlurm) -> None:
    """Its job's name and ticket stand on the disk when sbatch is called, once, however often it is submitted."""
    directory = submit(host, executor)
    executor.submit(directory, host.make_request(id="s1"))
    record = read_job(directory)
    assert record is not None
    (line,) = fake.asked("sbatch")
    assert f"--job-name={record.name}" in line
    assert record.name.startswith("ko-s1-")
    for word in ("--parsable", "--no-requeue", "--gres=gpu:1", "--nodes=1", "--ntasks=1", "--cpus-per-task=1"):
        assert word in line.split()
    assert f"--output={directory / JOB_LOG}" in line
    assert "--export=" in line
    script = (fake.folder / "script").read_text()
    assert "unset HIP_VISIBLE_DEVICES CUDA_VISIBLE_DEVICES GPU_DEVICE_ORDINAL" in script
    assert "ROCR_VISIBLE_DEVICES" not in script
    assert record.ticket in script
    request = read_record(directory / REQUEST, SessionRequest)
    assert request is not None
    assert request.scheduler is not None
    assert request.scheduler.one_card
    assert Path(request.scheduler.signs).exists()


def test_the_wishes_of_the_settings_are_on_the_line(host: Host, fake: FakeSlurm) -> None:
    """Partition, account, qos, constraint, exclude; a whole node instead of a card; a container for the step."""
    settings = SlurmSettings(
        shared_dir="/shared", gpu_request="whole_node", partition="mi300x", account="kernels", qos="low",
        constraint="hbm", exclude=("bad1", "bad2"), container_image="rocm/pytorch", python="/opt/py/bin/python3",
        minutes=30,
    )  # fmt: skip
    executor = make(host, settings)
    submit(host, executor)
    words = fake.asked("sbatch")[0].split()
    wanted = {
        "--partition=mi300x", "--account=kernels", "--qos=low", "--constraint=hbm", "--exclude=bad1,bad2",
        "--exclusive", "--time=30",
    }  # fmt: skip
    assert wanted <= set(words)
    assert not any(word.startswith("--gres") for word in words)
    script = (fake.folder / "script").read_text()
    assert (
        "srun --ntasks=1 --container-image=rocm/pytorch --container-mounts=/shared:/shared /opt/py/bin/python3"
        in script
    )
    executor.close()


def test_a_refusal_ends_the_session_with_the_sites_words(host: Host, executor: SlurmExecutor, fake: FakeSlurm) -> None:
    """What sbatch says no to is a setup error, and its ticket can be taken by nobody."""
    fake.answer("sbatch: error: Batch job submission failed: Invalid partition name specified", "sbatch")
    opened = open_session(executor, host.root / "sessions" / "s1", host.make_request())
    assert isinstance(opened, SessionResult)
    assert opened.outcome is SessionOutcome.SETUP_ERROR
    assert "Invalid partition name" in opened.why[0]
    record = read_job(host.root / "sessions" / "s1")
    assert record is not None
    assert claim(Path(record.ticket), wait_s=0.0) is None


@pytest.mark.parametrize(
    "mode", ["slurm_load_jobs error: Unable to contact slurm controller (connect failure)", "garbage"]
)
def test_silence_concludes_nothing(host: Host, executor: SlurmExecutor, fake: FakeSlurm, mode: str) -> None:
    """While nobody answers a job is unknown; its result counts all the same; afterwards it is what it was."""
    directory = submit(host, executor)
    fake.answer(mode)
    wait_state(executor, directory, SessionState.UNKNOWN)
    assert executor.describe(directory)
    fake.answer("")
    fake.set_state("RUNNING", "n7")
    wait_state(executor, directory, SessionState.RUNNING)
    assert executor.describe(directory).endswith("RUNNING on n7")
    fake.answer(mode)
    write_record(directory / RESULT, SessionResult(outcome=SessionOutcome.OK))
    assert poll(executor, directory) is SessionState.DONE


def test_an_empty_queue_is_an_answer(host: Host, executor: SlurmExecutor, fake: FakeSlurm) -> None:
    """A controller that is well and has not got the job: after the grace it is lost."""
    directory = submit(host, executor)
    fake.answer("empty")
    wait_state(executor, directory, SessionState.LOST)
    assert "is not in the queue" in executor.describe(directory)


@pytest.mark.parametrize("state", ["NODE_FAIL", "TIMEOUT", "CANCELLED", "PREEMPTED", "OUT_OF_MEMORY", "COMPLETED"])
def test_a_job_that_ended_without_a_result_is_lost(
    host: Host, executor: SlurmExecutor, fake: FakeSlurm, state: str
) -> None:
    """However the scheduler calls it: without the worker's word there is none."""
    directory = submit(host, executor)
    fake.set_state(state, "n1")
    wait_state(executor, directory, SessionState.LOST)
    assert state in executor.describe(directory)


def test_a_state_of_another_version_concludes_nothing(host: Host, executor: SlurmExecutor, fake: FakeSlurm) -> None:
    """A word we do not know is no end."""
    directory = submit(host, executor)
    fake.set_state("HALF_WAY", "n1")
    wait_state(executor, directory, SessionState.UNKNOWN)


def test_a_lost_answer_to_sbatch_is_no_refusal(host: Host, fake: FakeSlurm, settings: SlurmSettings) -> None:
    """When sbatch fails it is tried again, but only after the scheduler said that it has not got the job."""
    executor = make(host, settings)
    fake.answer("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", "sbatch")
    directory = host.root / "sessions" / "s1"
    executor.submit(directory, host.make_request(id="s1"))
    wait_state(executor, directory, SessionState.UNKNOWN)
    assert "Socket timed out" in executor.describe(directory)
    record = read_job(directory)
    assert record is not None
    (fake.folder / "jobs").write_text(f"9|PENDING||None|{record.name}\n")  # it had arrived
    tries = len(fake.asked("sbatch"))
    wait_until(lambda: "job 9" in executor.describe(directory), "it is found")
    assert poll(executor, directory) is SessionState.PENDING
    assert len(fake.asked("sbatch")) <= tries + 1
    executor.close()


def test_cancel_marks_first_and_goes_by_name(host: Host, executor: SlurmExecutor, fake: FakeSlurm) -> None:
    """Job numbers are given anew by a controller that crashed; a job that had not begun never will."""
    directory = submit(host, executor)
    record = read_job(directory)
    assert record is not None
    executor.cancel(directory)
    assert (directory / CANCEL).exists()
    assert fake.asked("scancel") == [f"scancel --quiet --name={record.name}"]
    assert claim(Path(record.ticket), wait_s=0.0) is None
    assert poll(executor, directory) is SessionState.DONE
    executor.cancel(directory)
    executor.cancel(host.root / "never")
    assert len(fake.asked("scancel")) == 1


def test_a_new_daemon_finds_jobs_by_what_is_on_the_disk(
    host: Host, executor: SlurmExecutor, fake: FakeSlurm, settings: SlurmSettings
) -> None:
    """Pending, running, gone and never submitted are told apart; a controller that is away leaves them open."""
    waiting, going = submit(host, executor, "s1"), submit(host, executor, "s2")
    gone = submit(host, executor, "s3")
    lines = (fake.folder / "jobs").read_text().splitlines()
    (fake.folder / "jobs").write_text(f"{lines[0]}\n2|RUNNING|n1|None|{lines[1].rpartition('|')[2]}\n")
    later = make(host, settings)
    nothing = host.root / "sessions" / "s4"
    nothing.mkdir()
    assert later.adopt([waiting, going, gone, nothing]) == {
        waiting: SessionState.PENDING,
        going: SessionState.RUNNING,
        gone: SessionState.LOST,
        nothing: SessionState.ABSENT,
    }
    fake.answer("slurm_load_jobs error: Connection refused")
    assert later.adopt([waiting]) == {waiting: SessionState.UNKNOWN}
    fake.answer("")
    later.cancel(waiting)
    assert read_result(waiting) is not None
    later.close()


def test_a_queue_that_grants_nothing_is_left_for_the_next_look(
    host: Host, executor: SlurmExecutor, fake: FakeSlurm
) -> None:
    """The job keeps its place and serves the next session; nobody can start the old one; at last it is taken back."""
    first = host.root / "sessions" / "s1"
    second = host.root / "sessions" / "s2"
    patience = Patience(limit_s=0.3)
    opened = open_session(executor, first, host.make_request(id="s1"), None, patience)
    assert isinstance(opened, StillQueued)
    assert opened.waited_s >= 0.3
    assert "PENDING (Resources)" in opened.why
    opened = open_session(executor, second, host.make_request(id="s2"), None, replace(patience, is_over=lambda: True))
    assert isinstance(opened, StillQueued)
    assert read_job(first) == read_job(second)
    assert len(fake.asked("sbatch")) == 1
    assert poll(executor, first) is SessionState.DONE
    assert poll(executor, second) is SessionState.DONE
    assert (fake.folder / "jobs").read_text() == ""


def test_a_node_that_spoilt_a_session_is_left_out(host: Host, executor: SlurmExecutor, fake: FakeSlurm) -> None:
    """The next job goes elsewhere; when that leaves no node, anywhere."""
    directory = submit(host, executor)
    write_record(directory / WORKER, WorkerMark(pid=1, start_ticks=1, boot_id="b", host="n5"))
    write_record(directory / RESULT, SessionResult(outcome=SessionOutcome.BUSY_GPU))
    executor.wait_ended(directory, 1.0)
    submit(host, executor, "s2")
    assert "--exclude=n5" in fake.asked("sbatch")[-1].split()
    fake.answer("sbatch: error: Batch job submission failed: Requested node configuration is not available", "sbatch")
    third = host.root / "sessions" / "s3"
    executor.submit(third, host.make_request(id="s3"))
    wait_state(executor, third, SessionState.DONE)
    assert [("--exclude=n5" in line.split()) for line in fake.asked("sbatch")[-2:]] == [True, False]


def test_a_job_that_cannot_be_cancelled_is_told(host: Host, fake: FakeSlurm, settings: SlurmSettings) -> None:
    """With its controller away a job that has not begun is ended by its ticket alone, and that is said."""
    told: list[str] = []
    executor = SlurmExecutor(settings, host.root / "shared", told.append)
    directory = submit(host, executor)
    fake.answer("scancel: error: Unable to contact slurm controller", "scancel")
    executor.cancel(directory)
    assert poll(executor, directory) is SessionState.DONE
    assert "could not be cancelled" in told[0]
    executor.close()


def test_capacity_counts_what_nobody_has(host: Host, executor: SlurmExecutor, fake: FakeSlurm) -> None:
    """Free cards of nodes that can be used; without an answer it is not known, and why."""
    nodes = [
        ("n1", "mix", "gpu:mi300x:8(S:0-1)", "gpu:mi300x:3(IDX:0-2)"),
        ("n2", "idle", "gpu:mi300x:8", "gpu:mi300x:0(IDX:N/A)"),
        ("n3", "down*", "gpu:8", "gpu:0"),
        ("n4", "alloc", "gpu:8", "gpu:8(IDX:0-7)"),
    ]
    lines = [f"{name:<255}{state:<40}{cards:<1000}{used:<1000}\n" for name, state, cards, used in nodes]
    (fake.folder / "nodes").write_text("".join(lines))
    assert executor.capacity().free == 13
    whole = make(host, SlurmSettings(shared_dir=str(host.root), gpu_request="whole_node"))
    assert whole.capacity().free == 1
    fake.answer("sinfo: error: Unable to contact slurm controller")
    assert executor.capacity().free is None
    assert "Unable to contact" in executor.capacity().why


def test_signs_of_life_end_with_the_daemon(host: Host, executor: SlurmExecutor) -> None:
    """Workers see another number every now and then, until the executor is put away."""
    directory = submit(host, executor)
    request = read_record(directory / REQUEST, SessionRequest)
    assert request is not None
    assert request.scheduler is not None
    signs = Path(request.scheduler.signs)
    first = signs.read_bytes()
    wait_until(lambda: signs.read_bytes() != first, "there is another sign")
    executor.close()
    assert not signs.exists()
