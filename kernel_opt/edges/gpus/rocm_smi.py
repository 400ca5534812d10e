"""Readings from ``rocm-smi``: JSON whose keys and meanings moved with every second version."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from kernel_opt.edges.gpus.documents import find_documents
from kernel_opt.edges.gpus.probe import Answer, tell_reason
from kernel_opt.edges.gpus.users import Process, attribute_users
from kernel_opt.edges.gpus.values import read_bytes, read_count, read_number, read_percent, read_text, read_unique_id
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import Reading

# Never --showmemuse: it crashes 6.1 to 7.0 where VRAM cannot be read, and its number changed its meaning.
_CORE = ("--showuse", "--showmeminfo", "vram", "--showbus", "--showpids")
_MORE = (
    *("--showid", "--showuniqueid", "--showproductname", "--showclocks"),
    *("--showpower", "--showmaxpower", "--showperflevel", "--showtemp"),
)
_CARD = re.compile(r"card(\d{1,4})")
_PID = re.compile(r"PID(\d{1,10})")


def read_cards(ask: Callable[[Sequence[str]], Answer], at_s: float) -> tuple[Reading, ...]:
    """Ask for everything; where one of the many options crashes the tool, ask again for what matters."""
    answer = ask(("rocm-smi", *_CORE, *_MORE, "--json"))
    try:
        return parse(answer, at_s)
    except ReadFailedError:
        return parse(ask(("rocm-smi", *_CORE, "--json")), at_s)


def parse(answer: Answer, at_s: float) -> tuple[Reading, ...]:
    """Read the JSON wherever it stands in the output; the exit code says nothing in any version."""
    document = _find_cards(answer)
    cards = {int(found[1]): _tidy(entry) for key, entry in document.items() if (found := _CARD.fullmatch(key))}
    processes = _read_processes(document.get("system"))
    readings = [_read_card(card, entry, at_s) for card, entry in sorted(cards.items())]
    return attribute_users(readings, processes)


def _find_cards(answer: Answer) -> dict[str, object]:
    for document in reversed(find_documents(answer.stdout)):
        if isinstance(document, dict):
            named = cast("dict[str, object]", document)
            if any(_CARD.fullmatch(key) and isinstance(entry, dict) for key, entry in named.items()):
                return {key: entry for key, entry in named.items() if isinstance(entry, dict)}
    raise ReadFailedError(f"rocm-smi printed no JSON about any card ({tell_reason(answer)})")


def _tidy(entry: object) -> dict[str, Any]:
    """Make one spelling of keys: some versions end them in a colon, and capitals came and went."""
    return {key.rstrip(": ").lower(): value for key, value in cast("dict[str, Any]", entry).items()}


def _read_card(card: int, entry: Mapping[str, Any], at_s: float) -> Reading:
    total = read_bytes(entry.get("vram total memory (b)"))
    used = read_bytes(entry.get("vram total used memory (b)"))
    bdf = read_text(entry.get("pci bus"))
    partition = read_text(entry.get("compute partition"))
    return Reading(
        card=card,
        source="rocm-smi",
        at_s=at_s,
        name=_first_text(entry, "card series", "device name"),
        gfx=read_text(entry.get("gfx version")),
        bdf=bdf.lower() if bdf else None,
        unique_id=read_unique_id(entry.get("unique id")),
        node_id=read_count(entry.get("node id")),
        guid=read_count(entry.get("guid")),
        partition=partition.upper() if partition else None,
        use_pct=read_percent(entry.get("gpu use (%)")),
        vram_used_bytes=used if total and used is not None and used <= total else None,
        vram_total_bytes=total or None,
        sclk_mhz=_read_clock(entry, "sclk"),
        mclk_mhz=_read_clock(entry, "mclk"),
        temperature_c=_first_number(entry, "temperature (sensor junction) (c)", "temperature (sensor edge) (c)"),
        power_w=_first_number(entry, "average graphics package power (w)", "current socket graphics package power (w)"),
        power_cap_w=_first_number(entry, "max graphics package power (w)"),
        perf_level=read_text(entry.get("performance level")),
    )


def _read_clock(entry: Mapping[str, Any], clock: str) -> float | None:
    """Take the speed; ``level`` is the same in words of another version, such as ``"S: (137Mhz)"``."""
    speed = read_number(entry.get(f"{clock} clock speed"))
    level = entry.get(f"{clock} clock level")
    return speed if speed is not None or not isinstance(level, str) else read_number(level.partition(":")[2])


def _first_text(entry: Mapping[str, Any], *keys: str) -> str | None:
    return next((text for key in keys if (text := read_text(entry.get(key)))), None)


def _first_number(entry: Mapping[str, Any], *keys: str) -> float | None:
    return next((number for key in keys if (number := read_number(entry.get(key))) is not None), None)


def _read_processes(system: object) -> tuple[Process, ...] | None:
    """Read rows such as ``"PID1234": "python3, 1, 34340388864, 0, 83"``; no row at all proves nothing."""
    if not isinstance(system, dict):
        return None
    rows = cast("dict[str, object]", system)
    found = [
        _read_process(int(match[1]), row)
        for key, row in rows.items()
        if (match := _PID.fullmatch(key)) and isinstance(row, str)
    ]
    return tuple(found) if found else None


def _read_process(pid: int, row: str) -> Process:
    """Split from the right: every run of blanks is a comma, those of the name too."""
    fields = row.rsplit(", ", 4)
    if len(fields) != 5:
        return Process(pid, row, None, None)
    return Process(pid, fields[0].replace(", ", " "), read_count(fields[1]), read_bytes(fields[2]))
