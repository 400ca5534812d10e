"""The environment of a child: an allowlist, and a home, temp and caches of its own."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "USER", "LOGNAME", "VIRTUAL_ENV", "CONDA_PREFIX")
"""What a program needs to be found and to print; secrets, hooks and preloads are not among it."""

CACHES = (
    "XDG_CACHE_HOME", "TRITON_CACHE_DIR", "FLYDSL_RUNTIME_CACHE_DIR", "FLYDSL_AUTOTUNE_CACHE_DIR", "AITER_JIT_DIR",
    "TORCHINDUCTOR_CACHE_DIR", "TORCH_EXTENSIONS_DIR", "TRITON_HOME", "NUMBA_CACHE_DIR", "AMD_COMGR_CACHE_DIR",
)  # fmt: skip
"""A compiled kernel left in a shared cache would run in every later attempt, also after it was dropped."""


def child_environment(
    home: Path,
    passed: Sequence[str] = (),
    extra: Mapping[str, str] | None = None,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return a fresh environment below ``home``, which is made; ``base`` stands for the user's own."""
    user = os.environ if base is None else base
    env = {name: user[name] for name in (*KEPT, *passed) if name in user}
    for folder in ("home", "tmp", *CACHES):
        (home / folder).mkdir(parents=True, exist_ok=True)
    env.setdefault("LANG", "C.UTF-8")
    env |= {"HOME": str(home / "home"), "TMPDIR": str(home / "tmp")}
    env |= {name: str(home / name) for name in CACHES}
    # The user's own site-packages are not part of the tree under test; hash seeds make runs alike; no attempt
    # leaves bytecode behind (that of installed packages is still used: importing torch without it takes seconds).
    env |= {"PYTHONNOUSERSITE": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    return env | dict(extra or {})
