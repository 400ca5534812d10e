"""What an instruction makes a wave wait for, over the spellings of all generations of the ISA."""

import re

from kernel_opt.model.trace import StallKind

READING_ORDER = (
    StallKind.BARRIER,
    StallKind.VMEM_WAIT,
    StallKind.LDS_SMEM_WAIT,
    StallKind.OTHER_WAIT,
    StallKind.VMEM,
    StallKind.LDS,
    StallKind.SMEM,
    StallKind.MFMA,
    StallKind.VALU,
    StallKind.SALU,
    StallKind.BRANCH,
    StallKind.OTHER,
)
"""In which to look for a bottleneck: waits and barriers, memory, LDS, then what computes."""
BUSY_KINDS = (StallKind.MFMA, StallKind.VALU)
"""Units that should never be idle: bubbles around them are lost time."""

_KINDS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (StallKind.BARRIER, r"s_barrier"),
        (StallKind.VMEM_WAIT, r"s_wait_(load|store|sample|bvh)cnt|s_waitcnt_v[ms]|s_waitcnt\b.*\b(vmcnt|vscnt)\("),
        (StallKind.LDS_SMEM_WAIT, r"s_wait_[dk]|s_waitcnt_lgkm|s_waitcnt\b.*\blgkmcnt\("),
        (StallKind.OTHER_WAIT, r"s_wait|s_delay_alu|s_nop|s_sleep"),
        (StallKind.VMEM, r"(global|buffer|flat|scratch|image|tbuffer)_"),
        (StallKind.LDS, r"ds_"),
        (StallKind.SMEM, r"s_(buffer_)?(load|store|atomic)|s_dcache|s_scratch"),
        (StallKind.MFMA, r"v_(smfmac|mfma|wmma|swmmac)"),
        (StallKind.VALU, r"v_"),
        (StallKind.BRANCH, r"s_c?branch|s_setpc|s_swappc|s_call|s_endpgm|s_cbranch"),
        (StallKind.SALU, r"s_"),
    )
)


def classify(instruction: str) -> StallKind:
    """Return what an instruction keeps busy, or waits for; OTHER for what is no AMD instruction."""
    text = instruction.strip().lower()
    return next((kind for kind, pattern in _KINDS if pattern.match(text)), StallKind.OTHER)
