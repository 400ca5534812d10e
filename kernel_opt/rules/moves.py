"""What each fact makes of each stage, as one table: a pair that is not in it cannot happen."""

from kernel_opt.rules.baseline_moves import BASELINE_MOVES
from kernel_opt.rules.move import Moves
from kernel_opt.rules.round_moves import ROUND_MOVES

MOVES: Moves = {**BASELINE_MOVES, **ROUND_MOVES}
