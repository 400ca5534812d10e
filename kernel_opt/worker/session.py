"""One measuring session from its request to its result."""

import importlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from kernel_opt.edges.clock import read_boot_id
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.process_tree import read_start_ticks
from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_files import REQUEST, RESULT, WORKER, WorkerMark, answer_path, order_path
from kernel_opt.edges.session_records import (
    PROTOCOL,
    Granted,
    Order,
    PlatformChoice,
    SessionOutcome,
    SessionRequest,
    SessionResult,
)
from kernel_opt.model.errors import KernelOptError, ReadFailedError
from kernel_opt.worker.grant import HeldCard, take_idle_card
from kernel_opt.worker.looks import Looker
from kernel_opt.worker.owner import Owner
from kernel_opt.worker.runs import Runner
from kernel_opt.worker.site import require_walls
from kernel_opt.worker.watch import CardWatch

_NAP_S, _LONG_NAP_S = 0.002, 0.05
"""Waiting for an order starts eager, since a judge decides in milliseconds, and becomes lazy."""


def carry_out(directory: Path, node: str = "") -> SessionResult:
    """Carry out the session in this directory, and write its result last; the process can take another one if so told.

    ``node`` is this host's name where there are several. Whatever goes wrong on the way out, a full disk for instance,
    ends the process: nobody may think that it waits.
    """
    (directory / "answers").mkdir(exist_ok=True)
    own_ticks = read_start_ticks(os.getpid()) or 0
    mark = WorkerMark(pid=os.getpid(), start_ticks=own_ticks, boot_id=read_boot_id(), host=node)
    write_record(directory / WORKER, mark)
    try:
        result = _open_and_serve(directory, node)
    except (KernelOptError, OSError) as error:
        result = SessionResult(outcome=SessionOutcome.SETUP_ERROR, why=(str(error),))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what told this session to end ends a worker that waits
    write_record(directory / RESULT, result)
    return result


def _open_and_serve(directory: Path, node: str) -> SessionResult:
    """Understand the request, take a card, and serve orders on it."""
    spoken = read_record(directory / REQUEST, dict[str, Any]) or {}
    if spoken.get("protocol") != PROTOCOL:
        why = f"the request speaks protocol {spoken.get('protocol')}, this worker {PROTOCOL}"
        return SessionResult(outcome=SessionOutcome.PROTOCOL_MISMATCH, why=(why,))
    request = read_record(directory / REQUEST, SessionRequest)
    if request is None:
        raise ReadFailedError(f"{directory / REQUEST} is missing")
    owner = Owner(directory, request)
    signal.signal(signal.SIGTERM, owner.tell_to_end)
    if request.scheduler is not None and request.level is not None:
        require_walls(request.level)
    platform = _open_platform(request.platform)
    looker = Looker(platform, request.read_limit_s)
    held = take_idle_card(request, platform, looker, owner.find_reason_to_end)
    if isinstance(held, SessionResult):
        return held
    with held.lease:
        write_record(answer_path(directory, 0), _tell_grant(platform, held, node))
        watch = CardWatch(request, platform, looker, held)
        runner = Runner(directory, platform, held.reading, watch, owner)
        result = _serve(directory, request, runner, owner)
    is_well = result.outcome is SessionOutcome.OK and not looker.is_busy
    return replace(result, worker_stays=is_well)


def _serve(directory: Path, request: SessionRequest, runner: Runner, owner: Owner) -> SessionResult:
    """Carry out orders until one says end, or a reason to end comes up."""
    number = 1
    while True:
        order = _await_order(order_path(directory, number), request.idle_order_s, owner)
        if isinstance(order, SessionOutcome):
            return SessionResult(outcome=order)
        if order.run is None:
            return SessionResult(outcome=SessionOutcome.OK)
        answer = runner.carry_out(order.run)
        write_record(answer_path(directory, number), answer)
        if answer.leaked_pids:
            why = f"processes that cannot be killed: {', '.join(map(str, answer.leaked_pids))}"
            return SessionResult(outcome=SessionOutcome.LEAKED, why=(why,))
        number += 1


def _await_order(path: Path, limit_s: float, owner: Owner) -> Order | SessionOutcome:
    """Wait for an order; return why the session is to end instead when there comes none."""
    until = time.monotonic() + limit_s
    nap_s = _NAP_S
    while (reason := owner.find_reason_to_end()) is None:
        order = read_record(path, Order)
        if order is not None:
            return order
        if time.monotonic() > until:
            return SessionOutcome.IDLE
        time.sleep(nap_s)
        nap_s = min(nap_s * 1.2, _LONG_NAP_S)
    return reason


def _open_platform(choice: PlatformChoice) -> Platform:
    """Open the platform by its import path."""
    module, _, name = choice.factory.partition(":")
    try:
        factory = cast(Callable[..., Platform], getattr(importlib.import_module(module), name))
        return factory(choice.options)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ReadFailedError(f"the platform {choice.factory} cannot be opened: {error}") from error


def _tell_grant(platform: Platform, held: HeldCard, node: str) -> Granted:
    """Tell which card this is and what binding to it means, shown on the worker's own environment."""
    bound = platform.bind(held.reading, os.environ)
    changed = {key: bound.get(key) for key in {*bound, *os.environ} if bound.get(key) != os.environ.get(key)}
    key = f"{node}/{held.lease.key}" if node else held.lease.key
    return Granted(card=held.reading, lease_key=key, env=changed)
