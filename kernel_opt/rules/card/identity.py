"""Which physical card is meant: names that survive another order, another source and another process."""

from dataclasses import dataclass
from enum import Enum

from kernel_opt.model.reading import Reading


class Sameness(Enum):
    """What can be said about two descriptions of a card."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCard:
    """The card a child really ran on, as its trace or its own PCI query tells it; what it does not tell is None."""

    bdf: str | None = None
    unique_id: str | None = None
    node_id: int | None = None
    guid: int | None = None


def compare_card(leased: Reading, seen: SeenCard) -> Sameness:
    """Say whether a child ran on the leased card, by every identity both sides know.

    One contradiction is enough for "different". "Same" needs an identity that no partition shares (node or GUID), or
    a physical one (PCI address, unique id) on a card that is not partitioned.
    """
    on_bdf = agree_on_bdf(leased.bdf, seen.bdf)
    is_open = seen.bdf is not None and seen.bdf.startswith("*")
    exact = _agree(leased.guid, seen.guid), _agree(leased.node_id, seen.node_id)
    physical = (
        None if on_bdf and is_open else on_bdf,
        _agree(_plain_id(leased.unique_id), _plain_id(seen.unique_id)),
    )
    if False in exact or False in physical:
        return Sameness.DIFFERENT
    if True in exact or (True in physical and leased.partition in {None, "SPX"} and not leased.partition_id):
        return Sameness.SAME
    return Sameness.UNKNOWN


def name_card(reading: Reading) -> str:
    """Return a name of the physical card (and partition) that every source and every process would give it.

    The PCI address comes first because all sources know it; KFD's ids are second best, and the source's own index is
    the last resort, better than leasing nothing at all.
    """
    if reading.bdf is not None:
        base = f"pci-{_plain_bdf(reading.bdf)}"
    elif reading.unique_id is not None:
        base = f"id-{_plain_id(reading.unique_id)}"
    elif reading.guid is not None:
        return f"kfd-{reading.guid}"
    elif reading.node_id is not None:
        return f"node-{reading.node_id}"
    else:
        return f"{reading.source}-{reading.card}"
    return f"{base}-p{reading.partition_id or 0}"


def bdf_of_location(location_id: int, domain: int | None) -> str:
    """Spell the PCI address that the driver, a trace's agent table or rocminfo packs into one number.

    Above its 16 bits stands the partition; a domain that is not told stays open, see ``compare_card``.
    """
    bus, device, function = (location_id >> 8) & 0xFF, (location_id >> 3) & 0x1F, location_id & 7
    return f"{'*' if domain is None else f'{domain:04x}'}:{bus:02x}:{device:02x}.{function}"


def agree_on_bdf(left: str | None, right: str | None) -> bool | None:
    """Compare two PCI addresses without their function, and without the domain where one is open."""
    plain = _plain_bdf(left), _plain_bdf(right)
    if plain[0] is None or plain[1] is None:
        return None
    if "*" in plain[0] or "*" in plain[1]:
        return plain[0].partition(":")[2] == plain[1].partition(":")[2]
    return plain[0] == plain[1]


def _agree(left: object, right: object) -> bool | None:
    return None if left is None or right is None else left == right


def _plain_bdf(bdf: str | None) -> str | None:
    """Cut the function off: drivers put the partition number there, or do not, by version."""
    return None if bdf is None else bdf.strip().lower().rpartition(".")[0] or bdf.strip().lower()


def _plain_id(unique_id: str | None) -> str | None:
    return None if unique_id is None else unique_id.strip().lower().removeprefix("gpu-").removeprefix("0x").zfill(16)
