"""What in the added lines of a diff has been used to cheat elsewhere: a reason to look twice, never to refuse.

Honest code uses most of these words too, so only what an edit adds counts, and all it costs is one more look.
"""

import re
from collections.abc import Iterator

_STORE = r"\w*(?:[cC]ache|CACHE|[mM]emo|MEMO|last|LAST|seen|SEEN)\w*"

SIGNS: dict[str, tuple[str, ...]] = {
    "other modules' insides": (
        r"\bsys\.modules\b", r"\bimportlib\b", r"__import__", r"\bsetattr\(", r"__dict__", r"__code__",
        r"__class__\s*=", r"__builtins__|\bbuiltins\b", r"\batexit\b", r"\bsys\.set(?:trace|profile)\b",
    ),
    "the caller's frame": (r"\b_getframe\b", r"\binspect\b", r"\bgc\.", r"\btraceback\b", r"__main__"),
    "raw memory": (
        r"\bmmap\b", r"/proc/", r"\bstring_at\b", r"\bmemmove\b", r"\bfrom_address\b", r"\bprocess_vm_", r"\bdlsym\b",
        r"\bdlopen\b", r"\bmprotect\b", r"\bptrace\b",
    ),
    "code from data": (
        r"\bexec\(", r"\beval\(", r"\bcompile\(", r"\bpickle\b", r"\bmarshal\b", r"\bbase64\b", r"\bzlib\b",
    ),
    "the environment": (
        r"\bos\.environ\b", r"\bgetenv\b", r"\bsys\.argv\b", r"\bgethostname\b", r"\bnode\(\)", r"LD_PRELOAD",
        r"ROCP_|ROCPROF", r"\bgetcwd\b", r"__file__",
    ),
    "other threads or processes": (
        r"\bthreading\b", r"\bsubprocess\b", r"\bmultiprocessing\b", r"\bfork\(", r"\bpthread_", r"\bfutures\b",
        r"\basyncio\b", r"\bos\.(?:system|popen|spawn|kill|_exit)",
    ),
    "streams, graphs, events": (
        r"\bStream\(", r"\bCUDAGraph\b", r"\bEvent\(", r"hipStream", r"hipGraph", r"\belapsed_time\b",
        r"\bsynchronize\b",
    ),
    "the clock": (
        r"\btime\.(?:time|perf_counter|process_time|thread_time|monotonic|clock_|sleep)", r"\bclock_gettime\b",
        r"\brdtsc", r"\bdatetime\b", r"\busleep\b|\bnanosleep\b",
    ),
    "remembered results": (
        r"@(?:functools\.)?(?:lru_)?cache\b", rf"{_STORE}\s*=\s*(?:\{{\}}|dict|None|\[\])",
        r"\bid\(", r"\bdata_ptr\(\)", r"\bctypes\.data\b.*(?:\bin\b|\[|==)", r"\bglobal\b", r"\bnonlocal\b",
        r"\bstatic\b(?!.*\b(?:const|inline)\b)[^()]*;", r"\bweakref\b", r"\b_version\b",
    ),
    "files": (
        r"\bopen\(", r"\bfopen\(", r"\.(?:read|write)_(?:bytes|text)\(", r"\.tofile\(", r"\b(?:np|torch)\.load",
        r"\btempfile\b", r"/dev/(?:shm|mqueue)",
    ),
    "the checker's own words": (
        r"\ballclose\b", r"\bisclose\b", r"\bcheckAllclose\b", r"\bassert_close\b", r"__torch_(?:dispatch|function)__",
        r"\bto_csv\b", r"\bwrong_share\b|\bTOLERANCE\b", r"__array_(?:ufunc|function|wrap|finalize)__",
    ),
    "packages": (r"\bpip\b", r"\bsite-packages\b", r"\bpkg_resources\b"),
    "a bank of numbers": (r"(?:[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?[fF]?\s*,\s*){24}", r"[A-Za-z0-9+/]{200}"),
}  # fmt: skip
"""Names of the signals, as people read them, with the patterns that show them."""

LONGEST_LINE = 4_000  # what is longer is cut: the patterns must stay quick
_COMPILED = {name: re.compile("|".join(f"(?:{one})" for one in ones)) for name, ones in SIGNS.items()}


def find_signals(diff: str) -> tuple[str, ...]:
    """Return the names of the signals in a diff's added lines, in a fixed order."""
    seen = {name for line in _added(diff) for name, pattern in _COMPILED.items() if pattern.search(line)}
    return tuple(name for name in SIGNS if name in seen)


def _added(diff: str) -> Iterator[str]:
    for line in diff.splitlines():
        if line.startswith("+") and not line.startswith("+++ "):
            yield line[1:LONGEST_LINE]
