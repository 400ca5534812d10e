"""Built inputs that git does not hold: hashed when a run begins, put into every export, the same ones for ever."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kernel_opt.model.errors import InfrastructureError, UsageError
from kernel_opt.model.sandbox import Access, Place

Mark = tuple[int, int, int, int]
"""Inode, change time, size, mode: nobody changes a file without one of them changing."""
_MEND = "begin a new run: what was measured with the old one does not compare"


class Pins:
    """The inputs of one run, as they were when it began."""

    def __init__(self, root: Path, hashes: Mapping[str, str], *, bound: bool) -> None:
        self.hashes = dict(hashes)
        self._root = root
        self._bound = bound
        """The sandbox shows them where they belong; without it each export gets a copy."""
        self._marks: dict[str, list[tuple[str, Mark]]] = {}

    def put_into(self, tree: Path) -> None:
        """Give an export its inputs, after a look whether they are still the same."""
        for name in self.hashes:
            self._verify(name)
            place = tree / name
            if place.exists() and (not place.is_dir() or any(place.iterdir())):
                raise InfrastructureError(f"{name} of tree.inputs is in the commit already", "leave it away there")
            place.parent.mkdir(parents=True, exist_ok=True)
            source = self._root / name
            if self._bound:
                place.mkdir(exist_ok=True) if source.is_dir() else place.touch()
            elif source.is_dir():
                shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, place)

    def places(self, tree: Path) -> tuple[Place, ...]:
        """Return where a sandbox shows them in an export."""
        if not self._bound:
            return ()
        return tuple(Place(str(tree / name), Access.READ, str(self._root / name)) for name in self.hashes)

    def _verify(self, name: str) -> None:
        """Hash an input again when its files do not look as they did."""
        try:
            marks = list(_mark_files(self._root / name))
        except OSError as error:
            raise InfrastructureError(f"{name} of tree.inputs cannot be read: {error}", _MEND) from error
        if self._marks.get(name) == marks:
            return
        if hash_input(self._root, name) != self.hashes[name]:
            raise InfrastructureError(f"{name} of tree.inputs has changed since the run began", _MEND)
        self._marks[name] = marks


def pin_inputs(root: Path, inputs: Sequence[str]) -> dict[str, str]:
    """Return the hash of each input of a checkout; raise UsageError for one that cannot be taken."""
    for name in inputs:
        path = Path(os.path.normpath(root / name))
        if not path.is_relative_to(root) or path == root:
            raise UsageError(f"tree.inputs names {name!r}, which is not inside the repository", "name it from its root")
        if not path.exists():
            raise UsageError(f"tree.inputs names {name}, which is not there", f"build it in {root}, or leave it away")
    return {name: hash_input(root, name) for name in inputs}


def hash_input(root: Path, name: str) -> str:
    """Hash a file, or a folder with the names, modes, links and contents in it."""
    top = root / name
    seal = hashlib.sha256()
    try:
        for path in _walk(top):
            about = path.lstat()
            is_link = stat.S_ISLNK(about.st_mode)
            said = str(path.readlink()) if is_link else "" if stat.S_ISDIR(about.st_mode) else _hash_file(path)
            where = path.relative_to(top).as_posix()
            seal.update(f"{where}\0{stat.S_IFMT(about.st_mode):o}{about.st_mode & 0o111:o}\0{said}\n".encode())
    except OSError as error:
        raise InfrastructureError(f"{name} of tree.inputs cannot be read: {error}", _MEND) from error
    return seal.hexdigest()


def _hash_file(path: Path) -> str:
    if not path.is_file():
        raise OSError(f"{path} is no plain file")
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _walk(top: Path) -> Iterator[Path]:
    yield top
    if top.is_dir() and not top.is_symlink():
        for path in sorted(top.iterdir()):
            yield from _walk(path)


def _mark_files(top: Path) -> Iterator[tuple[str, Mark]]:
    for path in _walk(top):
        about = path.lstat()
        yield str(path), (about.st_ino, about.st_ctime_ns, about.st_size, about.st_mode)
