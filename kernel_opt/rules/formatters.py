"""Which formatter a repository is kept with, by what it says of itself; none is ever chosen for it."""

from collections.abc import Collection, Mapping, Sequence

FILES = "{files}"
"""Where in a command its files go."""
SCRIPTS = ("scripts/format.sh", "scripts/format_code.sh", "tools/format.sh", "dev/format.sh", "format.sh")
"""A script of the project's own wins over everything else."""
PYTHON = (".py", ".pyi")
C_LIKE = (".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hip", ".cu", ".cuh")
_RUFF_FILES = ("ruff.toml", ".ruff.toml")
_STYLE_FILES = (".clang-format", "_clang-format")


def choose_formatters(
    present: Collection[str], pyproject: str, files: Sequence[str]
) -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """Return each command to run with its files; ``present`` are the repository's paths, ``pyproject`` is that file."""
    script = next((name for name in SCRIPTS if name in present), None)
    if script is not None:
        return {("bash", script, FILES): tuple(files)} if files else {}
    chosen: dict[tuple[str, ...], tuple[str, ...]] = {}
    python = tuple(name for name in files if name.endswith(PYTHON))
    if python and (command := _for_python(present, pyproject)):
        chosen[command] = python
    styled = tuple(name for name in files if name.endswith(C_LIKE) and _has_style(name, present))
    if styled:
        chosen[("clang-format", "-i", FILES)] = styled
    return chosen


def _for_python(present: Collection[str], pyproject: str) -> tuple[str, ...] | None:
    """Return what the settings name, formatters before a linter that can also format."""
    if "[tool.ruff.format]" in pyproject:
        return ("ruff", "format", FILES)
    if "[tool.black]" in pyproject:
        return ("black", "--quiet", FILES)
    uses_ruff = "[tool.ruff" in pyproject or any(name in present for name in _RUFF_FILES)
    return ("ruff", "format", FILES) if uses_ruff else None


def _has_style(name: str, present: Collection[str]) -> bool:
    """Say whether a style stands at or above a file."""
    parts = name.split("/")[:-1]
    folders = ["".join(f"{part}/" for part in parts[:depth]) for depth in range(len(parts) + 1)]
    return any(folder + style in present for folder in folders for style in _STYLE_FILES)
