"""A copy of the benchmark's script under another name, and with another seed: who knows the script does not know it."""

import re
import stat
from pathlib import Path

from kernel_opt.model.errors import ReadFailedError


def write_disguised(tree: Path, script: str, name: str, seed_pattern: str, seed: int) -> str:
    """Write the copy beside the script, whose imports depend on its place; return its path below ``tree``."""
    original = tree / script
    try:
        text = original.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ReadFailedError(f"{script} cannot be copied: {error}") from error
    if seed_pattern:
        text = _with_seed(text, seed_pattern, seed, script)
    copy = original.with_name(f"{name}{original.suffix}")
    mode = stat.S_IMODE(copy.parent.stat().st_mode)
    copy.parent.chmod(mode | stat.S_IWUSR)  # an export may be read-only
    try:
        copy.write_text(text)
    finally:
        copy.parent.chmod(mode)
    return str(copy.relative_to(tree))


def _with_seed(text: str, pattern: str, seed: int, script: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None or found.re.groups < 1:
        where = f"integrity.seed_pattern finds no seed in {script}"
        raise ReadFailedError(where, "it needs one group, the seed; correct it in the settings or leave it empty")
    return text[: found.start(1)] + str(seed) + text[found.end(1) :]
