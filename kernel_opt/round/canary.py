"""A fault of the card is a candidate's only if best runs right on the same card afterwards."""

from pathlib import Path

from msgspec.structs import replace

from kernel_opt.model.facts import Benched, BenchedWrong, Broke, Fact, Faulted
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.state import RunState
from kernel_opt.round.session import Bench, RunOnce, machine_fact
from kernel_opt.round.telling import tell_run
from kernel_opt.round.tools import Tools
from kernel_opt.rules.card.health import CARD_FAULTS

SUSPICIOUS = CARD_FAULTS | {"hang"}
"""Also a run that was killed for its time: a card that hangs need not say so."""


def doubt_the_card(broke: Broke, best: str, tree: Path, bench: Bench, state: RunState, tools: Tools) -> Fact:
    """Run best where a candidate met a fault that a card can have as well; ``tree`` is best's."""
    if broke.kind not in SUSPICIOUS:
        return broke
    answer = bench.run(RunOnce(tree=tree, log_name="canary.log"))
    fact = machine_fact(answer, bench, tools) or tell_run(best, answer, bench, state, tools)
    if isinstance(fact, Benched):
        return replace(broke, gpu_s=bench.gpu_s)
    if isinstance(fact, Broke | BenchedWrong | Refused):
        why = f"{broke.why}; best did not run right on this card afterwards either: {fact.why}"
        return Faulted(kind=broke.kind, why=why, gpu_s=bench.gpu_s)
    return fact
