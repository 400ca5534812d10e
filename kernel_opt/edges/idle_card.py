"""An idle card for one command of a person: looked for as the daemon does, held while the command runs."""

import importlib
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import cast

from kernel_opt.edges.clock import Clock
from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.lease import take
from kernel_opt.edges.session_records import PlatformChoice
from kernel_opt.model.errors import InfrastructureError, UsageError
from kernel_opt.model.reading import Reading
from kernel_opt.rules.card.gate import Thresholds, judge_card, pick_card


def open_platform(choice: PlatformChoice) -> Platform:
    """Open the platform that a choice names."""
    module, _, name = choice.factory.partition(":")
    try:
        factory = cast(Callable[..., Platform], getattr(importlib.import_module(module), name))
        return factory(choice.options)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"the platform {choice.factory} cannot be opened: {error}", "see platform.options") from error


@contextmanager
def hold_idle_card(
    platform: Platform, thresholds: Thresholds, clock: Clock, environ: Mapping[str, str]
) -> Generator[dict[str, str]]:
    """Take the idlest card and give ``environ`` bound to it; an error with the reasons when none is idle."""
    looks: list[tuple[Reading, ...]] = []
    for number in range(thresholds.looks):
        if number:
            clock.sleep_s(thresholds.gap_s)
        looks.append(platform.read_cards())
    by_key: dict[str, list[Reading]] = {}
    for reading in (reading for look in looks for reading in look):
        by_key.setdefault(platform.lease_key(reading), []).append(reading)
    states = [judge_card(readings, thresholds) for readings in by_key.values()]
    why = [f"card {state.reading.card}: {state.why}" for state in states if not state.idle]
    while (picked := pick_card(states, {})) is not None:
        lease = take(platform.lease_key(picked.reading), {"tag": "a command of a person", "pid": os.getpid()})
        if lease is not None:
            with lease:
                yield platform.bind(picked.reading, environ)
            return
        why.append(f"card {picked.reading.card}: leased by another run")
        states = [state for state in states if state is not picked]
    raise InfrastructureError(
        f"no idle card: {'; '.join(why) or 'this host has none'}", "wait, and see `kernel-opt gpus`"
    )
