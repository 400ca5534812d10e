"""What machine this is, in a few words that belong in a report: no host name, no paths, no users."""

import platform
from collections.abc import Mapping
from pathlib import Path

from kernel_opt.model.reading import Reading


def describe_machine(environment: Mapping[str, str], cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Return name to value; what cannot be told is left out."""
    found = {
        "ROCm": _first_line(Path(environment.get("ROCM_PATH", "/opt/rocm")) / ".info" / "version"),
        "CPU": _cpu_model(cpuinfo),
        "Linux": platform.release(),
        "Python of kernel-opt": platform.python_version(),
    }
    return {name: value for name, value in found.items() if value}


def describe_card(card: Reading, sys_root: Path = Path("/sys")) -> dict[str, str]:
    """Return name to value of what a card's times depend on; what was not read is left out."""
    found = {
        "card model": " ".join(filter(None, (card.name, card.gfx and f"({card.gfx})"))),
        "compute partition": card.partition or "",
        "clocks": _tell_level(card.perf_level),
        "power cap": "" if card.power_cap_w is None else f"{card.power_cap_w:g} W",
        "GPU driver": _tell_driver(sys_root / "module/amdgpu"),
        "readings from": card.source,
    }
    return {name: value for name, value in found.items() if value}


def _tell_level(level: str | None) -> str:
    """Say whether the clocks are the driver's to choose; all levels but one pin them somewhere or narrow them down."""
    if level is None:
        return ""
    return f"free (performance level {level})" if level == "auto" else f"not free (performance level {level})"


def _tell_driver(module: Path) -> str:
    """Tell the driver's version; one that comes with the kernel has none of its own."""
    if not module.is_dir():
        return ""
    return f"amdgpu {_first_line(module / 'version')}".strip()


def _first_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[0].strip()[:80] if lines else ""


def _cpu_model(cpuinfo: Path) -> str:
    try:
        with cpuinfo.open(encoding="utf-8", errors="replace") as lines:
            model = next((line for line in lines if line.startswith("model name")), "")
    except OSError:
        return ""
    return model.partition(":")[2].strip()[:80]
