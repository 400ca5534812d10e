"""What a run on a cluster needs of this host: refused here, before anything is made."""

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from kernel_opt.edges.executors.slurm_commands import Slurm
from kernel_opt.edges.files import own_disk_kind
from kernel_opt.model.errors import UsageError
from kernel_opt.model.executor_settings import SlurmSettings
from kernel_opt.model.settings import Settings

COMMANDS = ("sbatch", "squeue", "scancel", "sinfo")


def refuse_unfit_cluster(
    settings: Settings,
    environ: Mapping[str, str] = os.environ,
    kind_of: Callable[[Path], str | None] = own_disk_kind,
) -> None:
    """Refuse when sessions are to be jobs, and this host cannot submit them or shares no folder with the nodes."""
    if settings.executor.kind == "local":
        return
    for command in COMMANDS:
        if shutil.which(command, path=environ.get("PATH")) is None:
            mend = 'install Slurm\'s commands and its configuration here, or set executor.kind = "local"'
            raise UsageError(f"{command} is not on PATH", mend)
    folder = check_shared_dir(settings.slurm)
    kind = kind_of(folder)
    if kind is not None and not are_nodes_here(Slurm(settings.slurm.command_limit_s, environ), settings.slurm):
        why = f"slurm.shared_dir = {str(folder)!r} is on {kind}, a disk of this host that the nodes do not see"
        raise UsageError(why, "name a folder on the file system that all nodes share")


def check_shared_dir(settings: SlurmSettings) -> Path:
    """Return the shared folder; UsageError when it cannot be used."""
    if not settings.shared_dir:
        mend = "name a folder of yours on the file system that all nodes share"
        raise UsageError("slurm.shared_dir is empty: jobs find their sessions there", mend)
    folder = Path(settings.shared_dir)
    if not folder.is_absolute() or not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        mend = "make it, and write its whole path"
        raise UsageError(f"slurm.shared_dir = {str(folder)!r} is no folder that can be written", mend)
    return folder


def are_nodes_here(slurm: Slurm, settings: SlurmSettings) -> bool:
    """Tell whether every node is this very host, as on a workstation with Slurm; then any disk is shared."""
    where = [f"--partition={settings.partition}"] if settings.partition else []
    addresses = set(slurm.ask(["sinfo", "-h", "-N", *where, "-o", "%o"]).split())
    host = socket.gethostname()
    return addresses <= {"localhost", "127.0.0.1", "::1", host, host.partition(".")[0]}
