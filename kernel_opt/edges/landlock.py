"""Landlock: the kernel closes files and TCP ports to a process and all it starts; for ever, without any privilege."""

import ctypes
import os
import stat
from collections.abc import Sequence

from kernel_opt.model.errors import InfrastructureError

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""Numbers of the system calls, the same on every architecture."""
_GET_VERSION = 1
_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
_ALL_OF_ABI_1 = (1 << 13) - 1
_MAKE_DEVICES = 1 << 6 | 1 << 11
"""Device nodes of one's own would be another way to every disk."""
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_TCP = 0b11
_SCOPES = 0b11
"""No signals to, and no abstract sockets of, processes outside."""


class _Attributes(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # what packing means is to be said from Python 3.14 on
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def read_abi() -> int:
    """Return the version of Landlock that this kernel speaks; 0 when it speaks none."""
    return max(0, _call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_GET_VERSION)))


def forbid_new_privileges() -> None:
    """Have no program of this process gain rights by being started: no setuid, no file capabilities."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "new privileges cannot be forbidden")


def confine(rules: Sequence[tuple[str, str]], *, network: bool) -> None:
    """Close everything to this process but what the rules open; a path that is not there is passed over.

    A rule is a path with ``r`` (read it, start programs), ``w`` (all but device control) or ``d`` (a device of ours).
    """
    abi = read_abi()
    if abi < 1:
        raise InfrastructureError("this kernel has no Landlock", "lower sandbox.level")
    known = _ALL_OF_ABI_1 | (_REFER if abi >= 2 else 0) | (_TRUNCATE if abi >= 3 else 0)
    known |= _IOCTL_DEV if abi >= 5 else 0
    wanted = _Attributes(known, _TCP if abi >= 4 and not network else 0, _SCOPES if abi >= 6 else 0)
    size = ctypes.sizeof(_Attributes) if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _must(_call(_CREATE, ctypes.byref(wanted), ctypes.c_size_t(size), ctypes.c_uint32(0)))
    try:
        for path, access in rules:
            _open_up(ruleset, path, access, known)
        forbid_new_privileges()
        _must(_call(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)


def _open_up(ruleset: int, path: str, access: str, known: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        rights = _EXECUTE | _READ_FILE | _READ_DIR if access == "r" else known & ~(_IOCTL_DEV | _MAKE_DEVICES)
        rights |= _IOCTL_DEV if access == "d" else 0
        if not stat.S_ISDIR(os.fstat(fd).st_mode):  # a file takes only the rights that a file can have
            rights &= _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
        beneath = _Beneath(rights & known, fd)
        _must(_call(_ADD, ctypes.c_int(ruleset), ctypes.c_int(_BENEATH), ctypes.byref(beneath), ctypes.c_uint32(0)))
    finally:
        os.close(fd)


def _call(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments))


def _must(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return result
