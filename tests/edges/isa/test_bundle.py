"""Fat binaries: every member found, bounded, and a clear word where one cannot be unpacked."""

import struct
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.isa import bundle, code
from kernel_opt.edges.isa.bundle import is_bundle, read_bundles
from kernel_opt.edges.isa.code import read_code
from kernel_opt.model.errors import ReadFailedError
from tests.edges.isa.elf_writer import Part, Writer, metadata_of, write_elf

HOST, CARD = "host-x86_64-unknown-linux--", "hipv4-amdgcn-amd-amdhsa--gfx942"


def plain(members: dict[str, bytes]) -> bytes:
    """Return an uncompressed bundle."""
    start = 32 + sum(24 + len(target) for target in members)
    head, bodies = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", len(members)), b""
    for target, body in members.items():
        head += struct.pack("<QQQ", start + len(bodies), len(body), len(target)) + target.encode()
        bodies += body
    return head + bodies


def packed(content: bytes, version: int = 2, method: int = 0, *, size: int | None = None, whole: int = 0) -> bytes:
    """Return a compressed bundle."""
    body = zlib.compress(content)
    size = len(content) if size is None else size
    form = {1: "<I", 2: "<II", 3: "<QQ"}.get(version, "<I")
    head = 8 + struct.calcsize(form) + 8
    sizes = [size] if struct.calcsize(form) == 4 else [whole or head + len(body), size]
    return struct.pack("<4sHH", b"CCOB", version, method) + struct.pack(form, *sizes) + b"\0" * 8 + body


def read(content: bytes) -> list[tuple[str, bytes]]:
    """Read all members."""
    return [(target, bytes(member)) for target, member in read_bundles(memoryview(content), "fat")]


TWO = {HOST: b"", CARD: b"code"}


def test_members():
    """By target, the host's empty one included."""
    assert read(plain(TWO)) == [(HOST, b""), (CARD, b"code")]
    assert is_bundle(memoryview(plain(TWO)))
    assert is_bundle(memoryview(packed(b"")))
    assert not is_bundle(memoryview(b""))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_compressed(version):
    """In every version of the header."""
    assert read(packed(plain(TWO), version)) == [(HOST, b""), (CARD, b"code")]


def test_bundles_behind_each_other():
    """The linker puts one per source file into a program, with zeros between."""
    both = plain(TWO) + b"\0" * 70_000 + packed(plain({CARD: b"more"})) + b"\0" * 5
    assert read(both) == [(HOST, b""), (CARD, b"code"), (CARD, b"more")]


def test_a_program_with_code_for_two_cards():
    """Each kernel says which member of which file it comes from."""
    objects = {
        HOST: b"",
        CARD: Writer().code(),
        "hipv4-amdgcn-amd-amdhsa--gfx90a": Writer(metadata=metadata_of(["k"], "amdgcn-amd-amdhsa--gfx90a")).code(),
    }
    program = write_elf([Part(".hip_fatbin", 1, plain(objects))], machine=62)
    kernels = read_code(program, "program").kernels
    assert [(one.gfx, one.source) for one in kernels] == [
        ("gfx942", f"program!{CARD}"),
        ("gfx90a", "program!hipv4-amdgcn-amd-amdhsa--gfx90a"),
    ]
    assert read_code(plain(objects), "fat").kernels[0].vgpr == 130
    with pytest.raises(ReadFailedError, match="a program without code for an AMD GPU"):
        read_code(write_elf([Part(".text", 1, b"")], machine=62), "program")


class Zstd:
    """Stands in for the library, which packs as zlib does here."""

    ZstdError = zlib.error

    class ZstdDecompressor:
        def decompress(self, packed: bytes, most: int) -> bytes:
            return zlib.decompressobj().decompress(packed, most)


def test_zstd_where_it_can_be_read(monkeypatch):
    """By the library of the Python that runs, or by its backport."""
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "backports.zstd", Zstd)
    assert read(packed(plain(TWO), method=1)) == [(HOST, b""), (CARD, b"code")]
    broken = bytearray(packed(plain(TWO), method=1))
    broken[24:40] = b"\xff" * 16
    with pytest.raises(ReadFailedError, match="a compressed bundle is damaged"):
        read(bytes(broken))


def test_zstd_is_told_where_it_cannot_be_read(monkeypatch):
    """With what to do about it."""
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ReadFailedError, match=r"compressed with zstd.*clang-offload-bundler"):
        read(packed(plain(TWO), method=1))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (plain(TWO)[:28], "cut off in its header"),
        (plain(TWO)[:40], "cut off in its list of members"),
        (plain(TWO)[:-1], "lies outside it"),
        (b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", 1 << 40), "claims 1099511627776 members"),
        (plain(TWO) + b"\0\0rest", "no offload bundle at byte"),
        (b"CCOB", "cut off in its header"),
        (packed(b"")[:18], "cut off in its header"),
        (packed(plain(TWO), 9), "of version 9"),
        (packed(plain(TWO), method=7), "by method 7"),
        (packed(plain(TWO))[:-1], "is cut off"),
        (packed(plain(TWO), whole=3), "is cut off"),
        (packed(plain(TWO), 1)[:-8], "unpacks to"),
        (packed(plain(TWO), size=5), "unpacks to 6 B instead of 5"),
        (packed(plain(TWO), 3, size=1 << 40), "unpacks to more than 512 MiB"),
        (packed(b"no bundle at all, but long enough for one"), "no offload bundle"),
        (packed(plain(TWO))[:26] + b"\xff" * 40, "is cut off|is damaged"),
    ],
)
def test_what_is_broken_is_refused(content, said):
    """With the reason, and nothing is made of it."""
    with pytest.raises(ReadFailedError, match=said):
        read(content)


def test_more_kernels_than_anyone_has(monkeypatch):
    """The members of one file are bounded together."""
    monkeypatch.setattr(code, "KERNELS", 1)
    with pytest.raises(ReadFailedError, match="more than 1 kernels"):
        read_code(plain({CARD: Writer().code(), f"{CARD}:xnack+": Writer().code()}), "fat")


def test_damaged_packing():
    """A bundle whose packed part is garbage is told as such."""
    broken = bytearray(packed(plain(TWO)))
    broken[24:40] = b"\xff" * 16
    with pytest.raises(ReadFailedError, match="a compressed bundle is damaged"):
        read(bytes(broken))


def test_members_that_overlap_are_bounded(monkeypatch):
    """A small file must not make us read the same bytes for ever."""
    monkeypatch.setattr(bundle, "UNPACKED_BYTES", 1000)
    body, count = b"x" * 600, 3
    head = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", count)
    head += struct.pack("<QQQ", 32 + 24 * count, 600, 0) * count
    with pytest.raises(ReadFailedError, match="its members are larger"):
        read(head + body)


GOOD = plain(TWO) + packed(plain(TWO))


@given(at=st.integers(0, len(GOOD) - 1), value=st.integers(0, 255), cut=st.integers(0, len(GOOD)))
def test_any_damage_gives_members_or_our_error(at, value, cut):
    """No byte and no cut leads to another exception."""
    for content in (GOOD[:at] + bytes([value]) + GOOD[at + 1 :], GOOD[:cut]):
        try:
            assert all(len(member) <= len(GOOD) for _, member in read(content))
        except ReadFailedError:
            continue
