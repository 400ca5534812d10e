"""Readings from the pyrsmi library, asked in a helper process."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from kernel_opt.edges.gpus.documents import find_documents
from kernel_opt.edges.gpus.probe import Answer, tell_reason
from kernel_opt.edges.gpus.users import Process, attribute_users
from kernel_opt.edges.gpus.values import read_bytes, read_count, read_number, read_percent, read_text
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading

HELPER = "kernel_opt.edges.gpus.pyrsmi"


def read_cards(ask_helper: Callable[[str, Sequence[str]], Answer], at_s: float) -> tuple[Reading, ...]:
    """Ask the library in a process of its own."""
    return parse(ask_helper(HELPER, ()), at_s)


def parse(answer: Answer, at_s: float) -> tuple[Reading, ...]:
    """Read the helper's JSON; the library's -1 and '' are unknown."""
    told: dict[str, Any] = {}
    for document in find_documents(answer.stdout):
        told = cast("dict[str, Any]", document) if isinstance(document, dict) else told
    cards = told.get("cards")
    if not isinstance(cards, list) or not cards:
        raise ReadFailedError(f"pyrsmi knows of no card ({tell_reason(answer)})")
    readings = [
        _read_card(card, cast("dict[str, Any]", entry), at_s)
        for card, entry in enumerate(cast("list[Any]", cards))
        if isinstance(entry, dict)
    ]
    return attribute_users(readings, _read_processes(told.get("pids"), told.get("own_pid")))


def _read_card(card: int, entry: dict[str, Any], at_s: float) -> Reading:
    used, total = read_bytes(entry.get("vram_used")), read_bytes(entry.get("vram_total"))
    bdf, partition_id = _read_pci_id(read_count(entry.get("pci_id")))
    return Reading(
        card=card,
        source="pyrsmi",
        at_s=at_s,
        name=read_text(entry.get("name")),
        bdf=bdf,
        partition_id=partition_id,
        use_pct=read_percent(entry.get("use_pct")),
        vram_used_bytes=used if total and used is not None and used <= total else None,
        vram_total_bytes=total or None,
        power_w=read_number(entry.get("power_w")),
    )


def _read_pci_id(pci_id: int | None) -> tuple[str | None, int | None]:
    """Unpack bus, device, function; the domain is above bit 32 or above bit 16, a partition in bits 28 to 31."""
    if pci_id is None:
        return None, None
    high, middle = pci_id >> 32, (pci_id >> 16) & 0xFFFF
    partition_id = None
    if high or (middle and not middle & 0xFFF):
        domain, partition_id = high, middle >> 12
    else:
        domain = middle
    return f"{domain:04x}:{(pci_id >> 8) & 0xFF:02x}:{(pci_id >> 3) & 0x1F:02x}.{pci_id & 7}", partition_id


def _read_processes(pids: object, own_pid: object) -> tuple[Process, ...] | None:
    """Take PIDs without cards or names; an empty list is also what a failure looks like."""
    found = [pid for pid in map(read_count, cast("list[Any]", pids)) if pid] if isinstance(pids, list) else []
    return tuple(Process(pid, "unknown", None, None) for pid in found if pid != own_pid) or None
