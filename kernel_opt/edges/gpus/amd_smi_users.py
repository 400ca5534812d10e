"""Who ``amd-smi process`` saw on which card: five layouts, and silence that proves nothing in all of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from kernel_opt.edges.gpus.values import read_bytes, read_count, read_number, read_text
from kernel_opt.model.reading import GpuUser

Entry = Mapping[str, Any]


def read_users(entries: Sequence[Entry]) -> dict[int, tuple[GpuUser, ...]]:
    """Return the users by GPU number; a card without any is left out, because "none" is also said without rights."""
    users: dict[int, list[GpuUser]] = {}
    for number, row in _list_rows(entries):
        pid = read_count(row.get("pid"))
        if pid is not None and _is_using(row):
            name = read_text(row.get("name")) or "unknown"
            users.setdefault(number, []).append(GpuUser(pid, name, _read_held(row, "vram_mem")))
    return {number: tuple(found) for number, found in users.items()}


def _list_rows(entries: Sequence[Entry]) -> Iterator[tuple[int, Entry]]:
    """Walk both orders: processes under each card, and cards under each process."""
    for entry in entries:
        number = read_count(entry.get("gpu"))
        if number is not None:
            for row in (*_as_list(entry.get("process_list")), *_as_list(entry.get("process_info"))):
                yield number, _unwrap(row)
        for place in _as_list(entry.get("gpus")):
            number = read_count(place.get("gpu_index"))
            if number is not None:
                yield number, {**place, "pid": entry.get("pid"), "name": entry.get("name")}


def _as_list(value: object) -> list[dict[str, Any]]:
    """Take objects only: words such as "No running processes detected" stand in the same places."""
    values = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, dict)]


def _unwrap(row: dict[str, Any]) -> Entry:
    inner = row.get("process_info")
    return cast("Entry", inner) if isinstance(inner, dict) else {} if "process_info" in row else row


def _read_held(row: Entry, what: str) -> int | None:
    memory = row.get("memory_usage")
    return read_bytes(cast("Entry", memory).get(what)) if isinstance(memory, dict) else None


def _is_using(row: Entry) -> bool:
    """Leave out rows that are known to hold nothing: some versions list every process on every card."""
    # On cards that share the host's memory the VRAM is always 0 and what is held is counted as GTT.
    figures = (_read_held(row, "vram_mem"), _read_held(row, "gtt_mem"), read_number(row.get("cu_occupancy")))
    return figures[0] is None or any(figures)
