"""Slurm's own commands, asked with a limit and in the same way everywhere: sbatch, squeue, scancel, sinfo."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence

from kernel_opt.model.errors import InfrastructureError

_KEPT = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT")
"""Of Slurm's variables, where to find the controller; others are of a job or a shell that we happen to run in."""
_AWAY = re.compile(
    r"unable to contact|socket timed out|connection (refused|reset|timed out)|could not resolve|timed out|timeout"
    r"|zero bytes|not responding|unexpected message|transport endpoint|authentication|munge|try again|temporarily"
    r"|in maintenance|controller.*(down|error)|communication|MaxSubmitJob",
    re.IGNORECASE,
)
"""What the commands say, over the versions, when the controller did not answer, or has no room for now."""
_SAID_CHARS = 300


class SlurmAwayError(InfrastructureError):
    """The scheduler could not be asked: nothing may be concluded."""


class SlurmRefusedError(InfrastructureError):
    """The scheduler answered, and said no."""


class Slurm:
    """Slurm as its commands show it."""

    def __init__(self, limit_s: float, environ: Mapping[str, str] = os.environ) -> None:
        self._limit_s = limit_s
        self.environ = {name: value for name, value in environ.items() if _is_kept(name)}

    def ask(self, argv: Sequence[str], stdin: str = "") -> str:
        """Run a command and return what it printed; SlurmAwayError when nobody answered, SlurmRefusedError on a no."""
        try:
            said = subprocess.run(
                list(argv),
                input=stdin,
                capture_output=True,
                timeout=self._limit_s,
                env=self.environ,
                cwd="/",
                encoding="utf-8",
                errors="replace",
                check=False,
                start_new_session=True,  # a Ctrl-C at the terminal is for the daemon
            )
        except FileNotFoundError as error:
            raise SlurmAwayError(f"{argv[0]} is not on PATH", "install Slurm's commands on this host") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            told = f"no answer within {self._limit_s:g} s" if isinstance(error, subprocess.TimeoutExpired) else error
            raise SlurmAwayError(f"{argv[0]}: {told}", "see whether its controller is up: `scontrol ping`") from error
        if said.returncode == 0:
            return said.stdout
        words = " ".join((said.stderr.strip() or said.stdout.strip() or f"exit code {said.returncode}").split())
        if _AWAY.search(words) or not said.stderr.strip():
            raise SlurmAwayError(f"{argv[0]}: {words[:_SAID_CHARS]}", "see whether its controller is up")
        raise SlurmRefusedError(f"{argv[0]}: {words[:_SAID_CHARS]}", "see [slurm] in the settings")


def _is_kept(name: str) -> bool:
    """Leave out what would change a command's meaning behind our back."""
    return name in _KEPT or not name.startswith(("SLURM_", "SQUEUE_", "SCANCEL_", "SINFO_", "SBATCH_"))
