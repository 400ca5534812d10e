"""Best that is proved again is checked as every round is."""

from msgspec.structs import replace

from kernel_opt.model.facts import Broke, Faulted, Purpose
from kernel_opt.model.integrity import CheckOutcome
from kernel_opt.model.measurement import Arm
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.stages import Ready
from kernel_opt.model.steps import Measure
from kernel_opt.model.trace import TargetKernel, Trace
from kernel_opt.round.prove import check_code, is_proof, tell_refused
from kernel_opt.round.sightings import Sightings
from tests.round.test_sightings import run
from tests.round.toolbox import Box

FOUND = Refused(rule="skipped-calls", why="6 launches", cheat=True, folder="rounds/1", gpu_s=2.0)


def trace(fingerprint: str) -> Trace:
    return Trace(targets=(TargetKernel(name="pa"),), isa={"pa": fingerprint})


def test_only_best_against_the_baseline_is_a_proof(box: Box) -> None:
    """A round is checked as a round, and two commits that a person compares are that person's."""
    state = box.state()
    assert is_proof(Measure("base", state.code, Purpose.HEADLINE), state)
    assert not is_proof(Measure("base", "other", Purpose.HEADLINE), state)
    assert not is_proof(Measure("base", state.code, Purpose.ROUND), state)
    assert not is_proof(Measure("base", state.base, Purpose.HEADLINE), replace(state, best=None))


def test_what_is_found_gives_best_up(box: Box) -> None:
    """It is no refusal of a proposal any more; the baseline's own trouble is nobody's."""
    step = Measure("base", box.state().code, Purpose.HEADLINE)
    broke = tell_refused(FOUND, Arm.CANDIDATE, step)
    assert isinstance(broke, Broke)
    assert (broke.commit, broke.kind, broke.why) == (step.candidate, "refused", "skipped-calls: 6 launches")
    assert isinstance(tell_refused(FOUND, Arm.BEST, step), Faulted)


def test_the_code_is_compared_with_what_was_kept(box: Box) -> None:
    """Where both were traced, then and now."""
    state = box.state()
    assert state.best is not None
    state = replace(state, best=replace(state.best, trace=trace("code:2")), baseline_trace=trace("code:1"))
    both = {Arm.BEST: trace("code:1"), Arm.CANDIDATE: trace("code:2")}
    assert check_code(state, both).outcome is CheckOutcome.PASSED
    assert check_code(state, {**both, Arm.CANDIDATE: trace("code:3")}).outcome is CheckOutcome.FAILED
    assert check_code(state, {Arm.CANDIDATE: trace("code:2")}).outcome is CheckOutcome.NOT_CHECKED
    assert check_code(replace(state, best=None), both).outcome is CheckOutcome.NOT_CHECKED


def test_the_whole_measurement_is_looked_at(box: Box) -> None:
    """All but what was run without a tracer on another day."""
    sightings = Sightings()
    for arm in Arm:
        sightings.add(arm, run())
    told = {check.name: check.outcome for check in sightings.judge(box.state(stage=Ready()), box.tools)}
    assert told["plain-against-traced"] is CheckOutcome.NOT_CHECKED
    assert told["control-channel"] is CheckOutcome.PASSED
