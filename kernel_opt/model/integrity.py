"""What was looked at to see whether a figure was come by honestly, and what came of it."""

from enum import Enum

from msgspec import Struct


class CheckOutcome(Enum):
    """How a check ended; one that could not be made is never taken for passed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


class IntegrityCheck(Struct, frozen=True, kw_only=True):
    """One check by name: its outcome, and the evidence or why there is none."""

    name: str
    outcome: CheckOutcome
    why: str = ""


def passed(name: str, why: str = "") -> IntegrityCheck:
    """Return a check that found nothing."""
    return IntegrityCheck(name=name, outcome=CheckOutcome.PASSED, why=why)


def failed(name: str, why: str) -> IntegrityCheck:
    """Return a check that found something."""
    return IntegrityCheck(name=name, outcome=CheckOutcome.FAILED, why=why)


def not_checked(name: str, why: str) -> IntegrityCheck:
    """Return a check that could not be made."""
    return IntegrityCheck(name=name, outcome=CheckOutcome.NOT_CHECKED, why=why)
