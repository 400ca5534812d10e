"""The time below which no kernel can be: what must be read and computed, over what the hardware can do at best."""

from collections.abc import Sequence

from kernel_opt.model.config import ConfigRow
from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked, passed
from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.rules.search.limits import Value, parse_constraint

NAME = "physics-floor"
LEAST_US = 1e-3
"""A launch of no time at all is shorter than any floor."""
GIGA_PER_MICRO = 1e3  # 1 G a second is a thousand in a microsecond


def check_floor(rows: Sequence[ConfigRow], limits: IntegritySettings) -> IntegrityCheck:
    """Say whether any row is faster than the hardware could be."""
    laws = tuple(
        (what, parse_constraint(text), peak)
        for what, text, peak in (
            ("GB/s", limits.floor_bytes, limits.peak_gb_s),
            ("GFLOP/s", limits.floor_flops, limits.peak_gflop_s),
        )
        if text and peak
    )
    if not laws:
        return not_checked(NAME, "the settings give no bytes or operations with a peak")
    closest = 0.0
    for row in rows:
        values = numbers_of(row)
        for what, law, peak in laws:
            amount = law.number(values)
            if amount is None:
                return not_checked(NAME, f"{law.text!r} cannot be computed from the columns of {row.key}")
            share = amount / GIGA_PER_MICRO / max(row.us, LEAST_US) / peak
            if share > 1:
                why = (
                    f"{row.key} takes {row.us:.4g} us, {share * peak:.4g} {what} where at most {peak:.4g} are possible"
                )
                return failed(NAME, why)
            closest = max(closest, share)
    return passed(NAME, f"the fastest row comes to {100 * closest:.3g} % of what is possible")


def numbers_of(row: ConfigRow) -> dict[str, Value]:
    """Return the columns that are numbers by name; of ``8x1`` the parts, as name_1 and name_2."""
    values: dict[str, Value] = {}
    for name, text in row.values.items():
        parts = text.split("x")
        names = [name] if len(parts) == 1 else [f"{name}_{place}" for place in range(1, len(parts) + 1)]
        for one, part in zip(names, parts, strict=True):
            try:
                values[one] = float(part)
            except ValueError:
                continue
    return values
