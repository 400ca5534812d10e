"""What machine this is, in a few words that belong in a report: no host name, no paths, no users."""

import platform
from collections.abc import Mapping
from pathlib import Path


def describe_machine(environment: Mapping[str, str], cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Return name to value; what cannot be told is left out."""
    found = {
        "ROCm": _first_line(Path(environment.get("ROCM_PATH", "/opt/rocm")) / ".info" / "version"),
        "CPU": _cpu_model(cpuinfo),
        "Linux": platform.release(),
        "Python of kernel-opt": platform.python_version(),
    }
    return {name: value for name, value in found.items() if value}


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
