"""What a builder hands back: how to compile, or what this machine lacks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel_opt.edges.builders.toolchain import Packages
from kernel_opt.model.compile_settings import BuildSettings
from kernel_opt.model.sandbox import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where one build takes place."""

    tree: Path
    dump: Path
    """New and empty; what the compiler leaves goes here."""
    tools: Path
    """New and empty; what a builder has to make for the compiler goes here."""
    target: str
    packages: Packages
    environment: Mapping[str, str]
    """The user's variables, for what is looked for on PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to compile."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    shown: tuple[Place, ...] = ()
    """What of hidden places the compiler must read."""
    is_host: bool = False
    """It leaves assembly for the processor, not for a GPU."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why this machine cannot compile it."""

    what: str
    mend: str

    def __str__(self) -> str:
        """Return both in one sentence."""
        return f"{self.what}: {self.mend}"


def fill(build: BuildSettings, site: Site) -> tuple[str, ...]:
    """Return the command with target and dump folder put in."""
    return tuple(word.replace("{target}", site.target).replace("{dump}", str(site.dump)) for word in build.command)
