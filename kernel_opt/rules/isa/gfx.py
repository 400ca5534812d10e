"""What a compute unit of each AMD target holds, as far as it bounds the waves in flight."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Gfx:
    """Limits of one SIMD, and of what its work-groups share."""

    max_waves: int
    vgprs: int
    """Registers of one lane over all its waves."""
    vgpr_granule: int
    max_wave_vgprs: int = 256
    """That one wave can name."""
    has_one_pool: bool = False
    """Architectural and accumulation registers come out of the same file."""
    has_agprs: bool = False
    sgprs: int | None = None
    """Per SIMD; None where every wave has its own fixed set."""
    lds_bytes: int
    lds_granule: int = 512
    max_workgroup_lds_bytes: int = 64 << 10
    simds: int = 4
    """That share the LDS: a compute unit of CDNA, a pair of units on RDNA."""
    max_workgroups: int
    """Of more than one wave each: so many barriers there are."""
    wave_size: int


MAX_WORKGROUP_ITEMS = 1024
"""Of every target."""

_GCN = Gfx(max_waves=10, vgprs=256, vgpr_granule=4, sgprs=800, lds_bytes=64 << 10, max_workgroups=16, wave_size=64)
_CDNA1 = replace(_GCN, has_agprs=True)
_CDNA3 = Gfx(
    max_waves=8,
    vgprs=512,
    vgpr_granule=8,
    max_wave_vgprs=512,
    has_one_pool=True,
    has_agprs=True,
    sgprs=800,
    lds_bytes=64 << 10,
    max_workgroups=16,
    wave_size=64,
)
_CDNA4 = replace(_CDNA3, lds_bytes=160 << 10, lds_granule=1280, max_workgroup_lds_bytes=160 << 10)
_RDNA = Gfx(max_waves=16, vgprs=1024, vgpr_granule=16, lds_bytes=128 << 10, max_workgroups=32, wave_size=32)
_RDNA1 = replace(_RDNA, max_waves=20, vgpr_granule=8)
# Half as many registers again.
_RDNA_LARGE = replace(_RDNA, vgprs=1536, vgpr_granule=24)

_KNOWN = {
    **dict.fromkeys(("gfx900", "gfx902", "gfx904", "gfx906", "gfx909", "gfx90c"), _GCN),
    "gfx908": _CDNA1,
    **dict.fromkeys(("gfx90a", "gfx940", "gfx941", "gfx942"), _CDNA3),
    "gfx950": _CDNA4,
    **dict.fromkeys(("gfx1010", "gfx1011", "gfx1012", "gfx1013"), _RDNA1),
    **dict.fromkeys(("gfx1030", "gfx1031", "gfx1032", "gfx1033", "gfx1034", "gfx1035", "gfx1036"), _RDNA),
    **dict.fromkeys(("gfx1102", "gfx1103", "gfx1150", "gfx1152", "gfx1153"), _RDNA),
    **dict.fromkeys(("gfx1100", "gfx1101", "gfx1151", "gfx1200", "gfx1201"), _RDNA_LARGE),
}


def find_gfx(name: str | None) -> Gfx | None:
    """Return the limits of a target, feature flags after a colon left aside; None for one that is not known."""
    return _KNOWN.get((name or "").partition(":")[0])
