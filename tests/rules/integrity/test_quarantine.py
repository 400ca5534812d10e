"""What is too good to be true is looked at twice, and what looks odd; nothing else costs a second look."""

import pytest
from msgspec.structs import replace

from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.model.verdict import Outcome, Verdict
from kernel_opt.rules.integrity.quarantine import find_quarantine, wanted_passes
from tests.fakes import candidate, verdict

LIMITS = IntegritySettings()
PLAIN = verdict(Outcome.BETTER)


def ratios(overall: float | None, *classes: float | None) -> Verdict:
    group = PLAIN.classes[0]
    return replace(PLAIN, overall_ratio=overall, classes=tuple(replace(group, ratio=one) for one in classes))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (ratios(0.9, 0.9), ""),
        (ratios(None, None), ""),
        (ratios(0.5, 0.9), "2 times as fast over all"),
        (ratios(0.9, 0.9, 0.25), f"4 times as fast in {PLAIN.classes[0].key}"),
    ],
)
def test_large_gains_are_looked_at_twice(told: Verdict, why: str) -> None:
    """By the whole and by single classes; what was not measured is not large."""
    assert find_quarantine(told, candidate(), LIMITS) == why
    assert wanted_passes(told, candidate(), LIMITS) == (2 if why else 1)


def test_suspicious_code_is_looked_at_twice() -> None:
    """A signal is no refusal: it costs one more look."""
    odd = replace(candidate(), signals=("raw memory", "the clock"))
    assert find_quarantine(ratios(0.95), odd, LIMITS) == "its code shows raw memory, the clock"
