"""The stable JSON that the daemon stores with each fact, and that `status` shows without decoding the journal."""

import msgspec

from kernel_opt.model import steps as s
from kernel_opt.model.settings import Settings
from kernel_opt.model.stages import Doubted, HeadlineTimed, Ready, RollbackSealed, Unsound
from kernel_opt.model.state import Expected, RunState
from kernel_opt.rules.integrity.refusals import loud_refusals
from kernel_opt.rules.lane_steps import lanes_of
from kernel_opt.rules.lanes import on_branch
from kernel_opt.rules.memory.learned import calibrate
from kernel_opt.rules.pace import expect, expect_round
from kernel_opt.rules.protocol import next_step
from kernel_opt.views.format import known
from kernel_opt.views.gains import class_gains, headline_gain, is_headline_current, overall_gain
from kernel_opt.views.snapshot_agent import agent_now, spent_so_far
from kernel_opt.views.snapshot_lanes import lanes_now
from kernel_opt.views.snapshot_nouns import (
    Headline,
    HoldNow,
    Predictions,
    Recent,
    RoundNow,
    Snapshot,
    StepNow,
    StopNow,
)
from kernel_opt.views.step_words import tell_sandbox, tell_step

_ENCODER = msgspec.json.Encoder()
_BETWEEN_ROUNDS = (Ready, HeadlineTimed, Doubted, RollbackSealed, Unsound)


def snapshot(state: RunState, limits: Settings) -> bytes:
    """Return the status of a run as JSON."""
    lanes = lanes_now(state, limits)
    state = on_branch(state)
    step = next_step(state, limits)
    shot = Snapshot(
        tag=state.tag,
        repository=state.repository,
        worktree=state.worktree,
        branch=f"kernel-opt/{state.tag}",
        state=_state_word(state, step),
        step=_step_now(state, step),
        hold=_hold(state, step, limits),
        round=state.round,
        round_now=_round_now(state),
        baseline_commit=state.base,
        best_commit=state.code,
        best_round=state.best.round if state.best else 0,
        classes=class_gains(state),
        overall=overall_gain(state),
        headline=_headline(state),
        regressions_in_a_row=state.tally.regressions_in_a_row,
        regressions_limit=limits.stop.regressions_in_a_row,
        keeps=state.tally.keeps,
        endings=dict(state.tally.endings),
        recent=_recent(state),
        predictions=_predictions(state),
        spent=spent_so_far(state),
        stop=_stop(state),
        detectable_pct={key: None if pct is None else round(pct, 2) for key, pct in state.detectable_pct.items()},
        card=_card(state),
        sandbox=state.sandbox,
        sandbox_text=tell_sandbox(state.sandbox),
        refused=loud_refusals(state.tally),
        lanes_limit=lanes_of(limits),
        lanes=lanes,
        agent=agent_now(state, limits),
        blocked=state.blocked,
        min_free_mb=limits.disk.min_free_mb,
        started_s=state.started_s,
        last_fact_s=state.last_s,
    )
    return _ENCODER.encode(shot)


def _state_word(state: RunState, step: s.Step) -> str:
    if state.stop is not None:
        return "stopped" if state.stop.is_done else "stopping"
    if isinstance(step, s.Rest):
        return "paused"
    if isinstance(step, s.Wait):
        return "waiting"
    return "running" if state.baseline else "starting"


def _step_now(state: RunState, step: s.Step) -> StepNow:
    seconds, of = _told(expect(state.pace, step))
    name, text = type(step).__name__, tell_step(step)
    return StepNow(name=name, text=text, since_s=state.last_s, expected_s=seconds, expected_of=of)


def _round_now(state: RunState) -> RoundNow | None:
    """Return the clock of the open round; between two rounds there is none."""
    if not state.round or isinstance(state.stage, _BETWEEN_ROUNDS):
        return None
    seconds, of = _told(expect_round(state.pace))
    pace = state.pace
    waited_s = round(pace.round_waited_s, 1)
    return RoundNow(since_s=pace.round_since_s, waited_s=waited_s, expected_s=seconds, expected_of=of)


def _told(usual: Expected | None) -> tuple[float | None, int]:
    return (round(usual.seconds, 1), usual.of) if usual else (None, 0)


def _hold(state: RunState, step: s.Step, limits: Settings) -> HoldNow | None:
    if state.hold is None and isinstance(step, s.Wait):  # nothing is in the way: it waits by its own settings
        return HoldNow(cause="budget", why=step.reason, until_s=step.until_s, times=1)
    if state.hold is None:
        return None
    until_s = step.until_s if isinstance(step, s.Wait) else None
    most = {"gpu": limits.gate.looks, "proposer": limits.agent.patience}.get(state.hold.cause, limits.round.faults)
    return HoldNow(cause=state.hold.cause, why=state.hold.why, until_s=until_s, times=state.hold.count, most_times=most)


def _card(state: RunState) -> str:
    """Return the card of the last measurement, or of the last benchmark before there was one."""
    runs = state.measurements[-1].runs if state.measurements else ()
    bench = state.best.run if state.best else state.baseline
    return runs[-1].card if runs else bench.card if bench else ""


def _stop(state: RunState) -> StopNow | None:
    stop = state.stop
    return StopNow(reason=stop.reason, code=stop.code, is_done=stop.is_done) if stop else None


def _headline(state: RunState) -> Headline | None:
    if state.headline is None:
        return None
    gain = headline_gain(state.headline)
    return Headline(gain=gain, pairs=state.headline.pairs, is_current=is_headline_current(state))


def _predictions(state: RunState) -> Predictions:
    found = calibrate(state.trials)
    return Predictions(
        confirmed=found.confirmed,
        refuted=found.refuted,
        inconclusive=found.inconclusive,
        factor=None if found.factor is None else round(found.factor, 2),
    )


def _recent(state: RunState) -> tuple[Recent, ...]:
    return tuple(
        Recent(
            round=one.round,
            ending=one.ending.value,
            sentence=one.sentence,
            targets=one.targets,
            gain_pct=None if one.gain_pct is None else known(one.gain_pct, one.uncertainty_pct),
            uncertainty_pct=None if one.uncertainty_pct is None else round(one.uncertainty_pct, 2),
            why=one.why,
            is_given_up=one.is_given_up,
        )
        for one in state.lookbacks
    )
