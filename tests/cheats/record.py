"""What came of plays, written down as they end: a run that is cut is gone on with, and tables are made of it."""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from pathlib import Path

from tests.cheats.ground import Played
from tests.cheats.page import HERE, Page

ROOT = HERE.parents[1]
CODE = (
    "kernel_opt/**/*.py", "kernel_opt/**/*.c", "examples/**/*.*", "tests/rocm/**/*.py",
    "tests/cheats/ground.py", "tests/cheats/targets.py", "tests/cheats/propose.py",
)  # fmt: skip
"""What a play's outcome hangs on, besides its page."""


class Record:
    """One line for each play; lines of other code are left alone, and told as missing."""

    def __init__(self, paths: Collection[Path], code: str = "") -> None:
        self._path = next(iter(paths), None)
        self._code = code or digest_code()
        self._known: dict[str, Played] = {}
        for path in paths:
            lines = path.read_text().splitlines() if path.exists() else []
            for line in lines:
                plain = json.loads(line)
                if plain.pop("code") == self._code:
                    key = plain.pop("key")
                    self._known[key] = _from_plain(plain)

    def find(self, page: Page, unheeded: Collection[str] = (), *, is_walled: bool = True) -> Played | None:
        """Return what came of a play, if it was played."""
        return self._known.get(_key(page, unheeded, is_walled))

    def add(self, page: Page, played: Played, *, is_walled: bool = True) -> None:
        """Write a play down."""
        key = _key(page, played.unheeded, is_walled)
        self._known[key] = played
        if self._path is not None:
            plain = {**asdict(played), "unheeded": sorted(played.unheeded), "key": key, "code": self._code}
            with self._path.open("a") as file:
                file.write(json.dumps(plain) + "\n")


def _from_plain(plain: dict[str, object]) -> Played:
    fired, unheeded = plain.pop("fired"), plain.pop("unheeded")
    assert isinstance(fired, list)
    assert isinstance(unheeded, list)
    return Played(**plain, fired=tuple(map(str, fired)), unheeded=frozenset(map(str, unheeded)))  # type: ignore[arg-type]


def _key(page: Page, unheeded: Collection[str], is_walled: bool) -> str:
    played = [page.target, page.edits, page.files, page.script]
    text = hashlib.sha256(json.dumps(played, sort_keys=True).encode()).hexdigest()[:12]
    return f"{page.name} {text} {'+'.join(sorted(unheeded))} {'walls' if is_walled else 'no walls'}"


def digest_code(root: Path = ROOT, globs: Iterable[str] = CODE) -> str:
    """Return a word for the code as it is now."""
    whole = hashlib.sha256()
    for path in sorted({path for glob in globs for path in root.glob(glob) if path.is_file()}):
        if "__pycache__" not in path.parts:
            whole.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return whole.hexdigest()[:12]
