"""Wait: for a card, for the machine, for the proposer, for a person."""

from kernel_opt.model.facts import Fact, Paused, StopAsked, Unpaused, Waited
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Rest, Wait
from kernel_opt.round.tools import Tools

LONGEST_WAIT_S = 6 * 3600.0
"""Above every wait the protocol knows: a wall clock that was set back by days must not make us sleep for days."""
FOREVER_S = 365 * 86400.0


def wait(step: Wait, state: RunState, tools: Tools) -> Fact:
    """Sleep until the moment has come or somebody asks for something; nothing wakes up in between."""
    began = tools.clock.utc().timestamp()
    tools.wishes.sleep_until(min(step.until_s, began + LONGEST_WAIT_S))
    by = tools.wishes.stop()
    if by is not None:
        return StopAsked(by=by)
    if tools.wishes.pause() and not state.paused:
        return Paused()
    return Waited(waited_s=max(0.0, tools.clock.utc().timestamp() - began), reason=step.reason)


def rest(step: Rest, state: RunState, tools: Tools) -> Fact:
    """Sleep until somebody lets the run go on, or stops it."""
    del step, state
    began = tools.clock.utc().timestamp()
    while tools.wishes.pause() and tools.wishes.stop() is None:
        tools.wishes.sleep_until(tools.clock.utc().timestamp() + FOREVER_S)
    by = tools.wishes.stop()
    if by is not None:
        return StopAsked(by=by)
    return Unpaused(rested_s=max(0.0, tools.clock.utc().timestamp() - began))
