"""Compiled kernels for the tests of rules and views."""

from kernel_opt.model.static_facts import Fingerprint, FingerprintKind, InstructionCounts, KernelStatics
from kernel_opt.rules.isa.statics import complete_statics

TEXT = Fingerprint(FingerprintKind.TEXT, "1" * 32)


def kernel(**known: object) -> KernelStatics:
    """Return a paged-attention kernel on gfx942, two registers over the cliff, with some figures changed."""
    figures: dict[str, object] = {
        "name": "pa",
        "gfx": "gfx942",
        "wave_size": 64,
        "agpr": 0,
        "vgpr": 130,
        "sgpr": 54,
        "vgpr_spills": 0,
        "sgpr_spills": 0,
        "scratch_bytes": 0,
        "lds_bytes": 11236,
        "kernarg_bytes": 120,
        "max_workgroup_items": 256,
        "workgroup": (256, 1, 1),
        "counts": InstructionCounts(total=900, mfma=32, valu=868),
        "fingerprint": TEXT,
    }
    return complete_statics(KernelStatics(**{**figures, **known}))
