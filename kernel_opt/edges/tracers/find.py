"""Which of the files under a folder are the tracer's, one kind of each, so that nothing is counted twice."""

import re
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.tracers.refusal import refuse

_MAX_FILES = 20_000  # A thread trace leaves some thousand files; more is somebody's home directory.
_PATTERNS = {
    "kernel_csv": r"kernel_trace[^/]*\.csv",
    "rocpd": r"\.db",
    "sdk_json": r"results\.json",
    "kernel_stats": r"kernel_stats[^/]*\.csv",
    "agents": r"agent_info[^/]*\.csv",
    "copies": r"memory_copy_trace[^/]*\.csv",
    "counters": r"counter_collection[^/]*\.csv",
    "pc_sampling": r"pc_sampling[^/]*\.csv",
    "att_code": r"(^|/)code[^/]*\.json",
    "att_stats": r"(^|/)stats_ui_output[^/]*\.csv",
    "compiled": r"(code_object_id_\d+\.out|\.amdgcn|\.hsaco|_final_isa\.s)",
}
_KERNEL_KINDS = ("kernel_csv", "rocpd", "sdk_json", "kernel_stats")
"""Each says the same about the kernels; the first that there is is read."""
_SIGNS = (
    ("rocpd", (b"sqlite format 3",)),
    ("sdk_json", (b'{"rocprofiler-sdk-tool"',)),
    ("sdk_json", (b"{\n", b'"rocprofiler-sdk-tool"')),
    ("att_code", (b"{", b'"code"', b"[", b"; _z")),
    ("counters", (b"kernel_name", b"counter_name", b"counter_value")),
    ("pc_sampling", (b"sample_timestamp", b"exec_mask", b"instruction_comment")),
    ("kernel_csv", (b"kernel_dispatch", b"kernel_name", b"start_timestamp")),
    ("att_stats", (b"codeobj", b"hitcount", b"latency", b"stall")),
)
_MAX_SNIFFED = 50
_SNIFFED_BYTES = 4096
_PASS = re.compile(r"(^|/)(?:pass|pmc)_(\d+)/")


@dataclass(frozen=True)
class Found:
    """The files to read, by kind, and what was passed over."""

    files: dict[str, list[Path]]
    notes: list[str]
    strangers: list[Path]
    """Files that no reader claims, to be named when nothing else is there."""


def find_files(folder: Path, since_s: float = 0.0) -> Found:
    """Look for the tracer's files at a file's or a folder's place; leave out those older than ``since_s``."""
    if not folder.exists():
        raise refuse(folder, None, "there is no such file or folder")
    files: dict[str, list[Path]] = {}
    strangers: list[Path] = []
    old = 0
    for path in _walk(folder):
        kind = _kind_of(path, folder)
        if path.stat().st_mtime < since_s:
            old += 1
        elif kind is None:
            strangers.append(path)
        else:
            files.setdefault(kind, []).append(path)
    if not files:
        # Somebody may have renamed them: what they hold decides.
        for path in strangers[:_MAX_SNIFFED]:
            if kind := _sniff(path):
                files.setdefault(kind, []).append(path)
    notes = [f"{old} files older than the run were left alone"] if old else []
    return Found(_without_doubles(files, folder, notes), notes, strangers)


def _sniff(path: Path) -> str | None:
    """Tell a file's kind from its beginning."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED_BYTES)
    return next((kind for kind, signs in _SIGNS if all(sign in head.lower() for sign in signs)), None)


def _walk(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    found: list[Path] = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".rocprofv3" not in path.parts:
            found.append(path)
        if len(found) > _MAX_FILES:
            raise refuse(folder, None, f"more than {_MAX_FILES} files are there", "give the trace's own directory")
    return sorted(found)


def _kind_of(path: Path, folder: Path) -> str | None:
    name = path.name if path == folder else path.relative_to(folder).as_posix()
    return next((kind for kind, pattern in _PATTERNS.items() if re.search(pattern + "$", name)), None)


def _without_doubles(files: dict[str, list[Path]], folder: Path, notes: list[str]) -> dict[str, list[Path]]:
    """Drop what says the same thing again: other formats, and further passes that ran the command anew."""
    kinds = [kind for kind in _KERNEL_KINDS if kind in files]
    for kind in kinds[1:]:
        del files[kind]
    if "att_code" in files:
        files.pop("att_stats", None)
    if kinds:
        passes = {path: _pass_of(path, folder) for path in files[kinds[0]]}
        first = min(passes.values())
        if max(passes.values()) > first:
            notes.append(f"kernel times are those of pass {first} alone: each pass ran the command again")
        files[kinds[0]] = [path for path, number in passes.items() if number == first]
    return files


def _pass_of(path: Path, folder: Path) -> int:
    found = None if path == folder else _PASS.search(path.relative_to(folder).as_posix())
    return int(found[2]) if found else 0
