"""Fat binaries: the code objects that a compiler packed for several targets, compressed or not."""

import importlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from kernel_opt.edges.isa.limits import BUNDLE_ENTRIES, UNPACKED_BYTES, refuse

MAGIC = b"__CLANG_OFFLOAD_BUNDLE__"
PACKED_MAGIC = b"CCOB"
_ENTRY = struct.Struct("<QQQ")
_TARGET_BYTES = 4096
_PACKED_START = struct.Struct("<4sHH")
_PACKED_SIZES = {1: struct.Struct("<I"), 2: struct.Struct("<II"), 3: struct.Struct("<QQ")}
"""Version to the sizes that follow: of the whole file from version 2 on, then unpacked."""
_HASH_BYTES = 8
_ZLIB, _ZSTD = 0, 1
_FOREIGN = "unpack it with clang-offload-bundler, or build with --no-offload-compress"


def is_bundle(content: memoryview) -> bool:
    """Say whether a file, or a section of one, begins a bundle."""
    return bytes(content[: len(MAGIC)]) == MAGIC or bytes(content[:4]) == PACKED_MAGIC


def read_bundles(content: memoryview, name: str) -> Iterator[tuple[str, memoryview]]:
    """Yield target and content of every member; several bundles may stand behind each other with zeros between."""
    at, left = 0, UNPACKED_BYTES
    while at < len(content):
        rest = content[at:]
        if bytes(rest[: len(MAGIC)]) == MAGIC:
            members, used = _read_plain(rest, name)
        elif bytes(rest[:4]) == PACKED_MAGIC:
            unpacked, used = _unpack(rest, name, left)
            members, _ = _read_plain(memoryview(unpacked), name)
        else:
            raise refuse(name, f"no offload bundle at byte {at}")
        # Members may overlap: the size of the file does not bound what they claim.
        left -= sum(len(member) for _, member in members)
        if left < 0:
            raise refuse(name, f"its members are larger than {UNPACKED_BYTES >> 20} MiB together")
        yield from members
        at += used
        at += _zeros(content[at:])


def _read_plain(content: memoryview, name: str) -> tuple[list[tuple[str, memoryview]], int]:
    """Return the members of one bundle and how many bytes it takes."""
    at = len(MAGIC) + 8
    if bytes(content[: len(MAGIC)]) != MAGIC or len(content) < at:
        raise refuse(name, "no offload bundle, or cut off in its header")
    (count,) = struct.unpack_from("<Q", content, len(MAGIC))
    if count > BUNDLE_ENTRIES:
        raise refuse(name, f"a bundle claims {count} members; at most {BUNDLE_ENTRIES} are read")
    members: list[tuple[str, memoryview]] = []
    used = at
    for _ in range(count):
        if at + _ENTRY.size > len(content):
            raise refuse(name, "a bundle is cut off in its list of members")
        offset, size, length = _ENTRY.unpack_from(content, at)
        at += _ENTRY.size
        if length > _TARGET_BYTES or at + length > len(content) or offset + size > len(content):
            raise refuse(name, f"a member of a bundle ({size} B at {offset}) lies outside it, or the file is cut off")
        members.append((bytes(content[at : at + length]).decode("utf-8", "replace"), content[offset : offset + size]))
        at += length
        used = max(used, at, offset + size)
    return members, used


def _unpack(content: memoryview, name: str, left: int) -> tuple[bytes, int]:
    """Return one bundle unpacked and how many bytes it took packed."""
    if len(content) < _PACKED_START.size:
        raise refuse(name, "a compressed bundle is cut off in its header")
    _, version, method = _PACKED_START.unpack_from(content)
    sizes = _PACKED_SIZES.get(version)
    if sizes is None:
        raise refuse(name, f"a compressed bundle of version {version}; 1 to 3 are known", _FOREIGN)
    start = _PACKED_START.size + sizes.size + _HASH_BYTES
    if len(content) < start:
        raise refuse(name, "a compressed bundle is cut off in its header")
    *whole, size = sizes.unpack_from(content, _PACKED_START.size)
    used = whole[0] if whole else len(content)
    if not start <= used <= len(content):
        raise refuse(name, f"a compressed bundle of {used} B is cut off: {len(content)} B are there")
    if size > left:
        raise refuse(name, f"unpacks to more than {UNPACKED_BYTES >> 20} MiB", _FOREIGN)
    unpacked = _inflate(content[start:used], method, size, name)
    if len(unpacked) != size:
        raise refuse(name, f"a compressed bundle unpacks to {len(unpacked)} B instead of {size}")
    return unpacked, used


def _inflate(packed: memoryview, method: int, size: int, name: str) -> bytes:
    """Return at most one byte more than promised: enough to see that the promise is broken."""
    if method == _ZLIB:
        try:
            return zlib.decompressobj().decompress(packed, size + 1)
        except zlib.error as error:
            raise refuse(name, f"a compressed bundle is damaged: {error}") from None
    if method != _ZSTD:
        raise refuse(name, f"a bundle is compressed by method {method}; 0 (zlib) and 1 (zstd) are known", _FOREIGN)
    zstd = _find_zstd()
    if zstd is None:
        why = (
            "a bundle is compressed with zstd, which Python reads from version 3.14 on or with backports.zstd installed"
        )
        raise refuse(name, why, _FOREIGN)
    try:
        return zstd.ZstdDecompressor().decompress(packed, size + 1)
    except zstd.ZstdError as error:
        raise refuse(name, f"a compressed bundle is damaged: {error}") from None


def _find_zstd() -> Any:
    """Return the library that unpacks it; None where there is none."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def _zeros(content: memoryview) -> int:
    """Return how many zero bytes come first: what the linker puts between two bundles."""
    for at in range(0, len(content), 1 << 16):
        chunk = bytes(content[at : at + (1 << 16)])
        if rest := chunk.lstrip(b"\0"):
            return at + len(chunk) - len(rest)
    return len(content)
