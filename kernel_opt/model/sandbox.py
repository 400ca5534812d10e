"""What a child may see and write, and how firmly this machine can hold it to that. Standard library only."""

import enum
from dataclasses import dataclass


class SandboxLevel(enum.StrEnum):
    """How firmly a child is held; a later letter holds more."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"

    def holds(self, wanted: "SandboxLevel") -> bool:
        """Say whether this level is as firm as the wanted one."""
        return self.value >= wanted.value


_WORDS = {
    SandboxLevel.S3: "bubblewrap: read-only system, own processes, home, temp and network",
    SandboxLevel.S2: "Landlock: files outside the run are closed, processes are hunted down",
    SandboxLevel.S1: "limits only: a child may read and write what its user may",
}


def describe(level: SandboxLevel) -> str:
    """Return a level in words for people."""
    return f"{level.value} ({_WORDS[level]})"


class Access(enum.StrEnum):
    """What a child may do with a place."""

    HIDE = "hide"
    """It is empty: a folder of the child's own that goes away with it."""
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Place:
    """One file or folder as the child sees it, with all below it that has no place of its own."""

    path: str
    access: Access
    source: str = ""
    """What stands there, when it is something else than what is there outside; only bubblewrap can do that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The walls around one child. Where nothing is said the system can be read and nothing can be written."""

    level: SandboxLevel
    sized: bool = True
    """This bubblewrap can bound the size of what it makes in memory."""
    places: tuple[Place, ...] = ()
    devices: tuple[str, ...] = ()
    """Device nodes beside the harmless ones."""
    network: bool = False
    tmp_bytes: int = 4 << 30
    shm_bytes: int = 8 << 30
    max_file_bytes: int = 16 << 30
    max_processes: int = 4096
