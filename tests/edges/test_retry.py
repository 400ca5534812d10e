"""What passes is tried again, within bounds; what does not is raised as it is."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kernel_opt.edges.retry import retry


@dataclass
class Work:
    """Fails so many times."""

    failures: int
    error: Callable[[str], Exception] = OSError
    calls: int = 0
    slept_s: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error(f"failure {self.calls}")
        return "done"

    def retried(self, *, tries: int = 5) -> str:
        return retry(
            self,
            on=OSError,
            tries=tries,
            first_wait_s=1.0,
            longest_wait_s=5.0,
            sleep=self.slept_s.append,
            before=lambda error: self.told.append(str(error)),
        )


def test_it_waits_longer_each_time() -> None:
    """Up to the longest wait; each failure is told before its wait."""
    work = Work(failures=4)
    assert work.retried() == "done"
    assert work.slept_s == [1.0, 2.0, 4.0, 5.0]
    assert work.told == ["failure 1", "failure 2", "failure 3", "failure 4"]


def test_at_first_try_there_is_no_wait() -> None:
    """Nothing is told either."""
    work = Work(failures=0)
    assert (work.retried(), work.slept_s, work.told) == ("done", [], [])


def test_after_the_last_try_the_error_is_raised_as_it_is() -> None:
    """No wrapper around it, no wait after it."""
    work = Work(failures=9)
    with pytest.raises(OSError, match="failure 3"):
        work.retried(tries=3)
    assert (work.calls, len(work.slept_s)) == (3, 2)


def test_other_errors_are_not_tried_again() -> None:
    """A mistake stays a mistake."""
    work = Work(failures=1, error=ValueError)
    with pytest.raises(ValueError, match="failure 1"):
        work.retried()
    assert (work.calls, work.slept_s) == (1, [])


def test_nobody_needs_to_be_told() -> None:
    """The listener is optional, and several kinds of errors may pass."""
    work = Work(failures=1, error=KeyError)
    naps: list[float] = []
    assert retry(work, on=(OSError, KeyError), tries=2, first_wait_s=1, longest_wait_s=1, sleep=naps.append) == "done"
    assert naps == [1]
