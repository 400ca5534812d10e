"""What a proposer is shown of the code: the map of what may be edited, and what stands at the hot places."""

from collections.abc import Iterable, Mapping

from kernel_opt.edges.repository import TreeEntry
from kernel_opt.model.state import RunState
from kernel_opt.round.tools import Tools
from kernel_opt.rules.globs import matches_any
from kernel_opt.rules.memory.outline import Outline, outline

MOST_FILES = 12  # the compaction of the brief may leave fewer
_MOST_LINES = 60  # twice what the brief shows
_PLAIN = ("100644", "100755")


def survey(state: RunState, tools: Tools) -> tuple[Outline, ...]:
    """Return the files that a hypothesis will most likely touch."""
    editable = _find_editable(state, tools)
    found: list[Outline] = []
    for path in _by_interest(editable, state)[:MOST_FILES]:
        content = tools.repository.read_at(state.code, path)
        if content is not None and b"\0" not in content:
            found.append(outline(path, content.decode(errors="replace")))
    return tuple(found)


def read_hot_lines(state: RunState, tools: Tools) -> tuple[tuple[str, str], ...]:
    """Return the lines of best's files that its trace calls hot, by the places' names in the trace."""
    trace = state.best.trace if state.best else None
    sources = dict.fromkeys(spot.source for spot in trace.hotspots if spot.source) if trace else {}
    editable = sorted(_find_editable(state, tools)) if sources else []
    texts: dict[str, list[str]] = {}
    found: list[tuple[str, str]] = []
    for source in list(sources)[:_MOST_LINES]:
        named, _, number = source.rpartition(":")
        path = max((one for one in editable if f"/{named}".endswith(f"/{one}")), key=len, default=None)
        if path is None or not number.isdecimal():
            continue
        if path not in texts:
            texts[path] = (tools.repository.read_at(state.code, path) or b"").decode(errors="replace").splitlines()
        line = texts[path][int(number) - 1 : int(number)]
        found += [(source, line[0].strip())] if line else []
    return tuple(found)


def _find_editable(state: RunState, tools: Tools) -> dict[str, TreeEntry]:
    edit = tools.settings.edit
    entries = {path.decode(errors="replace"): entry for path, entry in tools.repository.entries(state.code).items()}
    return {
        path: entry
        for path, entry in entries.items()
        if entry.mode in _PLAIN
        and entry.size_bytes <= edit.max_file_bytes
        and matches_any(path, edit.allowed)
        and not matches_any(path, edit.protected)
    }


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
