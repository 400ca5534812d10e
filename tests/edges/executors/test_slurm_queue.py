"""Promises of reading the queue: our jobs by name, one question for many, and no guess at what is not understood."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.executors.slurm_commands import Slurm
from kernel_opt.edges.executors.slurm_queue import Job, SlurmQueue, read_jobs
from tests.edges.waiting import wait_until
from tests.executors.fake_slurm import FakeSlurm


def test_lines_become_jobs_by_name() -> None:
    """Only ours count; a name may hold a bar; of two of one name the living one is told."""
    text = (
        "12|RUNNING|n3|None|ko-r1-a\n13|PENDING||Resources|ko-r1-b\n14|RUNNING|n1|None|other|job\n"
        "11|CANCELLED||None|ko-r1-a\n15|COMPLETED|n1|None|ko-r1-c\n16|PENDING||Priority|ko-r1-c\n"
    )
    assert read_jobs(text) == {
        "ko-r1-a": Job("12", "RUNNING", "n3", "None"),
        "ko-r1-b": Job("13", "PENDING", "", "Resources"),
        "ko-r1-c": Job("16", "PENDING", "", "Priority"),
    }
    assert str(Job("12", "RUNNING", "n3", "None")) == "job 12 RUNNING on n3"
    assert str(Job("13", "PENDING", "", "Resources")) == "job 13 PENDING (Resources)"
    assert read_jobs("") == {}


@pytest.mark.parametrize("text", ["slurm_load_jobs: hello", "1|RUNNING", "\x00\x01"])
def test_what_squeue_never_prints_is_no_answer(text: str) -> None:
    """Garbage says nothing about any job."""
    with pytest.raises(ValueError, match="squeue printed"):
        read_jobs(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing that is printed raises anything else."""
    try:
        assert all(name.startswith("ko-") for name in read_jobs(text))
    except ValueError as error:
        assert "squeue printed" in str(error)


@pytest.mark.parametrize("state", ["NEWLY_INVENTED", ""])
def test_a_state_of_another_version_is_neither(state: str) -> None:
    """Such a job neither waits nor goes nor is over."""
    job = Job("1", state, "", "")
    assert (job.is_waiting, job.is_going, job.is_over) == (False, False, False)


def test_many_who_ask_cost_one_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the last answer is young nobody asks again, and nobody waits for the one under way."""
    fake = FakeSlurm(tmp_path)
    monkeypatch.setenv("PATH", fake.install())
    (tmp_path / "jobs").write_text("".join(f"{n}|RUNNING|n{n}|None|ko-r-{n}\n" for n in range(1000)))
    clock = [0.0]
    queue = SlurmQueue(Slurm(30.0), 2.0, now=lambda: clock[0])
    assert queue.last() is None
    wait_until(lambda: queue.last() is not None, "there is an answer")
    for _ in range(1000):
        look = queue.last()
        assert look is not None
        assert len(look.jobs) == 1000
    assert len(fake.asked("squeue")) == 1
    clock[0] = 2.0
    queue.last()
    wait_until(lambda: (queue.last() or look).began == 2.0, "it was asked again")
    assert len(fake.asked("squeue")) == 2


@pytest.mark.parametrize("mode", ["garbage", "slurm_load_jobs error: Unable to contact slurm controller"])
def test_a_failed_question_is_a_look_that_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Its problem is told, its jobs are not to be believed."""
    fake = FakeSlurm(tmp_path)
    monkeypatch.setenv("PATH", fake.install())
    fake.answer(mode)
    look = SlurmQueue(Slurm(30.0), 2.0).ask()
    assert look.problem
    assert not look.jobs
