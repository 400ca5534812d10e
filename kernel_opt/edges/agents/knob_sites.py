"""Where the knobs' values stand in a worktree, and how other values are written there."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kernel_opt.edges.files import atomic_write
from kernel_opt.model.settings import KnobSettings

SIZE_CAP_BYTES = 4_000_000  # kernels are text; anything larger is not read for a number in it


class Site(NamedTuple):
    """A knob that is in the code."""

    number: int
    """Its place among the declared knobs."""
    knob: KnobSettings
    text: str
    """The value that stands there."""
    standing: int | None
    """The place of that value in the knob's list, None when it is not among them."""


def find_sites(knobs: Sequence[KnobSettings], worktree: Path) -> tuple[Site, ...]:
    """Return the knobs whose pattern is found exactly once; the others have no place in this code."""
    sites: list[Site] = []
    for number, knob in enumerate(knobs):
        found = _find_value(knob, _read(worktree / knob.file))
        if found is not None:
            texts = [str(value) for value in knob.values]
            text = found.group(1)
            sites.append(Site(number, knob, text, texts.index(text) if text in texts else None))
    return tuple(sites)


def write_point(sites: Sequence[Site], point: Sequence[int], worktree: Path) -> None:
    """Write a value for each knob, given as its place in the knob's list."""
    for site, value in zip(sites, point, strict=True):
        path = worktree / site.knob.file
        text = _read(path)
        found = _find_value(site.knob, text)
        if found is not None and value != site.standing:
            fresh = f"{text[: found.start(1)]}{site.knob.values[value]}{text[found.end(1) :]}"
            atomic_write(path, fresh.encode(), path.stat().st_mode & 0o777)


def find_knob_problem(knob: KnobSettings) -> str | None:
    """Say what is wrong with a declared knob, or None."""
    try:
        groups = re.compile(knob.pattern).groups
        re.compile(knob.kernel)
    except re.error as error:
        return f"the knob {knob.name}: no regular expression: {error}"
    if not re.fullmatch(r"[A-Za-z]\w*", knob.name):
        return f"the knob {knob.name!r} needs a name of letters, digits and underscores"
    if groups != 1:
        return f"the pattern of the knob {knob.name} has {groups} groups; one, the value, is wanted"
    if len({str(value) for value in knob.values}) < max(2, len(knob.values)):
        return f"the knob {knob.name} needs at least two values, and none twice"
    if Path(knob.file).is_absolute() or ".." in Path(knob.file).parts:
        return f"the file of the knob {knob.name} is not inside the repository"
    return None


def _find_value(knob: KnobSettings, text: str) -> re.Match[str] | None:
    found = list(re.finditer(knob.pattern, text, re.MULTILINE))
    return found[0] if len(found) == 1 else None


def _read(path: Path) -> str:
    """Return the text of a file; what is no plain text file holds no knob."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > SIZE_CAP_BYTES:
        return ""
    try:
        with path.open(encoding="utf-8", newline="") as file:  # line ends stay as they are
            return file.read()
    except UnicodeDecodeError:
        return ""
