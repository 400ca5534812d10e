"""The platforms by name: who reads the cards, and who traces."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from kernel_opt.edges.session_records import PlatformChoice
from kernel_opt.edges.tracers import host, rocprofv3
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.edges.tracers.rocprofv3_guard import guard_argv
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import PlatformSettings

IMPORT_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What a module of the user's own may raise while it is loaded."""


class Tracer(Protocol):
    """Wraps a command so that it leaves rocprofv3's tables."""

    deep_rungs: tuple[Rung, ...]
    """What looks deeper than a kernel trace, the most telling first."""
    names_card: bool
    """Whether its tables tell on which card the kernels ran."""

    def trace_argv(self, argv: Sequence[str], out_dir: Path, rung: Rung, kernels: Sequence[str] = ()) -> list[str]:
        """Return the command that runs ``argv`` traced so deep; deep looks keep to ``kernels``."""
        ...

    def describe(self) -> str:
        """Return which tracer this is, for the record; empty when it cannot be told."""
        ...


@dataclass(frozen=True, slots=True)
class PlatformKit:
    """One platform as the daemon sees it."""

    name: str
    choice: PlatformChoice
    tracer: Tracer | None
    programs: tuple[str, ...] = ()
    """Must be on PATH."""


class HostTracer:
    """The CPU target's tracer."""

    deep_rungs: tuple[Rung, ...] = (Rung.THREAD,)
    names_card = False

    def trace_argv(self, argv: Sequence[str], out_dir: Path, rung: Rung, kernels: Sequence[str] = ()) -> list[str]:
        """Return the command that runs ``argv`` traced; its sampler sees all kernels at once."""
        del kernels
        return host.trace_argv(argv, out_dir, sampling=rung is Rung.THREAD)

    def describe(self) -> str:
        """It is a part of kernel-opt, whose version is told anyway."""
        return ""


class RocmTracer:
    """rocprofv3, under guard."""

    deep_rungs: tuple[Rung, ...] = (Rung.THREAD, Rung.COUNTERS)
    names_card = True

    def trace_argv(self, argv: Sequence[str], out_dir: Path, rung: Rung, kernels: Sequence[str] = ()) -> list[str]:
        """Return the command that runs ``argv`` traced."""
        regex = rocprofv3.to_regex(kernels)
        return guard_argv(rocprofv3.trace_argv(argv, out_dir, rung=rung, kernel_regex=regex), out_dir)

    def describe(self) -> str:
        """Return the tracer's version and that of its ROCm."""
        version, _ = rocprofv3.probe()
        return "" if version is None else f"rocprofv3 {version.version} (ROCm {version.rocm})"


def open_kit(settings: PlatformSettings) -> PlatformKit:
    """Return the platform that the settings name."""
    options = dict(settings.options)
    match settings.name:
        case "rocm":
            factory, tracer, programs = "kernel_opt.edges.gpus.rocm:open_platform", RocmTracer(), ("rocprofv3",)
        case "host":
            factory, tracer, programs = "kernel_opt.edges.gpus.host:open_platform", HostTracer(), ()
        case _:
            factory, tracer, programs = _own(settings.name), None, ()
    if not settings.trace:
        tracer, programs = None, ()
    return PlatformKit(settings.name, PlatformChoice(factory=factory, options=options), tracer, programs)


def _own(name: str) -> str:
    """Check a platform of the user's own."""
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function, None) if module.strip(".") and function else None
    except IMPORT_FAILURES as error:
        raise UsageError(f"platform.name {name!r} cannot be imported: {error}", "use rocm or host") from error
    if not callable(cast("object", found)):
        raise UsageError(f"platform.name {name!r} is no platform", "use rocm, host, or module:function")
    return name
