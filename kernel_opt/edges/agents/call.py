"""Starting a coding agent, keeping its limits, and taking everything it started down with it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from kernel_opt.edges.agents.events import EventTail
from kernel_opt.edges.agents.network import limit_network
from kernel_opt.edges.agents.order import Dialect, Order
from kernel_opt.edges.agents.walls import show_agent
from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.process import Ended, StopWish, run_contained
from kernel_opt.model.proposal import Task

STALLED = "nothing came back from the model"
BRIEF_CAP_BYTES = 400_000
"""About a hundred thousand tokens: twice that is all many models can read, and the code is still to be read, too."""


def run_call(
    dialect: Dialect, order: Order, log: Path, on_tick: Callable[[], StopWish | None]
) -> tuple[Ended, tuple[str, ...]]:
    """Carry out one call; return also the servers that it was refused. Nothing that it started lives on."""
    limits = order.limits
    dialect.prepare(order)
    environment = call_environment(dialect, order)
    walls = show_agent(order.request.sandbox, order.program)
    with limit_network(dialect, order, dialect.argv(order), environment, walls) as way:
        ended = run_contained(
            way.argv,
            cwd=Path(order.request.worktree),
            env=way.environment,
            log=log,
            timeout_s=limits.timeout_s if order.request.task is Task.PROPOSE else limits.mend_timeout_s,
            stdin=order.brief,
            no_output_s=limits.silence_s or None,
            interrupt_first=True,  # only then does it tell what it has cost
            on_tick=_Patience(EventTail(log, dialect.is_progress), limits.silence_s, on_tick),
            sandbox=way.sandbox,
        )
        return ended, tuple(sorted(way.refused))


def call_environment(dialect: Dialect, order: Order) -> dict[str, str]:
    """Return a plain environment with a home of its own, the credentials that are named, and nothing else."""
    names = order.key_names or dialect.keys
    keys = {name: os.environ[name] for name in (*names, *order.limits.pass_environment) if name in os.environ}
    told = {"KERNEL_OPT_TASK": order.request.task.value, "KERNEL_OPT_ROUND": str(order.request.round)}
    own = {**dialect.environment(order), **keys, **told, **order.agent.environment}
    return child_environment(order.private, extra=own)


class _Patience:
    """Ends a call that says again and again that it is waiting: words about waiting are output, but no progress."""

    def __init__(self, tail: EventTail, silence_s: float, on_tick: Callable[[], StopWish | None]) -> None:
        self._tail = tail
        self._silence_s = silence_s
        self._on_tick = on_tick
        self._heard = time.monotonic()

    def __call__(self) -> StopWish | None:
        """Return the wish of a person, or ours."""
        wish = self._on_tick()
        if wish is not None or not self._silence_s:
            return wish
        if self._tail.has_progressed():
            self._heard = time.monotonic()
        return StopWish(STALLED) if time.monotonic() - self._heard > self._silence_s else None
