"""The walls around each kind of child: benchmark, check and formatter, proposer."""

from dataclasses import replace
from pathlib import Path

from kernel_opt.edges.sandbox_base import hide_git, open_tree, show_paths, with_places
from kernel_opt.model.sandbox import Access, Place, Sandbox
from kernel_opt.round.tools import Tools


def enclose_benchmark(tools: Tools, tree: Path, *writable: Path, reads: Path | None = None) -> Sandbox | None:
    """Return the walls around a run of the benchmark in an export."""
    if tools.sandbox is None:
        return None
    write = tools.settings.sandbox.write
    own = [Place(str(path), Access.WRITE) for path in writable]
    own += [Place(str(reads), Access.READ)] if reads else []
    pins = tools.pins.places(tree) if tools.pins else ()
    return with_places(tools.sandbox, *open_tree(tree, tools.settings.benchmark.csv, write), *pins, *own)


def enclose_tool(tools: Tools, folder: Path, *, reads_history: bool = False) -> Sandbox | None:
    """Return the walls around a tool that works on the worktree; a formatter may ask git what changed."""
    if tools.sandbox is None:
        return None
    tree = tools.tree.path
    places = [Place(str(tree), Access.WRITE), Place(str(folder), Access.WRITE)]
    if reads_history:
        places += [Place(str(tree / ".git"), Access.READ), Place(str(tools.repository.common_dir), Access.READ)]
    else:
        places += hide_git(tree)
    return with_places(tools.sandbox, *places)


def enclose_proposer(
    tools: Tools, folder: Path, brief: Path, *writable: Path, reads: tuple[Path, ...] = ()
) -> Sandbox | None:
    """Return the walls around a proposer: no card, and as much of the network as its adapter leaves it."""
    if tools.sandbox is None:
        return None
    settings, tree = tools.settings.sandbox, tools.tree.path
    places = [Place(str(path), Access.WRITE) for path in (tree, folder, *writable)]
    places += [*(Place(str(path), Access.READ) for path in (brief, *reads)), *hide_git(tree)]
    places += [*show_paths(settings.agent_show), *show_paths(settings.agent_write, Access.WRITE)]
    return replace(with_places(tools.sandbox, *places), network=True)
