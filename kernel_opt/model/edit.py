"""What a proposer changed in the worktree, as bytes and not as anybody says."""

from enum import Enum

from msgspec import Struct


class ChangeKind(Enum):
    """How one path differs from the base commit."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    MODE = "mode"


class Change(Struct, frozen=True, kw_only=True):
    """One path that differs from the base commit."""

    path: str
    """Relative to the root, with undecodable bytes shown escaped: for rules and people, never to open."""
    kind: ChangeKind
    mode: str
    """As git writes it: 100644, 100755, 120000 (link), 160000 (submodule); "special" for anything else."""
    size_bytes: int


class Edit(Struct, frozen=True, kw_only=True):
    """All that differs between a base commit and the worktree."""

    base: str
    tree: str
    """The git tree that holds base plus the changes; links, specials and files over the size cap are left out."""
    changes: tuple[Change, ...]
    lines_added: int = 0
    lines_removed: int = 0
