"""When counters are taken that a proposer has asked for: with the next trace of best, which may be made for them."""

from msgspec.structs import replace

from kernel_opt.model.deeper import Deeper
from kernel_opt.model.facts import Traced
from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState


def after_claim(state: RunState, hypothesis: Hypothesis) -> Deeper:
    """Return what is wished for after a claim; whether its round comes to anything does not matter."""
    return replace(state.deeper, asked=state.round) if hypothesis.deeper else state.deeper


def after_trace(state: RunState, fact: Traced) -> Deeper:
    """Return what is wished for after a trace: nothing, also where it could not be had."""
    taken = state.opened if state.deeper.asked else state.deeper.taken
    return Deeper(taken=taken, came=fact.asked)


def is_deeper_due(state: RunState, limits: Settings) -> bool:
    """Say whether best is traced again for a wish alone."""
    every, wish = limits.round.deeper_every, state.deeper
    return bool(every and wish.asked) and (not wish.taken or state.opened - wish.taken >= every)
