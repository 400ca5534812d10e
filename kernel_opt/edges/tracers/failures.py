"""What a tracer's log says went wrong. Most of its lines marked E or W are no errors, so only known texts count."""

import re
from pathlib import Path

_KNOWN = (
    (r"rocprof-trace-decoder library path not found", "the thread trace decoder is not installed"),
    (r"Error loading decoder", "the thread trace decoder cannot be loaded"),
    (r"INVALID_SHADER_DATA|Agent not supported", "this card or its driver cannot do thread traces"),
    (r"failed to create ATT packet|Thread trace context not present", "the thread trace did not start on this card"),
    (r"unrecognized arguments?:? .*--att|--att: invalid|unknown argument.*att", "this version has no thread trace"),
    (r"CONFIGURATION_LOCKED|outside of valid rocprofiler configuration", "another profiler is loaded in the process"),
    (r"registered more than once", "the tracer and the torch wheel bring different ROCm versions"),
    (r"died with <Signals\.(\w+)", "the command, or the tracer in it, died of {0}"),
    (r"rocprofv3 caught signal (\d+)", "the tracer caught signal {0}"),
    (r"hsa_iterate_agents: HSA_STATUS_ERROR", "the driver lists no agents"),
    (r"SQLite3 error", "the tracer's database could not be written"),
    (r"No tracing options were enabled", "no tracing option was on"),
    (r"Thread trace buffer full|Data Lost|Stitch Incomplete", "the thread trace lost data"),
)
_PATTERNS = tuple((re.compile(pattern), words) for pattern, words in _KNOWN)


def explain_failure(log: str) -> str | None:
    """Return in words what the tracer's log says went wrong; None when it says nothing known."""
    for pattern, words in _PATTERNS:
        if found := pattern.search(log):
            return words.format(*found.groups())
    return None


def has_whole_results(folder: Path) -> bool:
    """Tell whether the kernel traces in a folder are written to the end, whatever became of their writer.

    The tracer may crash or hang while it finishes; what it wrote before is good. Each file is written at once, and
    every row ends in a line end.
    """
    files = [path for path in folder.rglob("*kernel_trace*.csv") if path.is_file()]
    return bool(files) and all(_is_whole(path) for path in files)


def _is_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(size - 4096, 0))
        tail = file.read()
    return tail.endswith(b"\n") and tail.count(b"\n") > 1
