"""A run whose traces tell all a trace can tell: several kernels, and the kinds of stalls inside the hottest."""

from collections.abc import Sequence

from msgspec.structs import replace

from kernel_opt.model.facts import Entry, Measured, Traced
from kernel_opt.model.trace import Hotspot, StallKind, StallShare, Trace
from tests.views.journals import JOURNALS

DIFF = """diff --git a/kernels/pa.py b/kernels/pa.py
index 1111111..2222222 100644
--- a/kernels/pa.py
+++ b/kernels/pa.py
@@ -10,6 +10,8 @@ def kernel(q, k, v):
     for block in range(first, last):
-        k_tile = load(k, block)
+        k_tile = next_tile  # </script><script>alert(1)</script> & <b>
+        next_tile = prefetch(k, block + 1)
+        s_waitcnt(vmcnt=4)
         acc = mfma(q, k_tile, acc)
"""
_BEFORE = {StallKind.VMEM_WAIT: 41.0, StallKind.MFMA: 22.0, StallKind.BARRIER: 14.0, StallKind.VALU: 12.0,
           StallKind.LDS_SMEM_WAIT: 7.0, StallKind.OTHER: 4.0}  # fmt: skip
_NOW = {StallKind.VMEM_WAIT: 23.0, StallKind.MFMA: 34.0, StallKind.BARRIER: 18.0, StallKind.VALU: 14.0,
        StallKind.LDS_SMEM_WAIT: 6.0, StallKind.OTHER: 5.0}  # fmt: skip


def enrich(entries: Sequence[Entry]) -> list[Entry]:
    """Return the same run with fuller traces, the baseline's other than those after it."""
    return [_enrich(entry, _NOW if entry.round else _BEFORE) for entry in entries]


def _enrich(entry: Entry, shares: dict[StallKind, float]) -> Entry:
    if isinstance(entry.fact, Traced | Measured) and entry.fact.trace is not None:
        return replace(entry, fact=replace(entry.fact, trace=_fill(entry.fact.trace, shares)))
    return entry


def _fill(trace: Trace, shares: dict[StallKind, float]) -> Trace:
    main = trace.kernels[0]
    reduce_us = 20.0 if shares is _BEFORE else 30.0
    reduce = replace(main, name="pa_reduce_kernel<float, 128>", share_pct=6.0, average_ns=reduce_us * 1000)
    copy = replace(main, name="__amd_rocclr_copyBuffer", share_pct=3.0, average_ns=2000.0)
    return replace(
        trace,
        kernels=(*trace.kernels, reduce, copy),
        stalls=tuple(StallShare(kernel=main.name, kind=kind, share_pct=share) for kind, share in shares.items()),
        hotspots=(
            *trace.hotspots,
            Hotspot(id="h2", kind="mfma", kernel=main.name, share_pct=21.0, instruction="v_mfma_f32_32x32x8_f16",
                    source="pa.py:188"),
            Hotspot(id="h3", kind="occupancy", kernel=main.name, share_pct=12.0, note="4 of 8 waves, limited by vgpr"),
        ),
    )  # fmt: skip


def rich_run(name: str = "split") -> list[Entry]:
    """Return a canned run with fuller traces."""
    return enrich(JOURNALS[name]().entries)
