"""Readings from ``amd-smi``: four questions, each answered in the dialect of its version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from kernel_opt.edges.gpus.amd_smi_users import read_users
from kernel_opt.edges.gpus.documents import find_documents
from kernel_opt.edges.gpus.probe import Answer, tell_reason
from kernel_opt.edges.gpus.values import read_bytes, read_count, read_number, read_percent, read_text
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.reading import GpuUser, Reading

_METRIC = ("amd-smi", "metric")
_SECTIONS = ("--usage", "--mem-usage", "--power", "--clock", "--temperature", "--perf-level")

Entry = Mapping[str, Any]


def read_cards(ask: Callable[[Sequence[str]], Answer], at_s: float) -> tuple[Reading, ...]:
    """Ask for the metrics, which must be there, then for identities, power caps and processes, which may fail."""
    try:
        metrics = find_entries(ask((*_METRIC, *_SECTIONS, "--json")))
    except ReadFailedError:
        # One section an old version does not know is a usage error: then take all it has.
        metrics = find_entries(ask((*_METRIC, "--json")))
    identities = _ask_optional(ask, "list")
    limits = _ask_optional(ask, "static", "--limit")
    processes = _ask_documents(ask, "process")
    return build_readings(metrics, identities, limits, read_users(processes), at_s)


def find_entries(answer: Answer) -> dict[int, dict[str, Any]]:
    """Return the objects by GPU number, from a bare list or under ``gpu_data``, from one document or several."""
    entries: dict[int, dict[str, Any]] = {}
    for entry in list_objects(find_documents(answer.stdout)):
        number = read_count(entry.get("gpu"))
        if number is not None:
            entries.setdefault(number, {}).update(entry)
    if not entries:
        raise ReadFailedError(f"amd-smi printed no JSON about any card ({tell_reason(answer)})")
    return entries


def list_objects(documents: Sequence[object]) -> list[dict[str, Any]]:
    """Flatten documents into the objects they list."""
    found: list[dict[str, Any]] = []
    for document in documents:
        inner = cast("dict[str, Any]", document).get("gpu_data", [document]) if isinstance(document, dict) else document
        if isinstance(inner, list):
            found += [entry for entry in cast("list[Any]", inner) if isinstance(entry, dict)]
    return found


def build_readings(
    metrics: Mapping[int, Entry],
    identities: Mapping[int, Entry],
    limits: Mapping[int, Entry],
    users: Mapping[int, tuple[GpuUser, ...]],
    at_s: float,
) -> tuple[Reading, ...]:
    """Join the four answers by GPU number, which one tool gives alike in all of them."""
    return tuple(
        replace(
            _read_card(number, metrics[number], identities.get(number, {}), at_s),
            power_cap_w=_read_power_cap(section_of(limits.get(number, {}), "limit")),
            users=users.get(number),
        )
        for number in sorted(metrics)
    )


def _ask_optional(ask: Callable[[Sequence[str]], Answer], *words: str) -> dict[int, dict[str, Any]]:
    try:
        return find_entries(ask(("amd-smi", *words, "--json")))
    except ReadFailedError:
        return {}


def _ask_documents(ask: Callable[[Sequence[str]], Answer], verb: str) -> list[dict[str, Any]]:
    try:
        return list_objects(find_documents(ask(("amd-smi", verb, "--json")).stdout))
    except ReadFailedError:
        return []


def _read_card(number: int, metric: Entry, identity: Entry, at_s: float) -> Reading:
    memory, clocks = section_of(metric, "mem_usage"), section_of(metric, "clock")
    heat, power = section_of(metric, "temperature"), section_of(metric, "power")
    total, used = read_bytes(memory.get("total_vram")), read_bytes(memory.get("used_vram"))
    bdf = read_text(identity.get("bdf"))
    partition_id = read_count(identity.get("partition_id"))
    level = read_text(metric.get("perf_level"))
    hotspot = read_number(heat.get("hotspot"))
    return Reading(
        card=number,
        source="amd-smi",
        at_s=at_s,
        bdf=bdf.lower() if bdf else None,
        node_id=read_count(identity.get("node_id")),
        guid=read_count(identity.get("kfd_id")),
        partition_id=partition_id,
        use_pct=_read_load(section_of(metric, "usage"), partition_id or 0),
        vram_used_bytes=used if total and used is not None and used <= total else None,
        vram_total_bytes=total or None,
        sclk_mhz=_read_core_clock(clocks, partition_id or 0),
        mclk_mhz=read_number(section_of(clocks, "mem_0").get("clk")),
        temperature_c=hotspot if hotspot is not None else read_number(heat.get("edge")),
        power_w=read_number(power.get("socket_power")),
        perf_level=level.removeprefix("AMDSMI_DEV_PERF_LEVEL_").lower() if level else None,
        throttled=_read_throttled(metric),
    )


def _read_power_cap(limit: Entry) -> float | None:
    """Read the cap in force, which nearly every second version calls otherwise; 0 is no cap but a word for none."""
    figures = (limit.get("socket_power"), limit.get("current_power"), limit.get("power"))
    newest = section_of(limit, "ppt0").get("socket_power_limit")
    return next((watts for figure in (newest, *figures) if (watts := read_number(figure))), None)


def section_of(entry: Entry, key: str) -> Entry:
    """Return a part of an entry; ``"N/A"`` may stand for a whole part, which then has nothing."""
    part = entry.get(key)
    return cast("Entry", part) if isinstance(part, dict) else {}


def _read_load(usage: Entry, partition_id: int) -> float | None:
    """Take the busiest engine of the partition; ``gfx_activity`` where nothing is told per partition.

    Firmware of cards that can be partitioned retires ``gfx_activity``: beside a known figure of the first partition it
    only counts when it is higher, and it says nothing about the other partitions.
    """
    engines = section_of(usage, "gfx_busy_inst").get(f"xcp_{partition_id}")
    figures = [read_percent(figure) for figure in cast("list[Any]", engines)] if isinstance(engines, list) else []
    if partition_id == 0:
        figures.append(read_percent(usage.get("gfx_activity")))
    known = [figure for figure in figures if figure is not None]
    return max(known) if known else None


def _read_core_clock(clocks: Entry, partition_id: int) -> float | None:
    """Take the quickest die of a whole card, since one that has nothing to do sleeps; of a partition its own one."""
    figures = {name: read_number(section_of(clocks, name).get("clk")) for name in clocks if name.startswith("gfx_")}
    if partition_id:
        own = figures.get(f"gfx_{partition_id}")
        return figures.get("gfx_0") if own is None else own
    return max((figure for figure in figures.values() if figure is not None), default=None)


def _read_throttled(metric: Entry) -> bool | None:
    status = read_text(section_of(metric, "power").get("throttle_status"))
    if status in {"THROTTLED", "UNTHROTTLED"}:
        return status == "THROTTLED"
    violations = [value for key, value in section_of(metric, "throttle").items() if key.endswith("_violation_status")]
    known = [value for value in violations if value in {"ACTIVE", "NOT ACTIVE"}]
    return "ACTIVE" in known if known else None
