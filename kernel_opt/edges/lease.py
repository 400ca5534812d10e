"""One card, one session: an advisory lock per physical card that every run on this host respects."""

import contextlib
import fcntl
import json
import os
import stat
import time
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from kernel_opt.edges.clock import read_boot_id
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.model.errors import InfrastructureError

LEASE_DIR_VARIABLE = "KERNEL_OPT_LEASE_DIR"
_BASES = ("/run/lock", "/var/lock", "/tmp")  # noqa: S108 (a shared place is the point; see _claim)
_OPEN_TO_ALL = 0o1777
_TRIES, _TRY_GAP_S = 3, 0.01
"""A look by ``holder`` takes the lock for microseconds; a lease must not be refused because of one."""


class Lease:
    """A card held; let go by ``release``, and by the kernel when this process ends in any way."""

    def __init__(self, key: str, fd: int) -> None:
        self.key = key
        self._fd: int | None = fd

    def release(self) -> None:
        """Let go of the card; the file stays, since removing it would let two processes hold two files of one name."""
        if self._fd is not None:
            with contextlib.suppress(OSError):  # a full disk: the old note stays, and the free lock says it is old
                os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lease_dir() -> Path:
    """Return the directory of the leases, made when missing; the same for every user of this host.

    Only places that are open to everybody are considered, whoever asks, so that all users end up in the same one.
    """
    wish = os.environ.get(LEASE_DIR_VARIABLE)
    if wish:
        try:
            Path(wish).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InfrastructureError(f"{wish} cannot be made: {error}", f"set {LEASE_DIR_VARIABLE} anew") from error
        return Path(wish)
    for base in _BASES:
        with contextlib.suppress(OSError):
            if stat.S_IMODE(Path(base).stat().st_mode) & _OPEN_TO_ALL == _OPEN_TO_ALL:
                return _claim(Path(base) / "kernel-opt")
    raise InfrastructureError(
        f"none of {', '.join(_BASES)} can hold the locks of the cards", f"set {LEASE_DIR_VARIABLE} to one directory"
    )


def take(key: str, note: dict[str, Any]) -> Lease | None:
    """Take the lease of a card; None when another process, or another lease of this one, has it."""
    fd = _open(key)
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_TRY_GAP_S)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_note(fd, note)
            return Lease(key, fd)
    os.close(fd)
    return None


def holder(key: str) -> dict[str, Any] | None:
    """Return what the holder of a card says of itself, empty when unreadable; None when the card is free."""
    fd = _open(key)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_note(fd)
    else:
        return None
    finally:
        os.close(fd)


def _claim(directory: Path) -> Path:
    """Make a directory all users can use, or check the one that is there: never one behind a symbolic link."""
    with contextlib.suppress(FileExistsError), _open_to_all():
        directory.mkdir(_OPEN_TO_ALL)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) & _OPEN_TO_ALL != _OPEN_TO_ALL:
        raise NotADirectoryError(str(directory))
    return directory


@contextlib.contextmanager
def _open_to_all() -> Generator[None]:
    """Make files that every user can use from their first moment on: a later chmod would leave a gap."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def _open(key: str) -> int:
    """Open the lock file of a card, never through a link, and never another kind of file that waits there."""
    safe = "".join(letter if letter.isalnum() or letter in "-_.:" else f"%{ord(letter):02x}" for letter in key)
    path = lease_dir() / f"card-{safe}.lock"
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        try:
            fd = os.open(path, flags)  # without O_CREAT: kernels refuse that on another user's file in such a place
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError), _open_to_all():
                os.close(os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666))
            fd = os.open(path, flags)
    except OSError as error:
        raise InfrastructureError(f"the lock of card {key} cannot be opened: {error}", "remove or mend it") from error
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(fd)
        raise InfrastructureError(f"{path} is not a plain file of its own", "remove it")
    return fd


def _write_note(fd: int, note: dict[str, Any]) -> None:
    """Say who holds the card: information only, the lock decides."""
    own = {"pid": os.getpid(), "start_ticks": read_start_ticks(os.getpid()), "boot_id": read_boot_id()}
    with contextlib.suppress(OSError):  # a full disk must not cost the lease
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({**note, **own}).encode(), 0)


def _read_note(fd: int) -> dict[str, Any]:
    """Read what the holder wrote; it may be of another version, or be writing just now."""
    try:
        note: object = json.loads(os.pread(fd, 1 << 16, 0))
    except (OSError, ValueError):
        return {}
    return cast(dict[str, Any], note) if isinstance(note, dict) else {}
