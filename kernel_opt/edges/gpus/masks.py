"""The variables that hide cards from a child: which cards the user's own leave, and how to leave exactly one.

``ROCR_VISIBLE_DEVICES`` picks from all cards, ``HIP_VISIBLE_DEVICES`` picks from what that left, counted anew, and
``CUDA_VISIBLE_DEVICES`` stands in for it only while it is unset. Two masks that both say 3 therefore leave nothing.
"""

from collections.abc import Mapping, Sequence

from kernel_opt.model.errors import UsageError
from kernel_opt.model.reading import Reading

ROCR, HIP, CUDA, ORDINAL = "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"


def find_withheld(card: Reading, cards: Sequence[Reading], environ: Mapping[str, str]) -> str | None:
    """Say which of the user's masks hides a card, or may hide it; None when none does."""
    for variable, left in _apply_masks(cards, environ):
        if card.hip_index is None:
            return f"its HIP index is unknown, so {variable}={environ[variable]} may hide it"
        if card.hip_index not in left:
            return f"hidden by {variable}={environ[variable]}"
    return None


def bind_card(card: Reading, cards: Sequence[Reading], environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` with exactly one card visible: the user's ROCR mask stays, HIP counts within it."""
    withheld = card.withheld or find_withheld(card, cards, environ)
    if withheld is None and card.hip_index is None and not _has_own_id(card):
        withheld = "its HIP index is unknown, and so is the chip's own id"
    if withheld:
        raise UsageError(
            f"card {card.card} cannot be given to a child: {withheld}",
            "change the mask; where the HIP index is unknown, make /sys/class/kfd readable or rocminfo available",
        )
    bound = {key: value for key, value in environ.items() if key not in {CUDA, ORDINAL}}
    if card.hip_index is None:
        # The runtime knows the chip's own id: no order is needed, and the one card left is HIP's first.
        return {**bound, ROCR: f"GPU-{(card.unique_id or '').removeprefix('0x')}", HIP: "0"}
    surfaced = next((left for variable, left in _apply_masks(cards, environ) if variable == ROCR), None)
    return {**bound, HIP: str(card.hip_index if surfaced is None else surfaced.index(card.hip_index))}


def _has_own_id(card: Reading) -> bool:
    """Tell whether the runtime can be given the chip's id; all partitions of a card share it."""
    return card.unique_id is not None and card.partition_id is None


def _apply_masks(cards: Sequence[Reading], environ: Mapping[str, str]) -> list[tuple[str, list[int]]]:
    """Apply the user's masks one after the other; each with the cards it leaves, as unmasked HIP indices in its order.

    An empty ROCR mask hides all; an empty HIP or CUDA mask is no mask at all.
    """
    left = sorted(card.hip_index for card in cards if card.hip_index is not None)
    steps: list[tuple[str, list[int]]] = []
    if ROCR in environ:
        left = _pick(left, cards, environ[ROCR])
        steps.append((ROCR, left))
    second = next((variable for variable in (HIP, CUDA, ORDINAL) if environ.get(variable)), None)
    if second is not None:
        steps.append((second, _pick(left, cards, environ[second])))
    return steps


def _pick(left: Sequence[int], cards: Sequence[Reading], mask: str) -> list[int]:
    """Pick by place or by id; the first one that is not there ends the list, as it does for the runtime."""
    ids = {card.hip_index: card.unique_id for card in cards if card.unique_id}
    picked: list[int] = []
    for token in (part.strip() for part in mask.split(",")):
        if token.lower().startswith("gpu-"):
            wanted = token.lower().removeprefix("gpu-")
            named = [index for index in left if ids.get(index, "").removeprefix("0x").startswith(wanted)]
            found = named[0] if len(named) == 1 else None
        else:
            found = left[int(token)] if token.isascii() and token.isdigit() and int(token) < len(left) else None
        if found is None:
            break
        if found not in picked:
            picked.append(found)
    return picked
