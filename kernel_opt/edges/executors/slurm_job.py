"""One session as a job: its name, its ticket, its script, and the line it is submitted with."""

import os
import re
import secrets
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.executors.slurm_queue import PREFIX
from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import Ticket
from kernel_opt.model.executor_settings import SlurmSettings

JOB, JOB_LOG, TICKETS = "job.json", "slurm.log", "tickets"
_PACKAGE_ROOT = str(Path(__file__).resolve().parents[3])
_PROGRAM = "from kernel_opt.worker.job import main; main()"
_EXPORTED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "KERNEL_OPT_LEASE_DIR", "PYTHONPATH", "SLURM_CONF")
"""Variables that the worker itself gets; what runs on the card has the run's own, from its order."""
_NAME_CHARS = 80
"""Of our id in a job's name; with the rest it stays far below what any version cuts off."""
_GRACE_S = 30
"""Seconds before its limit that a job is told: enough to write a result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """Which job a session was given; written before it is submitted, so that it is never given two."""

    name: str
    ticket: str

    @property
    def taken(self) -> Path:
        """What the ticket is called once a worker has it."""
        return Path(self.ticket).with_suffix(".taken")


def new_record(session_id: str, folder: Path) -> JobRecord:
    """Name a job after a session; the rest of the name keeps runs of one tag apart, and a tag's second life."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", session_id)[:_NAME_CHARS]
    name = f"{PREFIX}{plain}-{secrets.token_hex(4)}"
    return JobRecord(name=name, ticket=str(folder / TICKETS / f"{name}.json"))


def write_ticket(record: JobRecord, directory: Path) -> None:
    """Say which session the job is to carry out."""
    Path(record.ticket).parent.mkdir(parents=True, exist_ok=True)
    write_record(Path(record.ticket), Ticket(directory=str(directory)))


def take_back(record: JobRecord) -> bool:
    """Take a ticket back, so that no worker can have it any more; False when one has it."""
    try:
        Path(record.ticket).rename(Path(record.ticket).with_suffix(".back"))
    except FileNotFoundError:
        return not record.taken.exists()
    return True


def read_job(directory: Path) -> JobRecord | None:
    """Return which job a session was given."""
    return read_record(directory / JOB, JobRecord)


def submit_argv(settings: SlurmSettings, record: JobRecord, log: Path, tag: str, shunned: Sequence[str]) -> list[str]:
    """Return the line that submits a job whose script comes on standard input."""
    whole = settings.gpu_request == "whole_node"
    wishes = {
        "partition": settings.partition,
        "account": settings.account,
        "qos": settings.qos,
        "constraint": settings.constraint,
        "exclude": ",".join((*settings.exclude, *shunned)),
        "gres": "" if whole else settings.gres,
    }
    exported = ",".join(name for name in _EXPORTED if name in os.environ)
    argv = ["sbatch", "--parsable", f"--job-name={record.name}", f"--comment=kernel-opt {tag}", "--no-requeue"]
    argv += ["--nodes=1", "--ntasks=1", f"--time={settings.minutes}", f"--signal=B:TERM@{_GRACE_S}"]
    argv += [f"--export={exported}", "--chdir=/", "--input=/dev/null", f"--output={escape(log)}"]
    argv += ["--exclusive"] if whole else [f"--cpus-per-task={settings.cpus}"]
    return argv + [f"--{name}={value}" for name, value in wishes.items() if value]


def escape(log: Path) -> str:
    """Write a path so that no part of it is taken for a pattern."""
    return str(log).replace("\\", "\\\\").replace("%", "%%")


def worker_argv(settings: SlurmSettings, record: JobRecord) -> list[str]:
    """Return the command that carries out a session on a node."""
    return [*python_argv(settings), _PROGRAM, record.ticket]


def python_argv(settings: SlurmSettings) -> list[str]:
    """Return how a program of ours is started on a node, without what people's own set-up would add to it."""
    return [settings.python or sys.executable, "-S", "-P", "-c"]


def write_script(settings: SlurmSettings, worker: list[str]) -> str:
    """Return a job's script: the scheduler's own mask of cards stays the only one, and the worker takes its place."""
    if settings.container_image:
        image, mounts = settings.container_image, f"{settings.shared_dir}:{settings.shared_dir}"
        worker = ["srun", "--ntasks=1", f"--container-image={image}", f"--container-mounts={mounts}", *worker]
    return f"""#!/bin/sh
unset HIP_VISIBLE_DEVICES CUDA_VISIBLE_DEVICES GPU_DEVICE_ORDINAL
export PYTHONPATH={shlex.quote(_PACKAGE_ROOT)}${{PYTHONPATH:+:$PYTHONPATH}}
exec {shlex.join(worker)}
"""
