"""One run on the leased card: look, start, watch, collect, look again, answer."""

import signal
from dataclasses import replace
from pathlib import Path

from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.process import Ended, StopWish, run_contained
from kernel_opt.edges.session_records import RunAnswer, RunOrder, RunOutcome
from kernel_opt.model.errors import InfrastructureError, SupervisorLostError
from kernel_opt.model.reading import Reading
from kernel_opt.model.sandbox import Sandbox, SandboxLevel
from kernel_opt.worker.collect import Collector
from kernel_opt.worker.owner import Owner
from kernel_opt.worker.watch import CardWatch

_ENDING_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_TICK_S = 0.1
"""Between two questions whether to stop and whether to look: ten wake-ups a second disturb no measurement."""


class Runner:
    """Carries out runs, one after the other, on one card."""

    def __init__(self, directory: Path, platform: Platform, card: Reading, watch: CardWatch, owner: Owner) -> None:
        self._directory = directory
        self._platform = platform
        self._card = card
        self._watch = watch
        self._owner = owner

    def carry_out(self, order: RunOrder) -> RunAnswer:
        """Run one order and answer it."""
        before, found = self._watch.look_before()
        if found:
            detail = "not started: the card was not quiet"
            return RunAnswer(outcome=RunOutcome.DISTURBED, detail=detail, before=before, disturbances=found)
        try:
            return self._measure(order, before)
        except (InfrastructureError, OSError) as error:
            is_told = isinstance(error, SupervisorLostError) and self._owner.find_late_reason() is not None
            outcome = RunOutcome.CANCELLED if is_told else RunOutcome.SETUP_ERROR
            return RunAnswer(outcome=outcome, detail=str(error), before=before)

    def _measure(self, order: RunOrder, before: Reading) -> RunAnswer:
        """Run the command on a quiet card."""
        run_dir = self._directory / order.run_dir
        run_dir.mkdir(parents=True, exist_ok=False)
        log = run_dir / order.log_name
        collector = Collector(self._directory, order)
        env, sandbox = self._enclose(order)
        ended = run_contained(
            order.argv,
            cwd=Path(order.cwd),
            env=env,
            log=log,
            timeout_s=order.timeout_s,
            no_output_s=order.no_output_s,
            max_file_bytes=order.max_file_bytes,
            on_tick=self._tick,
            tick_s=_TICK_S,
            sandbox=sandbox,
        )
        is_told = _is_told_by_others(ended) and self._owner.find_late_reason() is not None
        collection = collector.collect()
        after, disturbances = self._watch.look_after()
        return RunAnswer(
            outcome=RunOutcome.CANCELLED if is_told else _name_outcome(ended, disturbances),
            exit_code=ended.exit_code,
            signal=ended.signal,
            wall_s=ended.wall_s,
            log=str(log.relative_to(self._directory)),
            log_bytes=ended.log_bytes,
            log_truncated=ended.log_truncated,
            files=collection.files,
            stale=collection.stale,
            refused=collection.refused,
            before=before,
            after=after,
            under_load=self._watch.sum_up(),
            disturbances=disturbances,
            sandbox=sandbox.level.value if sandbox else "",
            survivors_killed=ended.survivors_killed,
            leaked_pids=ended.leaked_pids,
        )

    def _enclose(self, order: RunOrder) -> tuple[dict[str, str], Sandbox | None]:
        """Return environment and walls that show our card and no other."""
        if order.sandbox is None or order.sandbox.level is SandboxLevel.S1:  # where nothing is hidden, HIP counts all
            return self._platform.bind(self._card, order.env), order.sandbox
        devices, env = self._platform.enclose(self._card, order.env)
        return env, replace(order.sandbox, devices=(*order.sandbox.devices, *devices))

    def _tick(self) -> StopWish | None:
        """Look around while the command runs; stop it at once when nobody wants the session any more."""
        reason = self._owner.find_reason_to_end()
        if reason is not None:
            return StopWish(reason.value, at_once=True)
        self._watch.look_meanwhile()
        return None


def _is_told_by_others(ended: Ended) -> bool:
    """Tell whether a run may have been ended by what ends us too: a scheduler signals every process of a job."""
    is_asked = ended.signal in _ENDING_SIGNALS or ended.exit_code in {128 + number for number in _ENDING_SIGNALS}
    return is_asked and not (ended.timed_out or ended.stalled or ended.stopped_by)


def _name_outcome(ended: Ended, disturbances: tuple[str, ...]) -> RunOutcome:
    """Name how it ended. A disturbed run says nothing about its command, however it ended."""
    if ended.stopped_by is not None:
        return RunOutcome.CANCELLED
    if disturbances:
        return RunOutcome.DISTURBED
    if ended.timed_out:
        return RunOutcome.STEP_TIMEOUT
    if ended.stalled:
        return RunOutcome.STALLED
    return RunOutcome.OK if ended.exit_code == 0 else RunOutcome.FAILED
