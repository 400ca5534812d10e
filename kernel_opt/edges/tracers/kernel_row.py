"""One row of a kernel trace: where its fields are, and how to take it apart when it is in no usual form."""

from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.tracers.csv_header import Header, read_header
from kernel_opt.edges.tracers.kernel_names import strip_suffix
from kernel_opt.edges.tracers.launch_fold import Shape, is_plausible, to_extent
from kernel_opt.edges.tracers.refusal import LineError
from kernel_opt.model.recording import Extent

_REQUIRED = ("kernel_name", "start_timestamp", "end_timestamp")
_MAX_COUNT = 2**63 - 1
_SHAPE_COLUMNS = {
    "lds_bytes": ("lds_block_size", "group_segment_size"),
    "scratch_bytes": ("scratch_size", "private_segment_size"),
    "arch_vgpr": ("vgpr_count", "arch_vgpr_count"),
    "accum_vgpr": ("accum_vgpr_count",),
    "sgpr": ("sgpr_count",),
}
"""Our word to theirs, newest first. Files before ROCm 7 have segment sizes and no registers."""


@dataclass(frozen=True)
class Layout:
    """Where the fields of a row are."""

    width: int
    name: int
    start: int
    end: int
    agent: int | None
    dispatch: int | None
    lane: tuple[int | None, int | None, int | None]
    """Queue, stream and thread."""
    sizes: dict[str, int]
    workgroup: tuple[int, ...]
    grid: tuple[int, ...]
    is_escaped: bool
    """Written by rocpd2csv, a real CSV writer: a doubled quote stands for one."""


@dataclass(frozen=True)
class Row:
    """One dispatch, checked."""

    kernel: str
    agent: str | None
    start_ns: int
    end_ns: int
    dispatch_id: int
    """-1: the file does not tell."""
    lane: tuple[int | None, int | None, int | None]
    shape: Shape


def read_layout(path: Path) -> tuple[Layout, Header]:
    """Read the header of a kernel trace."""
    header = read_header(path, _REQUIRED)
    name, start, end = (header.columns.index(column) for column in _REQUIRED)
    sizes = {word: place for word, names in _SHAPE_COLUMNS.items() if (place := header.find(*names)) is not None}
    layout = Layout(
        width=len(header.columns),
        name=name,
        start=start,
        end=end,
        agent=header.find("agent_id"),
        dispatch=header.find("dispatch_id"),
        lane=(header.find("queue_id"), header.find("stream_id"), header.find("thread_id")),
        sizes=sizes,
        workgroup=_find_axes(header, "workgroup"),
        grid=_find_axes(header, "grid"),
        is_escaped="guid" in header.columns,
    )
    return layout, header


def _find_axes(header: Header, kind: str) -> tuple[int, ...]:
    places = [header.find(f"{kind}_size_{axis}") for axis in "xyz"]
    return tuple(place for place in places if place is not None)


def parse_row(line: bytes, layout: Layout, number: int) -> Row:
    """Take a row apart with every check; ``number`` is its line in the file."""
    fields = split_row(line, layout.width, layout.name, number, is_escaped=layout.is_escaped)

    def count(place: int, what: str) -> int:
        return parse_count(fields[place], what, number)

    def extent(places: tuple[int, ...]) -> Extent | None:
        if len(places) != 3:
            return None
        x, y, z = (count(place, "a size") for place in places)
        return to_extent(x, y, z)

    start, end = count(layout.start, "Start_Timestamp"), count(layout.end, "End_Timestamp")
    if end <= start:
        raise LineError(number, f"the dispatch ends at {end}, not after its start at {start}: no time can be told")
    if not is_plausible(end - start, end - start):
        raise LineError(number, f"the dispatch would last from {start} to {end}: no kernel runs so long")
    return Row(
        kernel=strip_suffix(fields[layout.name]),
        agent=None if layout.agent is None else fields[layout.agent],
        start_ns=start,
        end_ns=end,
        dispatch_id=-1 if layout.dispatch is None else count(layout.dispatch, "Dispatch_Id"),
        lane=_read_lane(fields, layout),
        shape=Shape(
            workgroup=extent(layout.workgroup),
            grid=extent(layout.grid),
            **{word: count(place, word) for word, place in layout.sizes.items()},
        ),
    )


def _read_lane(fields: list[str], layout: Layout) -> tuple[int | None, int | None, int | None]:
    """Return queue, stream and thread; what is no plain number there, as some versions have it, is not known."""
    queue, stream, thread = (to_number(fields[place]) if place is not None else None for place in layout.lane)
    return queue, stream, thread


def to_number(text: str | bytes) -> int | None:
    """Return a plain number; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def parse_count(text: str, what: str, number: int) -> int:
    """Return a whole number of the file; refuse anything else."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > _MAX_COUNT:
        hint = ": a spreadsheet has rounded it" if "E+" in text.upper() else ""
        raise LineError(number, f"{what} is {text[:40]!r}, not a whole number{hint}")
    return int(text)


def split_row(line: bytes, width: int, name: int, number: int, *, is_escaped: bool = False) -> list[str]:
    """Put a row together from both ends: the name, alone among the fields, may hold anything."""
    fields = line.rstrip(b"\r\n").decode("utf-8", "replace").split(",")
    after = width - name - 1
    if len(fields) < width:
        raise LineError(number, f"{len(fields)} fields where the header has {width}: the line is cut off")
    text = ",".join(fields[name : len(fields) - after]).strip()
    is_closed = len(text) > 1 and text.startswith('"') and text.endswith('"')
    if not is_closed and (text.startswith('"') or text.endswith('"') or len(fields) > width):
        raise LineError(number, "the kernel's name is not closed by quotes: fields are missing or too many")
    text = text[1:-1] if is_closed else text
    if not text:
        raise LineError(number, "the kernel has no name")
    plain = [field.strip().strip('"') for field in fields]
    text = text.replace('""', '"') if is_escaped else text
    return [*plain[:name], text, *plain[len(plain) - after :]] if after else [*plain[:name], text]
