"""The scripted host's sysfs, devices and processes, as files under a root of the test's own."""

import shutil
from pathlib import Path

FIRST_PID_NAMESPACE = "pid:[4026531836]"
RENDER_MINOR = 128


def build_tree(root: Path, cards: list[dict], *, pid_namespace: str = FIRST_PID_NAMESPACE) -> dict[str, str]:
    """Write the host's tables and return the platform's options that point to them."""
    nodes = root / "sys/class/kfd/kfd/topology/nodes"
    _write_node(nodes / "0", 0, {"cpu_cores_count": 96, "simd_count": 0})
    for place, card in enumerate(sorted(cards, key=lambda card: card["node_id"])):
        domain, bus, rest = card["bdf"].split(":")
        partition_id = card.get("partition_id", 0)
        properties = {
            "simd_count": 1216,
            "gfx_target_version": 90402,
            "location_id": partition_id << 28 | int(bus, 16) << 8 | int(rest.split(".")[0], 16) << 3,
            "domain": int(domain, 16),
            "drm_render_minor": RENDER_MINOR + place,
            "unique_id": int(card["unique_id"], 16),
        }
        _write_node(nodes / str(card["node_id"]), card["guid"], properties)
        _write(root / f"dev/dri/renderD{RENDER_MINOR + place}", "")
    (root / "sys/class/kfd/kfd/proc").mkdir(parents=True)
    (root / "proc/1").mkdir(parents=True)
    (root / "proc/self/ns").mkdir(parents=True)
    (root / "proc/self/ns/pid").symlink_to(pid_namespace)
    return {f"{name}_root": str(root / name) for name in ("sys", "dev", "proc")}


def put_processes(root: Path, cards: list[dict], processes: list[dict]) -> None:
    """Make the driver's process table show exactly these."""
    table = root / "sys/class/kfd/kfd/proc"
    wanted = {str(process["pid"]) for process in processes}
    for entry in table.iterdir():
        if entry.name not in wanted:
            shutil.rmtree(entry)
    for process in processes:
        for card in cards:
            is_on = card["card"] in process["cards"]
            _write(table / str(process["pid"]) / f"vram_{card['guid']}", f"{process['vram'] if is_on else 4096}\n")
            if is_on:
                _write(table / str(process["pid"]) / f"queues/{card['card']}/gpuid", f"{card['guid']}\n")
        _write(root / f"proc/{process['pid']}/comm", process["name"] + "\n")


def _write_node(directory: Path, guid: int, properties: dict[str, int]) -> None:
    _write(directory / "gpu_id", f"{guid}\n")
    _write(directory / "properties", "".join(f"{key} {value}\n" for key, value in properties.items()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
