"""A helper process that reads the driver's own tables from sysfs: ``python -m kernel_opt.edges.gpus.kfd``.

Reading them can hang as long as the driver does, so the daemon never does it itself.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# The inode of the first PID namespace is the same constant on every Linux.
_FIRST_PID_NAMESPACE = "pid:[4026531836]"
# The runtime keeps a little on every card it sees, also on those the process never uses: a queue makes a user of it,
# or more than that little.
_HELD_BYTES = 64 * 2**20


def read_nodes(sys_root: Path, dev_root: Path) -> list[dict[str, Any]] | None:
    """Read the GPU nodes of the topology in the order of their numbers; None when there is no topology."""
    directory = sys_root / "class/kfd/kfd/topology/nodes"
    try:
        numbers = sorted(int(entry.name) for entry in directory.iterdir() if entry.name.isdigit())
    except OSError:
        return None
    return [node for number in numbers if (node := _read_node(directory / str(number), number, dev_root))]


def _read_node(directory: Path, number: int, dev_root: Path) -> dict[str, Any] | None:
    """Read one node; None for a CPU and for a GPU that a container hides, which the runtime skips too."""
    try:
        gpu_id = int((directory / "gpu_id").read_text())
        lines = (directory / "properties").read_text().splitlines()
    except (OSError, ValueError):
        return None
    pairs = (line.split() for line in lines)
    properties = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    if gpu_id == 0:
        return None
    usable = _can_open(dev_root, properties.get("drm_render_minor", "0"))
    return {**properties, "node_id": number, "guid": gpu_id, "usable": usable}


def _can_open(dev_root: Path, minor: str) -> bool:
    """Open the render device as the runtime does: it leaves out a card whose device cannot be opened."""
    if not minor.isdigit() or minor == "0":
        return True
    try:
        os.close(os.open(dev_root / f"dri/renderD{minor}", os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def read_processes(sys_root: Path, proc_root: Path) -> list[dict[str, Any]] | None:
    """Read who holds VRAM or a queue on which card; None when the table, or a part of it, cannot be read."""
    found: list[dict[str, Any]] = []
    try:
        for entry in sorted((sys_root / "class/kfd/kfd/proc").iterdir()):
            if entry.name.isdigit() and not _is_dead(int(entry.name), proc_root):
                found += _read_process(entry, proc_root)
    except (OSError, ValueError):
        return None
    return found


def _read_process(directory: Path, proc_root: Path) -> Iterator[dict[str, Any]]:
    """Tell one process, once for each card it is on."""
    try:
        vram = {path.name[5:]: int(path.read_text()) for path in directory.glob("vram_*")}
        queues = [path.read_text().strip() for path in directory.glob("queues/*/gpuid")]
    except FileNotFoundError:  # it has ended while we read
        if directory.exists():
            raise
        return
    name = _read_name(int(directory.name), proc_root)
    for guid in sorted({*(guid for guid, held in vram.items() if held > _HELD_BYTES), *queues}):
        yield {"pid": int(directory.name), "name": name, "guid": int(guid), "vram_bytes": vram.get(guid)}


def _is_dead(pid: int, proc_root: Path) -> bool:
    """Tell a stale entry, which the driver is known to leave behind.

    Only where the numbers are of our own namespace and /proc shows the processes of others: there the first process
    is always to be seen.
    """
    return bool(are_pids_local(proc_root)) and (proc_root / "1").exists() and not (proc_root / str(pid)).exists()


def _read_name(pid: int, proc_root: Path) -> str:
    try:
        return (proc_root / str(pid) / "comm").read_text().strip() if are_pids_local(proc_root) else "unknown"
    except OSError:
        return "unknown"


def are_pids_local(proc_root: Path) -> bool | None:
    """Tell whether the host's PIDs are our PIDs: only in the first PID namespace."""
    try:
        return str((proc_root / "self/ns/pid").readlink()) == _FIRST_PID_NAMESPACE
    except OSError:
        return None


def main(arguments: list[str]) -> int:
    """Print one line of JSON about the host under the given roots of sysfs, devices and processes."""
    sys_root, dev_root, proc_root = map(Path, arguments)
    told = {
        "nodes": read_nodes(sys_root, dev_root),
        "processes": read_processes(sys_root, proc_root),
        "pids_local": are_pids_local(proc_root),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
