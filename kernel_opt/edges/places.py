"""Where a run keeps its state: one directory per repository and tag, never inside the worktree. Imports little."""

import json
import os
import re
from typing import NamedTuple

from kernel_opt.model.errors import ReadFailedError

ABOUT, LOG, QUEUE = "run.json", "daemon.log", "queue.json"
NAME_CHARS = 80  # of the repository's name; with the digest it must stay below the 255 bytes of a file name


class RunPlace(NamedTuple):
    """One run on disk."""

    directory: str
    tag: str
    repository: str
    worktree: str
    problem: str = ""
    """Why nothing but the directory and its name is known of it."""

    @property
    def lock(self) -> str:
        """The file that a live daemon holds a lock on."""
        return os.path.join(self.directory, "lock")

    @property
    def log(self) -> str:
        """The daemon's own log; may be thrown away."""
        return os.path.join(self.directory, LOG)

    @property
    def wishes(self) -> str:
        """Where other processes leave what they want of the daemon."""
        return os.path.join(self.directory, "wishes")

    def round_folder(self, number: int) -> str:
        """Return the folder of one round; 0 is the baseline."""
        return os.path.join(self.directory, "rounds", f"{number:04d}")


def state_root() -> str:
    """Return the directory of all runs of this user."""
    given = os.environ.get("KERNEL_OPT_STATE")
    if given:
        return os.path.abspath(given)
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # as its specification says: else each directory would have runs of its own
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "kernel-opt")


def place_run(repository: str, tag: str, worktree: str) -> RunPlace:
    """Return where a run of ``tag`` in ``repository`` belongs."""
    import hashlib  # only needed when a run begins; `status` never gets here

    real = os.path.realpath(repository)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", os.path.basename(real))[:NAME_CHARS] or "repository"
    repo_id = f"{name}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:10]}"
    return RunPlace(os.path.join(state_root(), repo_id, tag), tag, real, worktree)


def write_about(place: RunPlace) -> None:
    """Leave a note of what this directory is, for `status` without a tag and for people."""
    text = json.dumps({"tag": place.tag, "repository": place.repository, "worktree": place.worktree}, indent=1)
    path = os.path.join(place.directory, ABOUT)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.replace(f"{path}.new", path)


def read_about(directory: str) -> RunPlace:
    """Return the run that lives in a directory."""
    path = os.path.join(directory, ABOUT)
    try:
        with open(path, encoding="utf-8") as file:
            about = json.load(file)
        return RunPlace(directory, str(about["tag"]), str(about["repository"]), str(about["worktree"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReadFailedError(f"{path} cannot be read: {error}", "is this a run's state directory?") from error


def read_queue(place: RunPlace) -> tuple[dict[str, str], ...]:
    """Return what the daemon last wrote of its jobs on a cluster; a run on this host has none."""
    try:
        with open(os.path.join(place.directory, QUEUE), encoding="utf-8") as file:
            said: list[dict[str, str]] = json.load(file)
        return tuple({"session": str(one["session"]), "text": str(one["text"])} for one in said)
    except (OSError, ValueError, LookupError, TypeError):
        return ()


def list_runs() -> list[RunPlace]:
    """Return every run of this user, by repository and tag; directories that are none are passed over.

    One that cannot be read has a problem, and says no word on the others.
    """
    places: list[RunPlace] = []
    root = state_root()
    for repo_id in _folders(root):
        for tag in _folders(os.path.join(root, repo_id)):
            directory = os.path.join(root, repo_id, tag)
            if os.path.exists(os.path.join(directory, ABOUT)):
                places.append(_read_or_tell(directory, tag))
    return places


def _read_or_tell(directory: str, tag: str) -> RunPlace:
    try:
        return read_about(directory)
    except ReadFailedError as error:
        return RunPlace(directory, tag, "", "", str(error))


def _folders(path: str) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(path) if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
