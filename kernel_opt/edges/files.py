"""Files of our own: written whole or not at all, removed whatever stands in the way."""

# Names here are bytes, which need not be text; pathlib takes only text.
# ruff: noqa: PTH101, PTH104, PTH106, PTH108, PTH118

import ctypes
import os
import secrets
import stat
import threading
from pathlib import Path

from kernel_opt.journal.durable import sync_directory, write_all
from kernel_opt.model.errors import InfrastructureError

# Magic numbers of statfs(2); on the network ones locks may not hold and SQLite may lose what it acknowledged.
_NETWORK_KINDS = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x0BD00BD0: "Lustre",
    0x19830326: "BeeGFS",
    0x47504653: "GPFS",
    0x00C36400: "Ceph",
    0x5346414F: "AFS",
    0x01021997: "9P",
    0xAAD7AAEA: "PanFS",
}
_OWN_DISK_KINDS = {
    0xEF53: "ext4",
    0x58465342: "XFS",
    0x9123683E: "Btrfs",
    0x01021994: "tmpfs",
    0x794C7630: "overlayfs",
}
_STATFS_BYTES = 256
"""More than struct statfs needs on any Linux; only its first word is read."""


def atomic_write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put ``content`` at ``path`` so that a reader, or a power cut, finds the old file or the new one, whole."""
    # Process and thread keep two writers apart; one writer's leftover from a crash is written over.
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_native_id()}.tmp")
    fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        write_all(fd, content)
        os.fsync(fd)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    scratch.replace(path)
    sync_directory(path.parent)


def filesystem_kind(path: Path) -> str | None:
    """Name the network file system that ``path`` lies on; None for a local one."""
    return _NETWORK_KINDS.get(_read_magic(path))


def own_disk_kind(path: Path) -> str | None:
    """Name the file system of ``path`` where it is one that no other host can see; None where that is not certain."""
    return _OWN_DISK_KINDS.get(_read_magic(path))


def _read_magic(path: Path) -> int:
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.statfs(os.fsencode(path), buffer) != 0:
        why = os.strerror(ctypes.get_errno())
        raise InfrastructureError(f"the file system of {path} cannot be told: {why}", "see that the directory is there")
    word = int.from_bytes(buffer.raw[: ctypes.sizeof(ctypes.c_long)], "little")
    return word & 0xFFFFFFFF


def free_bytes(path: Path) -> int:
    """Return the room that a process without privileges has on the file system of ``path``."""
    about = os.statvfs(path)
    return about.f_bavail * about.f_frsize


def remove_tree(path: Path) -> None:
    """Remove whatever is at ``path``, also read-only and very deep; links are removed, never followed."""
    root = os.fsencode(path)
    try:
        kind = os.lstat(root).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(kind):
        os.unlink(root)
        return
    # Directories are lifted to the top one by one: neither recursion nor a path's length bounds the depth.
    lifted = os.path.join(root, f".{secrets.token_hex(8)}-".encode())
    waiting, count = [root], 0
    while waiting:
        directory = waiting.pop()
        os.chmod(directory, stat.S_IRWXU)
        with os.scandir(directory) as seen:
            entries = list(seen)
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            count += 1
            os.chmod(entry.path, stat.S_IRWXU)
            os.rename(entry.path, lifted + str(count).encode())
            waiting.append(lifted + str(count).encode())
        if directory != root:
            os.rmdir(directory)
    os.rmdir(root)
