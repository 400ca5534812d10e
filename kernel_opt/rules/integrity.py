"""What an edit may touch, and whether a benchmark's rows are the ones it had at the baseline."""

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.edit import Change, ChangeKind, Edit
from kernel_opt.model.settings import EditSettings
from kernel_opt.rules.globs import matches_any

NEVER = (
    "**/conftest.py", "conftest.py", "**/sitecustomize.py", "**/usercustomize.py", "**/*.pth", "**/*.pyc",
    "**/*.pkl", "**/*.so", "**/.git*", ".git*", "**/*.csv", "performance.md",
)  # fmt: skip
"""Files that change what runs without being a kernel: hooks of the interpreter, caches, built code, results."""

SHOWN = 5  # paths named in a refusal; the agent needs the pattern, not the list


class Refusal(Struct, frozen=True, kw_only=True):
    """Why an edit may not run."""

    rule: str
    why: str
    cheat: bool


def judge_edit(edit: Edit, limits: EditSettings, benchmark_file: str) -> Refusal | None:
    """Return why the edit is refused, or None when it may run."""
    if not edit.changes:
        return Refusal(rule="nothing-changed", why="the worktree is the same as best", cheat=False)
    if len(edit.changes) > limits.max_files:
        why = f"{len(edit.changes)} files changed, at most {limits.max_files} may"
        return Refusal(rule="too-many-files", why=why, cheat=False)
    protected = (benchmark_file, *NEVER, *limits.protected)
    for rule, cheat, test in _tests(limits, protected):
        hits = [f"{change.path} ({reason})" for change in edit.changes if (reason := test(change))]
        if hits:
            more = f" and {len(hits) - SHOWN} more" if len(hits) > SHOWN else ""
            return Refusal(rule=rule, why=", ".join(hits[:SHOWN]) + more, cheat=cheat)
    return None


Test = Callable[[Change], str | None]


def _tests(limits: EditSettings, protected: tuple[str, ...]) -> tuple[tuple[str, bool, Test], ...]:
    """Return each rule with whether breaking it is a cheat, and the test that gives a reason against one change."""

    def is_protected(change: Change) -> str | None:
        return matches_any(change.path, protected)

    def is_outside(change: Change) -> str | None:
        return None if matches_any(change.path, limits.allowed) else "outside edit.allowed"

    def is_special(change: Change) -> str | None:
        plain = change.kind is ChangeKind.DELETED or change.mode in ("100644", "100755")
        return None if plain else f"mode {change.mode}"

    def is_too_large(change: Change) -> str | None:
        return f"{change.size_bytes} bytes" if change.size_bytes > limits.max_file_bytes else None

    return (
        ("protected-path", True, is_protected),
        ("not-allowed-path", False, is_outside),
        ("not-a-plain-file", True, is_special),
        ("file-too-large", False, is_too_large),
    )


def find_row_differences(baseline: Sequence[ConfigRow], rows: Sequence[ConfigRow]) -> str | None:
    """Return in words how the set of config rows differs from the baseline's, or None when it does not."""
    before, now = Counter(row.key for row in baseline), Counter(row.key for row in rows)
    parts = [
        f"{what}: {'; '.join(list(keys)[:3])}" + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        for what, keys in (("lost", before - now), ("added", now - before))
        if keys
    ]
    if not parts and [row.key for row in baseline] != [row.key for row in rows]:
        parts = ["the rows stand in another order"]
    return ", ".join(parts) or None
