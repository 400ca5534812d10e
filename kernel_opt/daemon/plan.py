"""What a daemon is started with, left in the run's state directory by whoever starts it."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from kernel_opt.edges.files import atomic_write
from kernel_opt.edges.places import RunPlace
from kernel_opt.model.errors import ReadFailedError

NAME = "plan.json"
_ALWAYS = ("PATH", "LANG", "LC_ALL", "TZ", "TERM", "USER", "LOGNAME", "VIRTUAL_ENV", "CONDA_PREFIX", "CC", "CXX")
_PREFIXES = ("ROCM", "HIP_", "HSA_", "LD_LIBRARY_PATH")


class Plan(Struct, frozen=True, kw_only=True):
    """Enough to set the run up, or to go on with it."""

    tag: str
    repository: str
    worktree: str
    base: str
    settings: dict[str, object]
    settings_source: str
    environment: dict[str, str]
    """The user's variables when the run began: every attempt finds the same programs, also after a resume."""
    max_rounds: int = 0
    max_hours: float = 0.0
    wished: bool = True
    """A person started it just now; false for a restart that only heals a crash."""


def write_plan(place: RunPlace, plan: Plan) -> None:
    """Leave the plan where the daemon looks for it."""
    atomic_write(Path(place.directory) / NAME, msgspec.json.format(msgspec.json.encode(plan)), 0o600)


def read_plan(directory: Path) -> Plan:
    """Return the plan of a run."""
    path = directory / NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except (OSError, msgspec.MsgspecError) as error:
        raise ReadFailedError(f"{path} cannot be read: {error}", "is this a run's state directory?") from error


def user_environment(passed: Sequence[str] = ()) -> dict[str, str]:
    """Return the variables that decide which programs are found, and those ``passed`` by the settings; no others."""
    named = {*_ALWAYS, *passed}
    return {name: value for name, value in os.environ.items() if name in named or name.startswith(_PREFIXES)}
