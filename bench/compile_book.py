"""Books of candidates for the compile gate: a kernel, its specialisations, and edits of it, as commits."""

import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.builders.build import Yard, build_commit
from kernel_opt.edges.compiled_edit import Interpreter, acts_compiled
from kernel_opt.edges.repository import Repository
from kernel_opt.model.compile_settings import Builder, BuildSettings
from kernel_opt.model.compiled import Built, Compiled
from kernel_opt.rules.isa.compile_gate import weigh_builds

DATA = Path(__file__).parent / "data" / "compile"
_AUTHOR = ("-c", "user.name=book", "-c", "user.email=book@localhost", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class Edit:
    """One candidate: texts that are replaced."""

    name: str
    change: tuple[tuple[str, str], ...]
    is_short: bool = False
    """One of those that stand for their kind where time is short."""


@dataclass(frozen=True, slots=True)
class Book:
    """A kernel and what is tried on it."""

    name: str
    file: str
    builds: tuple[BuildSettings, ...]
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One candidate of a book and what the gate says."""

    edit: Edit
    commit: str
    compiled: Compiled


def read_book(path: Path, python: str, targets: Sequence[str]) -> Book:
    """Read a book; its programs are run with ``python``."""
    plain = tomllib.loads(path.read_text(encoding="utf-8"))
    builds = tuple(
        BuildSettings(
            name=one["name"],
            builder=Builder(plain["builder"]),
            command=(python, *one["command"]),
            targets=tuple(targets),
            version=plain.get("version", ""),
        )
        for one in plain["builds"]
    )
    edits = tuple(
        Edit(one["name"], tuple((old, new) for old, new in one["change"]), one.get("short", False))
        for one in plain["edits"]
    )
    return Book(name=path.stem, file=plain["file"], builds=builds, edits=edits)


class Shelf:
    """The kernel in a repository of its own, with every edit as a commit on top of it."""

    def __init__(self, book: Book, sources: Sequence[Path], folder: Path, yard_of: "YardMaker") -> None:
        self.book, self.folder = book, folder
        root = folder / "repository"
        for source in sources:
            shutil.copytree(source, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        self._root = root
        self._git("init", "--quiet")
        self.base = self._commit("base")
        self.yard = yard_of(Repository.find(root))
        self.best = self.build(self.base)

    def _git(self, *words: str) -> str:
        done = subprocess.run(["git", *_AUTHOR, *words], cwd=self._root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _commit(self, name: str) -> str:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", name)
        return self._git("rev-parse", "HEAD")

    def put(self, edit: Edit) -> str | None:
        """Return the edit as a commit; None when what it replaces is not there."""
        self._git("checkout", "--quiet", "--force", self.base)
        path = self._root / self.book.file
        text = path.read_text(encoding="utf-8")
        for old, new in edit.change:
            if old not in text:
                return None
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return self._commit(edit.name)

    def build(self, commit: str, name: str = "") -> tuple[Built, ...]:
        """Compile a commit as the daemon does."""
        folder = self.folder / (name or f"build-{commit[:12]}")
        folder.mkdir()
        return build_commit(self.yard, commit, folder, self.book.builds, ())

    def weigh(self, edit: Edit) -> Weighed | None:
        """Return what the gate says of an edit."""
        commit = self.put(edit)
        if commit is None:
            return None
        python = Interpreter(self.yard.python, self.yard.environment, 30.0)
        read = self.yard.repository.read_at
        before, after = read(self.base, self.book.file), read(commit, self.book.file)
        compiled = weigh_builds(
            self.best,
            self.build(commit),
            is_edit_compiled=acts_compiled(self.book.file, before, after, self.book.builds, python),
            classes=(),
            hot=(),
        )
        return Weighed(edit, commit, compiled)


class YardMaker:
    """What all builds of a book have in common but their repository."""

    def __init__(self, python: str, environment: dict[str, str]) -> None:
        self._python, self._environment = python, environment

    def __call__(self, repository: Repository) -> Yard:
        """Return a yard; these programs are ours, so no walls are needed around them."""
        return Yard(repository=repository, environment=self._environment, python=self._python, extra={}, sandbox=None)
