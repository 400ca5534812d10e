"""Which run a command is about, and whether its daemon lives. Imports little: `status` must start at once."""

import fcntl
import json
import os
import sys

from kernel_opt.edges.places import RunPlace, list_runs
from kernel_opt.model.errors import ReadFailedError, UsageError


def all_runs() -> list[RunPlace]:
    """Return every run of this user; one that cannot be read has a problem."""
    return list_runs()


def find_run(tag: str | None, repo: str | None) -> RunPlace:
    """Return the one run that is meant: by tag, by the repository one stands in, or because there is only one."""
    places = _pass_over_broken(list_runs(), tag)
    here = os.path.realpath(repo or os.getcwd())
    near = [place for place in places if _is_within(here, place)]
    if repo is not None and not near:
        raise UsageError(f"no run of {here}", "see `kernel-opt status` for all runs")
    candidates = [place for place in (near or places) if tag is None or place.tag == tag]
    if not candidates and tag is not None and repo is None:
        candidates = [place for place in places if place.tag == tag]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise UsageError(
            f"no run is tagged {tag}" if tag else "there is no run yet", "`kernel-opt start --tag T` begins one"
        )
    names = ", ".join(f"{place.tag} ({place.repository})" for place in candidates)
    raise UsageError(f"several runs could be meant: {names}", "name one with --tag, and --repo if need be")


def _pass_over_broken(places: list[RunPlace], tag: str | None) -> list[RunPlace]:
    """Say in one line each which runs cannot be read; only the one that is asked for stands in the way."""
    sound = [place for place in places if not place.problem]
    for broken in (place for place in places if place.problem):
        if broken.tag == tag and all(place.tag != tag for place in sound):
            raise ReadFailedError(broken.problem)
        print(f"kernel-opt: passing over a run: {broken.problem}", file=sys.stderr)
    return sound


def _is_within(path: str, place: RunPlace) -> bool:
    homes = (os.path.realpath(place.repository), os.path.realpath(place.worktree))
    return any(path == home or path.startswith(home + os.sep) for home in homes)


def is_alive(place: RunPlace) -> int | None:
    """Return the pid of the run's daemon, or None when no daemon holds its lock."""
    try:
        fd = os.open(place.lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(fd)
    finally:
        os.close(fd)
    return None


def _pid_in(fd: int) -> int:
    """Return the pid that the holder wrote; 0 when it has not written it yet."""
    try:
        return int(json.loads(os.pread(fd, 4096, 0) or b"{}").get("pid", 0))
    except (ValueError, AttributeError, TypeError):
        return 0
