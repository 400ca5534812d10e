"""Which kernel of a trace a person means: the one they name, or the ones of the files they tune."""

from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.settings_file import OWN_NAME, find_settings
from kernel_opt.edges.sources import read_sources
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import Settings
from kernel_opt.model.trace import KernelSummary, TargetKernel
from kernel_opt.rules.trace.target import propose_targets, words_of


def choose_targets(
    kernels: Sequence[KernelSummary], named: Sequence[str], folder: Path
) -> tuple[tuple[TargetKernel, ...], str]:
    """Return the target kernels, else why they cannot be told; ``folder`` is where the person stands."""
    root = _find_root(folder)
    settings = None if named else _find_settings(root)
    if settings is None:
        return propose_targets(kernels, named=named)
    words = words_of(read_sources(root, settings.edit.allowed))
    return propose_targets(kernels, named=settings.target_kernels, words=words)


def _find_root(folder: Path) -> Path:
    """Return the nearest folder above that has settings of its own or is a repository's; else where we stand."""
    places = (folder, *folder.parents)
    return next((place for place in places if (place / OWN_NAME).exists() or (place / ".git").exists()), folder)


def _find_settings(root: Path) -> Settings | None:
    """Return the settings of the repository; broken ones are told, and none at all is no error here."""
    try:
        return find_settings(root, None).settings
    except UsageError:
        if (root / OWN_NAME).exists():
            raise
        return None
