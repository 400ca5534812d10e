"""How many waves each resource of a SIMD allows, and how far the next change is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kernel_opt.model.trace import Cliff
from kernel_opt.rules.isa.gfx import Gfx

_SGPR_GRANULE = 16


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What one kernel takes; None is unknown."""

    gfx: Gfx
    wave_size: int
    vgprs: int | None = None
    """That count against the file."""
    sgprs: int | None = None
    lds_bytes: int | None = None
    workgroup_items: int | None = None
    is_workgroup_exact: bool = True
    """False when it is only the largest that may be launched."""

    @property
    def group_waves(self) -> int | None:
        """Return the waves of one work-group."""
        return None if not self.workgroup_items else -(-self.workgroup_items // self.wave_size)


@dataclass(frozen=True, kw_only=True)
class _Store:
    """A store of a SIMD (or of a compute unit) that is given out in granules, a share per unit of work."""

    resource: str
    capacity: int
    granule: int
    used: int
    ceiling: int
    """That one unit of work may use."""
    waves: Sequence[float]
    """Per SIMD, by the number of units that fit, from none up to where more are of no use."""

    def cliff(self) -> Cliff:
        """Return where the use stands."""
        fit = self._fit(self.used)
        now = self.waves[fit]
        more = (self._share(units) for units in range(fit + 1, len(self.waves)) if self.waves[units] > now)
        goal = next((share for share in more if share), None)
        least = next((units for units in range(1, fit + 1) if self.waves[units] == now), None)
        return Cliff(
            resource=self.resource,
            used=self.used,
            waves=now,
            over=None if goal is None else self.used - goal,
            waves_above=None if goal is None else self.waves[self._fit(goal)],
            room=0 if least is None else max(0, min(self._share(least), self.ceiling) - self.used),
        )

    def _fit(self, used: int) -> int:
        return min(self.capacity // (-(-max(used, 1) // self.granule) * self.granule), len(self.waves) - 1)

    def _share(self, units: int) -> int:
        return self.capacity // units // self.granule * self.granule


def find_cliffs(needs: Needs) -> tuple[Cliff, ...]:
    """Return where the kernel stands in each resource that is known and can bound it."""
    gfx = needs.gfx
    stores: list[_Store] = []
    waves = _by_slots(gfx, needs.group_waves if needs.is_workgroup_exact else None)
    if needs.vgprs is not None:
        # The file is counted for one wave size: a wave of twice the lanes takes twice the file.
        registers = gfx.vgprs * gfx.wave_size // needs.wave_size
        granule = max(gfx.vgpr_granule * gfx.wave_size // needs.wave_size, 1)
        stores.append(_store("vgpr", registers, granule, needs.vgprs, gfx.max_wave_vgprs, waves))
    if needs.sgprs is not None and gfx.sgprs is not None:
        stores.append(_store("sgpr", gfx.sgprs, _SGPR_GRANULE, needs.sgprs, gfx.sgprs, waves))
    if needs.lds_bytes and needs.group_waves is not None:
        groups = _by_groups(gfx, needs.group_waves)
        ceiling = gfx.max_workgroup_lds_bytes
        stores.append(_store("lds", gfx.lds_bytes, gfx.lds_granule, needs.lds_bytes, ceiling, groups))
    return tuple(store.cliff() for store in stores)


def find_bounds(needs: Needs, cliffs: tuple[Cliff, ...]) -> dict[str, float | None]:
    """Return the waves per SIMD that each resource allows; None for what is not known."""
    gfx, waves = needs.gfx, needs.group_waves
    known = {cliff.resource: cliff.waves for cliff in cliffs}
    bounds: dict[str, float | None] = {"vgpr": known.get("vgpr")}
    if gfx.sgprs is not None:
        bounds["sgpr"] = known.get("sgpr")
    has_no_lds = needs.lds_bytes == 0 and waves is not None
    bounds["lds"] = float(gfx.max_waves) if has_no_lds else known.get("lds")
    bounds["workgroups"] = None if waves is None or not needs.is_workgroup_exact else _by_workgroups(gfx, waves)
    return bounds


def _store(resource: str, capacity: int, granule: int, used: int, ceiling: int, waves: Sequence[float]) -> _Store:
    return _Store(resource=resource, capacity=capacity, granule=granule, used=used, ceiling=ceiling, waves=waves)


def _by_slots(gfx: Gfx, group_waves: int | None) -> Sequence[float]:
    """Return the waves that run for so many that fit: a work-group starts only when all of its waves do."""
    known = group_waves or 1
    whole = [float(fit * gfx.simds // known * known / gfx.simds) for fit in range(gfx.max_waves)]
    return [*whole, float(gfx.max_waves)]


def _by_groups(gfx: Gfx, group_waves: int) -> Sequence[float]:
    """Return the waves that run for so many work-groups that fit."""
    most = math.ceil(gfx.max_waves * gfx.simds / group_waves)
    return [min(float(gfx.max_waves), groups * group_waves / gfx.simds) for groups in range(most + 1)]


def _by_workgroups(gfx: Gfx, waves: int) -> float:
    return float(gfx.max_waves) if waves == 1 else min(gfx.max_waves, gfx.max_workgroups * waves / gfx.simds)
