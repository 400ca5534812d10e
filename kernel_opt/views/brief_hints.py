"""Playbooks of thought: ways to look for ideas, and what has helped against each kind of stall on CDNA."""

from collections.abc import Sequence

from kernel_opt.model.brief_settings import Hint
from kernel_opt.model.trace import StallKind, Trace

WAYS: dict[Hint, str] = {
    "batching": (
        "Batching: what is done once per item (a load, a wait, a launch, an index computation) done once for many."
    ),
    "caching": (
        "Caching: what is read again and again kept nearer: from memory to LDS, from LDS to registers, from a "
        "vector register to a scalar one where all lanes agree."
    ),
    "precomputing": (
        "Precomputing: what does not change within a loop (addresses, scales, masks, table rows) taken out of it,"
        " or decided at compile time per shape."
    ),
    "deferring": (
        "Deferring: what the loop does not need yet (normalising, rescaling, converting, reducing) done once after it."
    ),
    "relaxation": (
        "Relaxation: an order, a barrier, a wait or a bound that is stricter than the result needs; wait for the "
        "one load that is used next, not for all. Precision is no such thing: the numbers must stay right."
    ),
    "contextualisation": (
        "Contextualisation: what the benchmark's classes have in common or not (head size, block size, query "
        "length, length of context); code that knows its case needs no general path."
    ),
    "hardware": (
        "Hardware specialisation: wider loads, MFMA shapes that fit the tile, cross-lane moves instead of LDS, "
        "direct loads to LDS, both kinds of vector registers, cache hints for data that is read once."
    ),
    "layering": (
        "Layering: move work between levels: more per work-item against more work-groups, split along another "
        "dimension with a reduction after it, persistent work-groups against many short ones."
    ),
}

RECIPES: dict[str, str] = {
    StallKind.BARRIER.value: (
        "barrier: waves arrive unevenly or too often. Double-buffer the LDS so that one barrier per step is "
        "enough; give each wave its own part; balance the work of the waves."
    ),
    StallKind.VMEM_WAIT.value: (
        "vmem_wait: data is asked for too late or too little is in flight. Load the next tile before computing "
        "this one, keep more loads outstanding and wait for a count and not for zero, more waves if registers "
        "allow."
    ),
    StallKind.LDS_SMEM_WAIT.value: (
        "lds_smem_wait: read LDS one step ahead, put independent work between read and use, keep in registers "
        "what is read twice; scalar loads of tables go before the loop."
    ),
    StallKind.VMEM.value: "vmem: the memory pipe is full. Fewer and wider accesses (16 bytes a lane), coalesced over "
    "neighbouring lanes, nothing read twice.",
    StallKind.LDS.value: (
        "lds: bank conflicts or too much traffic. Pad or swizzle the layout, wider LDS reads, cross-lane moves."
    ),
    StallKind.SMEM.value: "smem: merge scalar loads, read page tables for several steps at once.",
    StallKind.MFMA.value: (
        "mfma: the matrix unit is busy, which is good; only fewer or cheaper MFMA (another shape or type that is "
        "as right) or less padding in the tile help."
    ),
    StallKind.VALU.value: (
        "valu: packed arithmetic, fewer conversions and index computations, exp2 instead of exp with the scale "
        "folded in, rescale only when the maximum moved."
    ),
    "idle": (
        "idle bubbles: a unit starves. Interleave independent chains: two tiles at once, loads between MFMAs, "
        "priorities."
    ),
    "occupancy": (
        "occupancy: first look whether waits dominate at all. Then shorten live ranges, use accumulation "
        "registers, a smaller tile or less LDS, just enough to cross the cliff that is named."
    ),
    "spill": "spill: scratch in a hot loop comes first: smaller tile, less unrolling, fewer values alive.",
}
MOST_RECIPES = 4  # for the hottest kinds; more would be a textbook

RUN_DRY = (
    "Read the hot lines again and ask of each instruction in them why it is there.",
    "Combine two near misses that touch different lines.",
    "Simplify: what can be removed without changing the numbers?",
    "Be more radical: another split of the work, another layout, another kernel for one class.",
)


def choose_hints(hints: Sequence[Hint], trace: Trace | None) -> list[str]:
    """Return the playbooks asked for; those about stalls only for the kinds that best's trace shows."""
    told = [WAYS[hint] for hint in hints if hint in WAYS]
    return _recipes(trace) + told if "stalls" in hints else told


def _recipes(trace: Trace | None) -> list[str]:
    shares: dict[str, float] = {}
    for spot in trace.hotspots if trace else ():
        if spot.kind in RECIPES:
            shares[spot.kind] = max(shares.get(spot.kind, 0.0), spot.share_pct)
    hottest = sorted(shares, key=lambda kind: (-shares[kind], kind))
    return [RECIPES[kind] for kind in hottest[:MOST_RECIPES]]
