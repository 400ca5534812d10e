"""The stable JSON that the daemon stores with each fact, and that `status` shows without decoding the journal."""

import msgspec

from kernel_opt.model import steps as s
from kernel_opt.model.settings import Settings
from kernel_opt.model.state import RunState
from kernel_opt.rules.protocol import next_step
from kernel_opt.views.format import known
from kernel_opt.views.gains import class_gains, headline_gain, is_headline_current, overall_gain
from kernel_opt.views.snapshot_nouns import Headline, HoldNow, Recent, Snapshot, Spent, StepNow, StopNow
from kernel_opt.views.step_words import tell_step

_ENCODER = msgspec.json.Encoder()


def snapshot(state: RunState, limits: Settings) -> bytes:
    """Return the status of a run as JSON."""
    step = next_step(state, limits)
    shot = Snapshot(
        tag=state.tag,
        repository=state.repository,
        worktree=state.worktree,
        branch=f"kernel-opt/{state.tag}",
        state=_state_word(state, step),
        step=StepNow(
            name=type(step).__name__, text=tell_step(step), since_s=state.last_s, expected_s=_expected_s(state, step)
        ),
        hold=_hold(state, step),
        round=state.round,
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
        spent=_spent(state),
        stop=_stop(state),
        detectable_pct={key: None if pct is None else round(pct, 2) for key, pct in state.detectable_pct.items()},
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


def _hold(state: RunState, step: s.Step) -> HoldNow | None:
    if state.hold is None:
        return None
    until_s = step.until_s if isinstance(step, s.Wait) else None
    return HoldNow(cause=state.hold.cause, why=state.hold.why, until_s=until_s, times=state.hold.count)


def _stop(state: RunState) -> StopNow | None:
    stop = state.stop
    return StopNow(reason=stop.reason, code=stop.code, is_done=stop.is_done) if stop else None


def _headline(state: RunState) -> Headline | None:
    if state.headline is None:
        return None
    gain = headline_gain(state.headline)
    return Headline(gain=gain, pairs=state.headline.pairs, is_current=is_headline_current(state))


def _recent(state: RunState) -> tuple[Recent, ...]:
    return tuple(
        Recent(
            round=one.round,
            ending=one.ending.value,
            sentence=one.sentence,
            targets=one.targets,
            gain_pct=None if one.gain_pct is None else known(one.gain_pct, 0.1),
            why=one.why,
        )
        for one in state.lookbacks
    )


def _spent(state: RunState) -> Spent:
    tally = state.tally
    return Spent(
        gpu_s=round(tally.gpu_s, 1),
        agent_tokens=tally.agent_tokens,
        cost_usd=round(tally.cost_usd, 4),
        active_s=round(tally.active_s, 1),
    )


def _expected_s(state: RunState, step: s.Step) -> float | None:
    """Guess from the baseline how long a benchmark takes; nothing else has a usual length."""
    return round(state.baseline.wall_s, 1) if isinstance(step, s.Bench) and state.baseline else None
