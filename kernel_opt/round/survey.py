"""The map of what may be edited: the files of best, those with hot lines first, and what they define."""

from collections.abc import Iterable, Mapping

from kernel_opt.edges.repository import TreeEntry
from kernel_opt.model.state import RunState
from kernel_opt.round.tools import Tools
from kernel_opt.rules.globs import matches_any
from kernel_opt.rules.memory.outline import Outline, outline

MOST_FILES = 12  # the compaction of the brief may leave fewer
_PLAIN = ("100644", "100755")


def survey(state: RunState, tools: Tools) -> tuple[Outline, ...]:
    """Return the files that a hypothesis will most likely touch."""
    edit = tools.settings.edit
    entries = {path.decode(errors="replace"): entry for path, entry in tools.repository.entries(state.code).items()}
    editable = {
        path: entry
        for path, entry in entries.items()
        if entry.mode in _PLAIN
        and entry.size_bytes <= edit.max_file_bytes
        and matches_any(path, edit.allowed)
        and not matches_any(path, edit.protected)
    }
    found: list[Outline] = []
    for path in _by_interest(editable, state)[:MOST_FILES]:
        content = tools.repository.read_at(state.code, path)
        if content is not None and b"\0" not in content:
            found.append(outline(path, content.decode(errors="replace")))
    return tuple(found)


def _by_interest(editable: Mapping[str, TreeEntry], state: RunState) -> list[str]:
    """Order the files: hot lines, then edits of earlier rounds, then size."""
    trace = state.best.trace if state.best else None
    hot = [spot.source for spot in trace.hotspots] if trace else []
    edited = [name for trial in state.trials for name in trial.files]
    return sorted(
        editable,
        key=lambda path: (-_times_named(path, hot), -edited.count(path), -editable[path].size_bytes, path),
    )


def _times_named(path: str, sources: Iterable[str]) -> int:
    """Count the hot places in a file; the trace names it as it was compiled, in another folder."""
    return sum(f"/{path}:" in f"/{source}:" for source in sources)
