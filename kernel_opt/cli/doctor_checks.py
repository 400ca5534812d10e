"""The checks of `doctor`, in the order a person would go: this program, the repository, the platform, the machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.cli.doctor_machine import check_clock, check_containment, check_leases, check_logout, check_state
from kernel_opt.cli.doctor_platform import check_platform
from kernel_opt.cli.doctor_programs import check_git, check_python
from kernel_opt.cli.doctor_repository import check_benchmark, check_edits, check_proposer, check_repository
from kernel_opt.edges.doctor_limit import TimedOut, within
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import FoundSettings, find_settings
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.settings import Settings
from kernel_opt.rules.doctor import Check, fail, ok

LIMIT_S = 30.0
"""Seconds one check may take: a disk or a driver that answers later hangs."""


@dataclass(slots=True)
class Patient:
    """What is looked at; filled in while the checks go on."""

    path: Path
    config: Path | None = None
    repository: Repository | None = None
    settings: Settings | None = None


def examine(patient: Patient, on_tick: Callable[[], object], limit_s: float = LIMIT_S) -> tuple[Check, ...]:
    """Make every check that can be made; one that hangs is left behind and told."""
    found: list[Check] = []
    for name, check in _plan(patient):
        try:
            found += within(limit_s, check, on_tick)
        except TimedOut:
            found.append(fail(name, f"no answer within {limit_s:g} s", "a disk or a driver hangs; look at it first"))
        except (KernelOptError, OSError) as error:
            told, mend = (error.message, error.mend) if isinstance(error, KernelOptError) else (str(error), "")
            found.append(fail(name, told, mend))
    return tuple(found)


def _plan(patient: Patient) -> list[tuple[str, Callable[[], Sequence[Check]]]]:
    return [
        ("python", check_python),
        ("git", check_git),
        ("repository", lambda: _look_at_repository(patient)),
        ("settings", lambda: _look_at_settings(patient)),
        ("benchmark", lambda: check_benchmark(patient.repository, patient.settings)),
        ("edits", lambda: check_edits(patient.repository, patient.settings)),
        ("platform", lambda: check_platform(patient.settings)),
        ("proposer", lambda: check_proposer(patient.repository, patient.settings)),
        ("containment", check_containment),
        ("state directory", lambda: check_state(patient.settings)),
        ("lease directory", check_leases),
        ("logout", check_logout),
        ("clock", lambda: check_clock(patient.repository)),
    ]


def _look_at_repository(patient: Patient) -> Sequence[Check]:
    patient.repository = Repository.find(patient.path)
    return check_repository(patient.repository)


def _look_at_settings(patient: Patient) -> Sequence[Check]:
    root = patient.repository.root if patient.repository else patient.path
    found: FoundSettings = find_settings(root, patient.config)
    patient.settings = found.settings
    return [ok("settings", found.source)]
