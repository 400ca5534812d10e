"""What the runs of one measurement showed, kept for the checks that look at all of them together."""

from kernel_opt.model.integrity import IntegrityCheck
from kernel_opt.model.measurement import Arm
from kernel_opt.model.stages import Right
from kernel_opt.model.state import RunState
from kernel_opt.round.arms import ArmRun
from kernel_opt.round.tools import Tools
from kernel_opt.round.traces import call_counts
from kernel_opt.rules.integrity.round_checks import call_checks, check_seen
from kernel_opt.rules.integrity.trace_checks import Seen


class Sightings:
    """The right runs of both arms."""

    def __init__(self) -> None:
        self._runs: dict[Arm, list[ArmRun]] = {Arm.BEST: [], Arm.CANDIDATE: []}

    def add(self, arm: Arm, run: ArmRun) -> None:
        """Remember a run; of traces the last one is enough, since each may be large."""
        runs = self._runs[arm]
        runs[:] = [ArmRun(one.run, None) for one in runs]
        runs.append(run)

    def clear(self) -> None:
        """Forget all: traced and untraced runs do not compare."""
        for runs in self._runs.values():
            runs.clear()

    def judge(self, state: RunState, tools: Tools) -> tuple[IntegrityCheck, ...]:
        """Make every check of the whole measurement; none where an arm did not run."""
        best, candidate, stage = self._runs[Arm.BEST], self._runs[Arm.CANDIDATE], state.stage
        if not candidate:
            return ()
        calls = call_checks(traced=candidate[-1].found is not None, counted=call_counts(tools) is not None)
        # Best that is proved again was run without the tracer long ago, on another day: that does not compare.
        plain = (state.best.run.rows if state.best else (), stage.run.rows) if isinstance(stage, Right) else ((), ())
        plain_us = tuple({row.key: row.us for row in rows} for rows in plain)
        band_pct = tools.settings.integrity.control_band_pct
        return (*calls, *check_seen(_seen(best), _seen(candidate), (plain_us[0], plain_us[1]), band_pct))


def _seen(runs: list[ArmRun]) -> Seen:
    if not runs:  # best was known well enough: nothing stands next to the candidate
        return Seen(script_us={})
    last, found = runs[-1], runs[-1].found
    return Seen(
        script_us={row.key: row.us for row in last.run.rows},
        control_us=tuple(one.run.control_us for one in runs),
        recording=found.recording if found else None,
        attribution=found.attribution if found else None,
        targets=tuple(target.name for target in found.trace.targets) if found else (),
    )
