"""A page: one patch, hostile or honest, with what it does and what must come of it."""

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Page:
    """One patch; see ``propose.py`` for how it is applied."""

    name: str
    what: str
    target: str = "example"
    """``example``: the embedded target; ``flydsl``: the scripted repository with its scripted tracer."""
    caught_by: tuple[str, ...] = ()
    """Defences that must each catch it alone; empty for honest patches."""
    edits: tuple[tuple[str, str, str], ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    script: str = ""
    walls: bool = False
    """The walls are what stops it: it is played without them as well."""
    unsafe: bool = False
    """It is never played without walls: it would change this machine."""
    stored: str = ""
    """Why it cannot be played here; empty: it can."""

    single: str = ""
    """Why it has one kind of defence only."""

    @property
    def row(self) -> int:
        """The catalogue's row."""
        return int(self.name[:2])

    def as_book(self, cites: tuple[str, ...]) -> dict[str, object]:
        return {**asdict(self), "cites": cites}


def read_page(path: Path) -> Page:
    """Read ``NN_name/cheat.toml``."""
    plain = tomllib.loads(path.read_text())
    edits = tuple((one["file"], one["old"], one["new"]) for one in plain.pop("edits", ()))
    files = {one["path"]: one["text"] for one in plain.pop("files", ())}
    caught_by = tuple(plain.pop("caught_by", ()))
    return Page(name=path.parent.name, edits=edits, files=files, caught_by=caught_by, **plain)


def read_cheats() -> tuple[Page, ...]:
    """Return the whole catalogue, in its order."""
    return tuple(read_page(path) for path in sorted(HERE.glob("[0-9][0-9]*_*/cheat.toml")))
