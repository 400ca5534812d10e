"""Spoils true inputs in the ways that tools, disks and versions do, and in some that nobody does."""

import random
import re

_WORDS = (
    b"N/A", b"None", b"unknown", b"-1", b"65535", b"4294967295", b"18446744073709551615", b"9223372036854775808",
    b"NaN", b"Infinity", b"1e308", b"-0", b"0", b"1e400", b"0x10", b"", b'""', b'"', b"null", b"true", b"[]", b"{}",
    b"[[[[[[[[", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n", b",", b":", b"\x1b[3m", b"\xd9\xa1",
    b"\xc2\xb2",    b"9" * 30, b"9" * 5000, b"A" * 140_000, b'"value": "N/A"', b"WARNING: x\n", b"card1", b"\x1e",
)  # fmt: skip
_PIECE = re.compile(rb'"[^"\n]*"|[-\w.]+|[\n,\[\]{}:]')


def spoil(source: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """Return a seed with a few things wrong."""
    data = source.choice(seeds)
    for _ in range(source.choice((1, 1, 2, 3, 8))):
        data = source.choice((_swap_piece, _swap_piece, _drop_piece, _cut, _flip, _repeat, _insert))(source, data)
    return data[: 1 << 20]


def _find_piece(source: random.Random, data: bytes) -> tuple[int, int]:
    found = [match.span() for match in _PIECE.finditer(data)]
    return source.choice(found) if found else (0, 0)


def _swap_piece(source: random.Random, data: bytes) -> bytes:
    begin, end = _find_piece(source, data)
    other = source.choice(_WORDS)
    if source.random() < 0.3:
        from_, to = _find_piece(source, data)
        other = data[from_:to]
    return data[:begin] + other + data[end:]


def _drop_piece(source: random.Random, data: bytes) -> bytes:
    begin, end = _find_piece(source, data)
    return data[:begin] + data[end:]


def _cut(source: random.Random, data: bytes) -> bytes:
    place = source.randrange(len(data) + 1)
    return data[:place] if source.random() < 0.7 else data[place:]


def _flip(source: random.Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(source.randint(1, 4)):
        if spoilt:
            spoilt[source.randrange(len(spoilt))] = source.randrange(256)
    return bytes(spoilt)


def _repeat(source: random.Random, data: bytes) -> bytes:
    begin, end = sorted((source.randrange(len(data) + 1), source.randrange(len(data) + 1)))
    return data[:end] + data[begin:end] * source.choice((1, 1, 3)) + data[end:]


def _insert(source: random.Random, data: bytes) -> bytes:
    place = source.randrange(len(data) + 1)
    return data[:place] + source.choice(_WORDS) + data[place:]
