"""Raw traces of old rounds are the largest thing a run keeps: they go, with a note in their place."""

from pathlib import Path

from kernel_opt.edges.files import remove_tree

NOTE = "PRUNED.txt"


def prune_traces(round_folder: Path) -> int:
    """Remove the raw traces of one round, leave a note of what was there, and return how many bytes are free again."""
    traces = sorted(path for path in round_folder.glob("*/session/runs/*/trace-*") if path.is_dir())
    if not traces:
        return 0
    sizes = {path: sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) for path in traces}
    lines = [f"{path.relative_to(round_folder)}\t{size} bytes" for path, size in sizes.items()]
    note = "Raw traces removed to save room; what was read from them stands in the journal:\n" + "\n".join(lines) + "\n"
    (round_folder / NOTE).write_text(note, encoding="utf-8")
    for path in traces:
        remove_tree(path)
    return sum(sizes.values())
