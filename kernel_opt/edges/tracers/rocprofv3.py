"""Running rocprofv3: its command lines from most to least telling, and what it says when it fails."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PROGRAM = "rocprofv3"
_MAX_TCC = 4
"""Cache counters per pass: the hardware has no room for more, and some versions hang when asked."""
COUNTER_PASSES = (
    ("SQ_WAVES", "SQ_BUSY_CYCLES", "SQ_INSTS_VALU", "SQ_INSTS_VMEM_RD"),
    ("TCC_HIT_sum", "TCC_MISS_sum", "TCC_EA0_RDREQ_sum", "TCC_EA0_WRREQ_sum"),
)
"""Cache and memory efficiency; one run of the command for each pass."""


class Rung(Enum):
    """How deep to look, the most telling first; when one fails the next is tried."""

    THREAD = "thread"
    """Instruction timing of one compute unit."""
    COUNTERS = "counters"
    KERNEL = "kernel"
    """Every dispatch with its time: what the judge needs, every round."""
    SCRIPT = "script"
    """No tracer: the script's own timing, marked so."""


def next_rung(rung: Rung) -> Rung | None:
    """Return the rung below; None under the last."""
    rungs = list(Rung)
    place = rungs.index(rung) + 1
    return rungs[place] if place < len(rungs) else None


def trace_argv(
    argv: Sequence[str],
    out_dir: Path,
    *,
    rung: Rung = Rung.KERNEL,
    kernel_regex: str = "",
    counters: Sequence[str] = COUNTER_PASSES[-1],
) -> list[str]:
    """Return the command that runs ``argv`` under the tracer and leaves its files in ``out_dir``, a fresh folder.

    ``kernel_regex`` confines a thread trace or counters to some kernels.
    The output format is always named: since ROCm 7 the default is a database.
    """
    if rung is Rung.SCRIPT:
        return list(argv)
    own = [PROGRAM, "--kernel-trace", "--memory-copy-trace", "--output-format", "csv", "-d", str(out_dir)]
    if rung is Rung.THREAD:
        # The second dispatch: the first one is still cold, a later one may not come.
        own += ["--att", "--kernel-iteration-range", "[2]"]
    if rung is Rung.COUNTERS:
        own += ["--pmc", *_confine(counters)]
    if kernel_regex and rung in {Rung.THREAD, Rung.COUNTERS}:
        own += ["--kernel-include-regex", kernel_regex]
    return [*own, "--", *argv]


def to_regex(names: Sequence[str]) -> str:
    """Return the expression that finds these kernels and no longer name."""
    return "|".join(f"^{re.escape(name)}$" for name in names)


def _confine(counters: Sequence[str]) -> list[str]:
    """Return the counters with no more of the cache's than fit in one pass."""
    cache = [name for name in counters if name.startswith("TCC_")]
    return [name for name in counters if name not in cache[_MAX_TCC:]]


@dataclass(frozen=True)
class TracerVersion:
    """What a tracer says of itself, for the record."""

    version: str
    rocm: str
    text: str


_VERSION = re.compile(r"^\s*(rocprofv3 )?version\s*[:|]\s*([\w.+-]+)", re.MULTILINE | re.IGNORECASE)
_ROCM = re.compile(r"^\s*rocm_version\s*[:|]\s*([\w.+-]+)", re.MULTILINE | re.IGNORECASE)


def probe(timeout_s: float = 20.0, program: str = PROGRAM) -> tuple[TracerVersion | None, str]:
    """Try the tracer once; return what it is, or None and the reason it cannot be used."""
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            start_new_session=True,
            check=False,
        )
    except FileNotFoundError:
        return None, f"{program} is not on PATH"
    except subprocess.TimeoutExpired:
        return None, f"{program} --version did not end within {timeout_s:.0f} s"
    except OSError as error:
        return None, f"{program} does not start: {error.strerror}"
    text = done.stdout + done.stderr
    found, rocm = _VERSION.search(text), _ROCM.search(text)
    if found is None:
        # The oldest know no such option, yet trace; what they print is the best there is.
        first = next((line.strip() for line in text.splitlines() if line.strip()), "nothing")
        if done.returncode and "usage" not in text.lower():
            return None, f"{program} --version ended with code {done.returncode}: {first[:200]}"
        return TracerVersion("unknown", "unknown", text.strip()[:2000]), ""
    return TracerVersion(found[2], rocm[1] if rocm else "unknown", text.strip()[:2000]), ""
