"""Join what a source said of each card with what the host says of it: identity, HIP index, users."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from kernel_opt.edges.gpus.topology import GpuNode, Host
from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.identity import agree_on_bdf

_T = TypeVar("_T")


def merge_readings(readings: Sequence[Reading], host: Host, agents: Sequence[GpuNode] | None) -> tuple[Reading, ...]:
    """Fill in each reading what only the host knows; ``agents`` stand in for a topology that cannot be read."""
    nodes = host.nodes if host.nodes is not None else agents
    if nodes is None:
        named = _number_by_node_id(readings)
    else:
        named = [_take_identity(reading, _find_node(reading, readings, nodes)) for reading in readings]
    return tuple(_take_users(reading, host) for reading in _number_partitions(named))


def _find_node(reading: Reading, readings: Sequence[Reading], nodes: Sequence[GpuNode]) -> GpuNode | None:
    """Find the one node that agrees with a reading in something and contradicts it in nothing.

    Partitions of one card may agree with all its nodes alike; then the order of both, which is the same within a card,
    decides, provided that none is missing on either side.
    """
    fitting = [node for node in nodes if _fits(reading, node)]
    if len(fitting) <= 1:
        return fitting[0] if fitting else None
    alike = [other for other in readings if [node for node in nodes if _fits(other, node)] == fitting]
    is_one_card = all(agree_on_bdf(node.bdf, fitting[0].bdf) and node.bdf == reading.bdf for node in fitting)
    return fitting[alike.index(reading)] if is_one_card and len(alike) == len(fitting) else None


def _fits(reading: Reading, node: GpuNode) -> bool:
    pairs = (
        (reading.guid, node.guid),
        (reading.node_id, node.node_id),
        (reading.unique_id, node.unique_id),
        (reading.partition_id, node.partition_id),
    )
    known = [left == right for left, right in pairs[:3] if left is not None and right is not None]
    on_bdf = agree_on_bdf(reading.bdf, node.bdf)
    is_other_part = None not in pairs[3] and pairs[3][0] != pairs[3][1]
    return not is_other_part and False not in (*known, on_bdf) and (True in known or on_bdf is True)


def _take_identity(reading: Reading, node: GpuNode | None) -> Reading:
    if node is None:
        return _add_problem(reading, "its HIP index is unknown: no card of the runtime's list matches it")
    bdf = None if node.bdf is None or node.bdf.startswith("*") else node.bdf
    joined = replace(
        reading,
        hip_index=node.hip_index,
        node_id=_first(reading.node_id, node.node_id),
        guid=_first(reading.guid, node.guid),
        bdf=_first(bdf, reading.bdf),
        unique_id=_first(reading.unique_id, node.unique_id),
        partition_id=_first(node.partition_id, reading.partition_id),
        gfx=_first(node.gfx, reading.gfx),
        name=_first(reading.name, node.name),
        render_minor=_first(reading.render_minor, node.render_minor),
    )
    closed = "its render device cannot be opened (is the user in the group render?)"
    return replace(joined, withheld=closed) if node.hip_index is None else joined


def _number_by_node_id(readings: Sequence[Reading]) -> list[Reading]:
    """Take the order of the driver's node numbers, which is HIP's; a lone card needs no order."""
    if len(readings) == 1:
        return [replace(readings[0], hip_index=0)]
    order = sorted({reading.node_id for reading in readings if reading.node_id is not None})
    if len(order) < len(readings):
        return [_add_problem(reading, "its HIP index is unknown") for reading in readings]
    places = {node_id: place for place, node_id in enumerate(order)}
    return [replace(reading, hip_index=places.get(reading.node_id or 0)) for reading in readings]


def _number_partitions(readings: Sequence[Reading]) -> list[Reading]:
    """Number the partitions of one card where the source did not, by its order, and cut the function off."""
    plain = [reading.bdf.rpartition(".")[0] if reading.bdf else None for reading in readings]
    sizes, seen = Counter(plain), Counter[str | None]()
    numbered: list[Reading] = []
    for reading, base in zip(readings, plain, strict=True):
        rank = seen[base]
        seen[base] += 1
        if base is None:
            numbered.append(reading)
            continue
        function = int(reading.bdf[-1], 16) if reading.bdf and reading.bdf[-1] in "1234567" else None
        number = rank if sizes[base] > 1 else function
        numbered.append(replace(reading, bdf=f"{base}.0", partition_id=_first(reading.partition_id, number)))
    return numbered


def _take_users(reading: Reading, host: Host) -> Reading:
    """Believe the driver's own table before any tool's."""
    if host.users is None or reading.guid is None:
        return replace(reading, pids_local=host.pids_local)
    return replace(reading, users=host.users.get(reading.guid, ()), suspects=(), pids_local=host.pids_local)


def _first(*values: _T | None) -> _T | None:
    return next((value for value in values if value is not None), None)


def _add_problem(reading: Reading, problem: str) -> Reading:
    return replace(reading, problem="; ".join(filter(None, (reading.problem, problem))))
