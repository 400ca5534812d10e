"""How often a would-be keep must stand the re-checks: what is too good to be true, or suspicious, stands them twice."""

from kernel_opt.model.hypothesis import Candidate
from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.model.verdict import Verdict

TWICE = 2
"""A thing that was once right by luck, by a warm cache or by a lucky seed is not so again."""


def wanted_passes(verdict: Verdict, candidate: Candidate, limits: IntegritySettings) -> int:
    """Return how many times a would-be keep is re-checked from cold."""
    return TWICE if find_quarantine(verdict, candidate, limits) else 1


def find_quarantine(verdict: Verdict, candidate: Candidate, limits: IntegritySettings) -> str:
    """Return why a candidate is looked at twice; empty when it is like most."""
    if verdict.overall_ratio is not None and verdict.overall_ratio * limits.large_total <= 1:
        return f"{1 / max(verdict.overall_ratio, 1e-9):.3g} times as fast over all"
    for one in verdict.classes:
        if one.ratio is not None and one.ratio * limits.large_class <= 1:
            return f"{1 / max(one.ratio, 1e-9):.3g} times as fast in {one.key}"
    return f"its code shows {', '.join(candidate.signals)}" if candidate.signals else ""
