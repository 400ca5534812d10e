"""What an edit may touch, and whether a benchmark's rows are the ones it had at the baseline."""

import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from msgspec import Struct

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.edit import Change, ChangeKind, Edit
from kernel_opt.model.settings import EditSettings
from kernel_opt.rules.globs import matches_any

NEVER = (
    "**/conftest.py", "**/sitecustomize.py", "**/usercustomize.py", "**/*.pth",
    "**/*.pyc", "**/*.pyo", "**/__pycache__/**", "**/*.pkl", "**/*.pickle",
    "**/*.so", "**/*.so.*", "**/*.pyd", "**/*.a", "**/*.o", "**/*.hsaco",
    "**/.git*", "**/.git*/**", "**/pyproject.toml", "**/setup.py", "**/setup.cfg", "**/requirements*.txt",
    "**/kernel-opt.toml", "**/*.csv", "performance.md", "performance.svg",
)  # fmt: skip
"""Files that change what runs without being a kernel: hooks of the interpreter, caches, built code, dependencies,
results."""

SHADOWED = sys.stdlib_module_names | {"aiter", "hip", "numpy", "pandas", "pytest", "torch", "triton"}
"""Modules that a new file beside the benchmark, or at the root, would be imported in place of."""

EDIT_CAP_BYTES = 8 * 1024 * 1024  # of all changed files together: more would not be captured whole
SHOWN = 5  # paths named in a refusal; the agent needs the pattern, not the list


class Refusal(Struct, frozen=True, kw_only=True):
    """Why an edit may not run."""

    rule: str
    why: str
    cheat: bool


def judge_edit(edit: Edit, limits: EditSettings, benchmark_file: str, unheeded: Collection[str] = ()) -> Refusal | None:
    """Return why the edit is refused, or None when it may run; ``unheeded`` rules refuse nothing."""
    if not edit.changes:
        return _slip("nothing-changed", "the worktree is the same as best")
    if all(change.kind is ChangeKind.MODE for change in edit.changes):
        return _slip("nothing-changed", "only the modes of files changed")
    if len(edit.changes) > limits.max_files:
        return _slip("too-many-files", f"{len(edit.changes)} files changed, at most {limits.max_files} may")
    for test in _tests(limits, benchmark_file):
        if test.rule in unheeded:
            continue
        hits = [f"{change.path} ({reason})" for change in edit.changes if (reason := test.find_reason(change))]
        if hits:
            more = f" and {len(hits) - SHOWN} more" if len(hits) > SHOWN else ""
            return Refusal(rule=test.rule, why=", ".join(hits[:SHOWN]) + more, cheat=test.is_cheat)
    size_bytes = sum(change.size_bytes for change in edit.changes)
    if size_bytes > EDIT_CAP_BYTES:
        return _slip("edit-too-large", f"{size_bytes} bytes in all, at most {EDIT_CAP_BYTES} may be")
    return None


def _slip(rule: str, why: str) -> Refusal:
    return Refusal(rule=rule, why=why, cheat=False)


class _Test(NamedTuple):
    """A rule about single changes: the reason against one, and whether breaking it is a cheat."""

    rule: str
    is_cheat: bool
    find_reason: Callable[[Change], str | None]


def _tests(limits: EditSettings, benchmark_file: str) -> tuple[_Test, ...]:
    protected = (benchmark_file, *NEVER, *limits.protected)
    # On a file system that knows no case, or that composes letters, another spelling is the same file.
    folded = tuple(_fold(glob) for glob in protected)

    def is_protected(change: Change) -> str | None:
        return matches_any(change.path, protected) or matches_any(_fold(change.path), folded)

    def is_shadow(change: Change) -> str | None:
        return _find_shadowed(change, benchmark_file.rpartition("/")[0])

    def is_outside(change: Change) -> str | None:
        return None if matches_any(change.path, limits.allowed) else "outside edit.allowed"

    def is_special(change: Change) -> str | None:
        plain = change.kind is ChangeKind.DELETED or change.mode in ("100644", "100755")
        return None if plain else f"mode {change.mode}"

    def is_too_large(change: Change) -> str | None:
        return f"{change.size_bytes} bytes" if change.size_bytes > limits.max_file_bytes else None

    return (
        _Test("protected-path", True, is_protected),
        _Test("shadowed-module", True, is_shadow),
        _Test("not-allowed-path", False, is_outside),
        _Test("not-a-plain-file", True, is_special),
        _Test("odd-name", False, _is_odd),
        _Test("file-too-large", False, is_too_large),
    )


def _fold(path: str) -> str:
    return unicodedata.normalize("NFKC", path).casefold()


def _find_shadowed(change: Change, benchmark_folder: str) -> str | None:
    """Return the module that a new file would be imported in place of."""
    folder, _, name = change.path.removesuffix("/__init__.py").rpartition("/")
    module = name.removesuffix(".py")
    is_module = change.path.endswith(".py") and folder in ("", benchmark_folder)
    return f"hides {module}" if change.kind is ChangeKind.ADDED and is_module and module in SHADOWED else None


def _is_odd(change: Change) -> str | None:
    """Refuse new names that no tool and no table shows as they are; bytes that are no text stand here escaped."""
    is_plain = change.path.isprintable() and "\\" not in change.path
    return None if is_plain or change.kind is not ChangeKind.ADDED else "a name that does not print"


def find_row_differences(baseline: Sequence[ConfigRow], rows: Sequence[ConfigRow]) -> str | None:
    """Return in words how the set of config rows differs from the baseline's, or None when it does not."""
    before, now = Counter(row.key for row in baseline), Counter(row.key for row in rows)
    parts = [
        f"{what}: {'; '.join(list(keys)[:3])}" + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        for what, keys in (("lost", before - now), ("added", now - before))
        if keys
    ]
    if any(row.error is not None for row in baseline) and any(row.error is None for row in rows):
        parts.append("the error column is gone")
    if not parts and [row.key for row in baseline] != [row.key for row in rows]:
        parts = ["the rows stand in another order"]
    return ", ".join(parts) or None
