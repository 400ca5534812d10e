"""What a state can say of itself."""

from kernel_opt.model.round_facts import Ending
from kernel_opt.model.state import RunState, Trial


def test_ideas_are_told_in_the_order_they_were_tried() -> None:
    """Blocks are only how they are held; a repeat is seen whatever block it stands in."""
    first, second, third = Trial("tile", Ending.TIE), Trial("hoist", Ending.KEPT), Trial("tile", Ending.REFUSED)
    state = RunState(trial_blocks=((first, second), (third,)))
    assert state.trials == (first, second, third)
    assert state.ideas == (("tile", Ending.TIE), ("hoist", Ending.KEPT), ("tile", Ending.REFUSED))
