"""Repeating what failed for a reason that passes: a full disk, a tool that was busy. Never a measurement."""

from collections.abc import Callable
from typing import TypeVar

import tenacity

T = TypeVar("T")


def retry(
    work: Callable[[], T],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    tries: int,
    first_wait_s: float,
    longest_wait_s: float,
    sleep: Callable[[float], None],
    before: Callable[[Exception], None] | None = None,
) -> T:
    """Do ``work`` again while it raises ``on``, waiting longer each time; the last error is raised as it is."""

    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if before is not None and isinstance(error, Exception):
            before(error)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(on),
        stop=tenacity.stop_after_attempt(tries),
        wait=tenacity.wait_exponential(multiplier=first_wait_s, max=longest_wait_s),
        sleep=sleep,
        before_sleep=tell,
        reraise=True,
    )
    return retrying(work)
