"""Checks of a cluster: Slurm's commands, the partition, the shared folder, and what a job sees on a node."""

import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from kernel_opt.daemon.begin_cluster import COMMANDS, are_nodes_here, check_shared_dir
from kernel_opt.edges.executors.slurm_commands import Slurm
from kernel_opt.edges.executors.slurm_job import JobRecord, new_record, python_argv, submit_argv, write_script
from kernel_opt.edges.executors.slurm_queue import SlurmQueue
from kernel_opt.edges.files import own_disk_kind, remove_tree
from kernel_opt.edges.platforms import open_kit
from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_records import PROTOCOL, NodeReport
from kernel_opt.model.executor_settings import SlurmSettings
from kernel_opt.model.settings import Settings
from kernel_opt.rules.doctor import Check, fail, ok, warn

JOB_LIMIT_S = 22.0
"""Seconds for a tiny job to be granted and to end: less than a check may take, so that it can be taken back."""
_NAP_S = 0.2
_PROGRAM = "from kernel_opt.worker.probe import main; main()"


def check_commands(settings: SlurmSettings) -> Sequence[Check]:
    """Tell whether Slurm's commands are here and their controller answers."""
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing:
        return [fail("slurm", f"{', '.join(missing)} not on PATH", "install Slurm's commands, or run on a login node")]
    slurm = Slurm(settings.command_limit_s)
    version = slurm.ask(["sbatch", "--version"]).strip()
    slurm.ask(["squeue", "-h", "-u", "0"])
    return [ok("slurm", f"{version}, and its controller answers")]


def check_partition(settings: SlurmSettings) -> Sequence[Check]:
    """Tell whether the partition has nodes that can be used, with cards that can be asked for."""
    where = [f"--partition={settings.partition}"] if settings.partition else []
    lines = Slurm(settings.command_limit_s).ask(["sinfo", "-h", *where, "-o", "%R|%D|%t|%G"]).split()
    told = settings.partition or "the site's partitions"
    if not lines:
        return [fail("partition", f"{told}: no nodes", "see `sinfo`, then slurm.partition")]
    usable = [line for line in lines if line.split("|")[2].rstrip("-+").startswith(("idle", "mix", "alloc", "comp"))]
    if not usable:
        return [fail("partition", f"{told}: {' '.join(lines)}: no node can be used", "see `sinfo -R`")]
    if settings.gpu_request == "gres" and not any("gpu" in line.split("|")[3] for line in usable):
        mend = 'have the site register them in gres.conf, or set slurm.gpu_request = "whole_node"'
        return [fail("partition", f"{told}: no cards are registered, so that such a job would wait for ever", mend)]
    return [ok("partition", f"{told}: {' '.join(usable)}")]


def check_folder(settings: SlurmSettings) -> Sequence[Check]:
    """Tell whether the shared folder can be used; only a job can tell whether the nodes see it."""
    folder = check_shared_dir(settings)
    kind = own_disk_kind(folder)
    if kind is not None and not are_nodes_here(Slurm(settings.command_limit_s), settings):
        mend = "name a folder on the file system that all nodes share"
        return [fail("shared folder", f"{folder} is on {kind}, a disk of this host alone", mend)]
    return [ok("shared folder", str(folder))]


def check_node(settings: Settings) -> Sequence[Check]:
    """Send a tiny job, and tell what it saw; one that is not granted soon is taken back."""
    folder = Path(tempfile.mkdtemp(prefix="kernel-opt-doctor-", dir=check_shared_dir(settings.slurm)))
    slurm = Slurm(settings.slurm.command_limit_s)
    record = new_record("doctor", folder)
    report, log = folder / "node.json", folder / "slurm.log"
    choice = json.dumps(asdict(open_kit(settings.platform).choice))
    try:
        argv = submit_argv(settings.slurm, record, log, "doctor", ())
        slurm.ask(argv, write_script(settings.slurm, [*python_argv(settings.slurm), _PROGRAM, str(report), choice]))
        return _await_report(slurm, record, report, log, settings)
    finally:
        slurm.ask(["scancel", "--quiet", f"--name={record.name}"])
        remove_tree(folder)


def _await_report(slurm: Slurm, record: JobRecord, path: Path, log: Path, settings: Settings) -> Sequence[Check]:
    until = time.monotonic() + JOB_LIMIT_S
    queue = SlurmQueue(slurm, settings.slurm.poll_s)
    while (report := read_record(path, NodeReport)) is None:
        look = queue.last()
        job = look.jobs.get(record.name) if look is not None else None
        if job is not None and job.is_over:
            said = log.read_text(errors="replace").strip()[-300:] if log.exists() else "its log is not in the folder"
            mend = "the node must see the shared folder, and the Python and kernel-opt of this host at the same paths"
            return [fail("node", f"{job} without a word: {said}", mend)]
        if time.monotonic() > until:
            where = str(job) if job is not None else "the job is not in the queue"
            return [warn("node", f"nothing granted within {JOB_LIMIT_S:g} s: {where}", "try again when a card is free")]
        time.sleep(_NAP_S)
    return judge_report(report, settings)


def judge_report(report: NodeReport, settings: Settings) -> Sequence[Check]:
    """Say what of it keeps a session from being measured there."""
    told = f"{report.node}: Python {report.python}, {report.level.value}, cards {', '.join(report.cards) or 'none'}"
    found: list[Check] = []
    if report.protocol != PROTOCOL:
        found.append(fail("node", f"{told}: kernel-opt of another version", "install the same one for all nodes"))
    kit = open_kit(settings.platform)
    missing = [name for name in kit.programs if not report.programs.get(name)]
    if missing:
        mend = "add ROCm's bin folder to PATH before `kernel-opt start`; jobs get this PATH"
        found.append(fail("node", f"{told}: {', '.join(missing)} not on PATH", mend))
    if report.problem or not report.cards:
        found.append(fail("node", f"{told}: {report.problem or 'no card'}", "see `kernel-opt gpus` on that node"))
    granted = len(report.masks.get("SLURM_JOB_GPUS", "0").split(","))
    if settings.slurm.gpu_request == "gres" and len(report.cards) > granted:
        mend = 'have the site set ConstrainDevices or Flags=amd_gpu_env, or use slurm.gpu_request = "whole_node"'
        found.append(fail("node", f"{told}: a job sees more cards than it was granted", mend))
    if not report.level.holds(settings.sandbox.require):
        found.append(fail("node", f"{told}: {settings.sandbox.require.value} is required", "install bubblewrap there"))
    return found or [ok("node", told)]
