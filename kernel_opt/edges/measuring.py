"""The daemon's end of a measuring session: open it, have commands run on its card, end it."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from kernel_opt.edges.collected import find_difference
from kernel_opt.edges.executors.executor import OPEN, WAITING, Executor, read_result
from kernel_opt.edges.process import StopWish
from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import answer_path, order_path
from kernel_opt.edges.session_records import (
    Granted,
    Order,
    RunAnswer,
    RunOrder,
    RunOutcome,
    SessionOutcome,
    SessionRequest,
    SessionResult,
)

_EAGER_S, _LAZY_S, _EAGERNESS = 0.002, 0.1, 0.05
"""Waiting naps for a twentieth of what has passed: a short run is answered at once, a long one costs few wake-ups."""
_ENDING_S = 10.0
"""Seconds for a worker to write its result when told to end."""
_SLACK_S = 120.0
"""Seconds above a run's own limit: killing, collecting a large trace, and looking at the card."""

OnTick = Callable[[], StopWish | None]
R = TypeVar("R")


class Session:
    """One stay on one leased card. Ends by ``end``, or by leaving the ``with`` block."""

    def __init__(self, executor: Executor, directory: Path, request: SessionRequest, granted: Granted) -> None:
        self.granted = granted
        self.directory = directory
        self._executor = executor
        self._request = request
        self._orders = 0
        self._is_open = True

    def run(self, order: RunOrder, on_tick: OnTick | None = None) -> RunAnswer:
        """Have one command run, and wait for the answer; a wish of ``on_tick`` ends the whole session."""
        if not self._is_open:
            return RunAnswer(outcome=RunOutcome.LOST, detail="the session has ended")
        write_record(order_path(self.directory, self._orders + 1), Order(run=order))
        self._orders += 1  # counted when it is written: the worker waits for the next number, whatever failed here
        limit_s = order.timeout_s + _SLACK_S + 3 * (self._request.read_limit_s + self._request.settle_s)
        path = answer_path(self.directory, self._orders)
        answer = _await(self._executor, self.directory, path, RunAnswer, limit_s, on_tick)
        if isinstance(answer, StopWish):
            self._is_open = False
            self._executor.cancel(self.directory)
            return read_record(path, RunAnswer) or RunAnswer(outcome=RunOutcome.CANCELLED, detail=answer.reason)
        if isinstance(answer, SessionResult):
            self._is_open = False
            detail = ", ".join((f"the session ended: {answer.outcome}", *answer.why))
            return RunAnswer(outcome=RunOutcome.LOST, detail=detail)
        problem = find_difference(self.directory, answer)
        return replace(answer, outcome=RunOutcome.LOST, detail=problem) if problem else answer

    def end(self) -> SessionResult:
        """Let go of the card and return the session's last word."""
        if self._is_open:
            self._is_open = False
            write_record(order_path(self.directory, self._orders + 1), Order(run=None))
        self._executor.wait_ended(self.directory, _ENDING_S)
        return read_result(self.directory) or SessionResult(outcome=SessionOutcome.LOST)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._is_open = False
            self._executor.cancel(self.directory)
        self.end()


@dataclass(frozen=True, slots=True)
class StillQueued:
    """No session yet: nobody granted a card as long as it was waited for."""

    why: str
    waited_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a session may stand in a scheduler's queue; on this host there is none."""

    limit_s: float = math.inf
    is_over: Callable[[], bool] = lambda: False
    """Asked all the while: whether something else is to be done first."""


def open_session(
    executor: Executor,
    directory: Path,
    request: SessionRequest,
    on_tick: OnTick | None = None,
    patience: Patience = Patience(),
) -> Session | SessionResult | StillQueued:
    """Gate and lease a card; the result instead of a session tells why there is none, most often ``busy_gpu``."""
    executor.submit(directory, request)
    queued = _await_start(executor, directory, on_tick, patience)
    if isinstance(queued, StillQueued):
        return queued
    gate = request.gate
    limit_s = _SLACK_S + gate.looks * (gate.gap_s + request.read_limit_s)
    granted = queued or _await(executor, directory, answer_path(directory, 0), Granted, limit_s, on_tick)
    if isinstance(granted, Granted):
        return Session(executor, directory, request, granted)
    if isinstance(granted, StopWish):
        executor.cancel(directory)
        return SessionResult(outcome=SessionOutcome.CANCELLED, why=(granted.reason,))
    executor.wait_ended(directory, _ENDING_S)
    return granted


def _await_start(
    executor: Executor, directory: Path, on_tick: OnTick | None, patience: Patience
) -> StillQueued | StopWish | None:
    """Wait until the session has begun, or was lost; a scheduler that cannot be asked has granted nothing either."""
    started = time.monotonic()
    while executor.poll([directory])[directory] in WAITING and not answer_path(directory, 0).exists():
        wish = on_tick() if on_tick is not None else None
        if wish is not None:
            return wish
        waited_s = time.monotonic() - started
        is_interrupted = patience.is_over()
        if is_interrupted or waited_s >= patience.limit_s:
            queued = StillQueued(executor.describe(directory) or "nothing was granted", waited_s)
            (executor.cancel if is_interrupted else executor.leave)(directory)
            return queued
        time.sleep(_LAZY_S)
    return None


def _await(
    executor: Executor, directory: Path, path: Path, kind: type[R], limit_s: float, on_tick: OnTick | None
) -> R | SessionResult | StopWish:
    """Wait for a record, the session's end, or a wish to stop, whichever is first; never longer than the limit."""
    started = time.monotonic()
    while (passed_s := time.monotonic() - started) < limit_s:
        # Looked at before the record: a worker's last answer precedes its end.
        state = executor.poll([directory])[directory]
        record = read_record(path, kind)
        if record is not None:
            return record
        if state not in OPEN:
            why = ("its worker is gone", *filter(None, (executor.describe(directory),)))
            return read_result(directory) or SessionResult(outcome=SessionOutcome.LOST, why=why)
        wish = on_tick() if on_tick is not None else None
        if wish is not None:
            return wish
        time.sleep(min(max(passed_s * _EAGERNESS, _EAGER_S), _LAZY_S))
    executor.cancel(directory)
    return read_result(directory) or SessionResult(
        outcome=SessionOutcome.LOST, why=(f"no answer within {limit_s:.0f} s",)
    )
