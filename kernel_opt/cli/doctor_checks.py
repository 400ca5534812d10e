"""The checks of `doctor`, in the order a person would go: this program, the repository, the platform, the machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from kernel_opt.cli.doctor_agents import check_agents
from kernel_opt.cli.doctor_builders import check_builders
from kernel_opt.cli.doctor_machine import check_clock, check_containment, check_leases, check_logout, check_state
from kernel_opt.cli.doctor_platform import check_platform
from kernel_opt.cli.doctor_programs import check_git, check_python
from kernel_opt.cli.doctor_repository import check_benchmark, check_edits, check_proposer, check_repository
from kernel_opt.cli.doctor_sandbox import check_sandbox
from kernel_opt.cli.doctor_slurm import check_commands, check_folder, check_node, check_partition
from kernel_opt.edges.doctor_limit import TimedOut, within
from kernel_opt.edges.repository import Repository
from kernel_opt.edges.settings_file import FoundSettings, find_settings
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.executor_settings import ExecutorSettings
from kernel_opt.model.settings import Settings
from kernel_opt.rules.doctor import Check, fail, ok

NamedCheck = tuple[str, Callable[[], Sequence[Check]]]

LIMIT_S = 30.0
"""Seconds one check may take: a disk or a driver that answers later hangs."""


@dataclass(slots=True)
class Patient:
    """What is looked at; filled in while the checks go on."""

    path: Path
    config: Path | None = None
    executor: Literal["local", "slurm"] | None = None
    repository: Repository | None = None
    settings: Settings | None = None


def examine(patient: Patient, on_tick: Callable[[], object]) -> tuple[Check, ...]:
    """Make every check that can be made."""
    return carry_out(_plan(patient), on_tick, LIMIT_S)


def carry_out(plan: Sequence[NamedCheck], on_tick: Callable[[], object], limit_s: float) -> tuple[Check, ...]:
    """Make the checks of a plan; one that hangs is left behind and told, one that cannot be made is told."""
    found: list[Check] = []
    for name, check in plan:
        try:
            found += within(limit_s, check, on_tick)
        except TimedOut:
            found.append(fail(name, f"no answer within {limit_s:g} s", "a disk or a driver hangs; look at it first"))
        except KernelOptError as error:
            found.append(fail(name, error.message, error.mend))
        except OSError as error:
            found.append(fail(name, str(error), "see that it can be read"))
    return tuple(found)


def _plan(patient: Patient) -> list[NamedCheck]:
    return [
        ("python", check_python),
        ("git", check_git),
        ("repository", lambda: _look_at_repository(patient)),
        ("settings", lambda: _look_at_settings(patient)),
        ("benchmark", lambda: check_benchmark(patient.repository, patient.settings)),
        ("edits", lambda: check_edits(patient.repository, patient.settings)),
        ("platform", lambda: check_platform(patient.settings) if not _is_cluster(patient) else []),
        *((name, partial(_check_cluster, patient, check)) for name, check in _CLUSTER),
        ("compile gate", lambda: check_builders(patient.repository, patient.settings)),
        ("proposer", lambda: check_proposer(patient.repository, patient.settings)),
        ("agents", lambda: check_agents(patient.settings)),
        ("containment", check_containment),
        ("sandbox", lambda: check_sandbox(patient.settings)),
        ("state directory", lambda: check_state(patient.settings)),
        ("lease directory", check_leases),
        ("logout", check_logout),
        ("clock", lambda: check_clock(patient.repository)),
    ]


_CLUSTER: tuple[tuple[str, Callable[[Settings], Sequence[Check]]], ...] = (
    ("slurm", lambda settings: check_commands(settings.slurm)),
    ("partition", lambda settings: check_partition(settings.slurm)),
    ("shared folder", lambda settings: check_folder(settings.slurm)),
    ("node", check_node),
)


def _is_cluster(patient: Patient) -> bool:
    return patient.settings is not None and patient.settings.executor.kind == "slurm"


def _check_cluster(patient: Patient, check: Callable[[Settings], Sequence[Check]]) -> Sequence[Check]:
    """Make a check of the cluster, where the settings name one."""
    return check(patient.settings) if patient.settings is not None and _is_cluster(patient) else []


def _look_at_repository(patient: Patient) -> Sequence[Check]:
    patient.repository = Repository.find(patient.path)
    return check_repository(patient.repository)


def _look_at_settings(patient: Patient) -> Sequence[Check]:
    root = patient.repository.root if patient.repository else patient.path
    found: FoundSettings = find_settings(root, patient.config)
    patient.settings = found.settings
    if patient.executor is not None:
        patient.settings = replace(found.settings, executor=ExecutorSettings(kind=patient.executor))
    return [ok("settings", found.source)]
