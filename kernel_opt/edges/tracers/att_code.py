"""A thread trace's code.json, of any size, in memory that does not grow with it.

The file is one object whose list ``code`` holds a row per instruction. Rows are decoded some thousand at a time: the
text is cut where one row ends and the next begins, and a cut that turns out to lie inside a text is moved on.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import msgspec

from kernel_opt.edges.tracers.refusal import refuse
from kernel_opt.edges.tracers.site_table import CodeRow, SiteTable

_BLOCK_BYTES = 1 << 20  # Some thousand rows at a time.
_WINDOW_BYTES = 1 << 16  # In which the last row of a block surely ends.
_MAX_ROW_BYTES = 16 << 20  # No instruction with its chain of sources comes near.
_CODE = re.compile(rb'"code"\s*:\s*(\[|null)')
_CUT = re.compile(rb"\]\s*,\s*(?=\[\s*\")")
"""Between two rows: each begins with its instruction's text. A row's own list of numbers never does."""
_LEAST = 10
_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises on a text that is not whole, not UTF-8, or nested without end."""
_Count = Annotated[int, msgspec.Meta(ge=0)]
_USUAL = msgspec.json.Decoder(list[tuple[str, Any, Any, str | None, Any, _Count, _Count, _Count, _Count, _Count]])
"""Rows of a thread trace, checked while they are decoded."""
_ANY = msgspec.json.Decoder(list[list[Any]])


class _Document(msgspec.Struct):
    code: list[list[Any]]


def read_att_code(path: Path, table: SiteTable) -> str | None:
    """Read one code.json into the table; return a note when it holds no instruction."""
    count = 0
    for block in _blocks(path):
        if block and isinstance(block[0], tuple):
            table.add(cast(list[CodeRow], block))
        else:
            table.add([_to_row(path, row, count + place, table) for place, row in enumerate(block, 1)])
        count += len(block)
    return None if count else f"{path.name} holds no instruction: no traced wave ran where the tracer looked"


def _to_row(path: Path, row: Sequence[Any], number: int, table: SiteTable) -> CodeRow:
    """Check one row, the ``number``-th of the list; those of a sampler have more columns: issued, stalled, reasons."""
    if len(row) < _LEAST or not isinstance(row[0], str):
        raise refuse(path, None, f"row {number} of code has {len(row)} columns, not {_LEAST} or more")
    isa, _, line, source, code_object, address, hits, latency, stall, idle, *more = row
    for value in (address, hits, latency, stall, idle, *more[:2]):
        if type(value) is not int or value < 0:
            raise refuse(path, None, f"row {number} of code has {value!r} where a count should be")
    where = source if isinstance(source, str) else None
    if len(more) < 2:
        return isa, 0, line, where, code_object, address, hits, latency, stall, idle
    table.set_unit("samples")
    return isa, 0, line, where, code_object, address, hits, more[0] + more[1], more[1], 0


def _blocks(path: Path) -> Iterator[Sequence[Sequence[Any]]]:
    """Give the rows of the list ``code``, some thousand at a time."""
    with path.open("rb") as file:
        text = _find_code(path, file)
        if text is None:
            return
        while True:
            more = file.read(_BLOCK_BYTES)
            rows, text = _cut_rows(text + more)
            yield rows
            if not more:
                break
            if len(text) > _MAX_ROW_BYTES + _BLOCK_BYTES:
                raise refuse(path, None, "a row of code does not end")
        yield _last_rows(path, text)


def _find_code(path: Path, file: BinaryIO) -> bytes | None:
    """Return what follows the list's opening bracket in the first block; None when the list is null."""
    text = file.read(_BLOCK_BYTES)
    found = _CODE.search(text)
    if found is None or not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise refuse(path, 1, "this is no code.json of a thread trace: it has no list of code")
    return None if found[1] == b"null" else text[found.end() :]


def _cut_rows(text: bytes) -> tuple[Sequence[Sequence[Any]], bytes]:
    """Decode the whole rows of a text; return them and the rest."""
    for found in reversed(list(_CUT.finditer(text, max(0, len(text) - _WINDOW_BYTES)))):
        whole = b"[" + text[: found.start() + 1] + b"]"
        for decoder in (_USUAL, _ANY):
            try:
                return decoder.decode(whole), text[found.end() :]
            except _BAD:
                continue
    return [], text


def _last_rows(path: Path, text: bytes) -> Sequence[Sequence[Any]]:
    """Decode the rows before the list's closing bracket; the file must be whole behind it."""
    try:
        return msgspec.json.decode(b'{"code":[' + text, type=_Document).code
    except _BAD as error:
        raise refuse(path, None, f"the file is cut off or damaged ({error})") from None
