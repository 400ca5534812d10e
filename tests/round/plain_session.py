"""A measuring session without worker, card and walls: orders are run where the test stands."""

import subprocess
from pathlib import Path

from kernel_opt.edges.measuring import Session
from kernel_opt.edges.session_records import Granted, RunAnswer, RunOrder, RunOutcome
from kernel_opt.model.reading import Reading
from kernel_opt.worker.collect import Collector


class PlainSession(Session):
    """Runs each order at once; ``spoil`` says how the n-th ends instead."""

    def __init__(self, directory: Path, spoil: dict[int, RunAnswer] | None = None) -> None:
        self.directory = directory
        self.granted = Granted(card=Reading(card=0, source="plain", at_s=0.0), lease_key="plain-0", env={})
        self.logs: list[str] = []
        self.ended = False
        self._spoil = spoil or {}

    def run(self, order: RunOrder, on_tick: object = None) -> RunAnswer:
        """Run the command to its end."""
        del on_tick
        self.logs.append(order.log_name)
        if len(self.logs) in self._spoil:
            return self._spoil[len(self.logs)]
        log = self.directory / order.run_dir / order.log_name
        log.parent.mkdir(parents=True)
        collector = Collector(self.directory, order)
        with log.open("wb") as out:
            done = subprocess.run(
                order.argv, cwd=order.cwd, env=order.env, stdout=out, stderr=subprocess.STDOUT, check=False
            )
        return RunAnswer(
            outcome=RunOutcome.FAILED if done.returncode else RunOutcome.OK,
            exit_code=done.returncode,
            wall_s=0.1,
            log=str(log.relative_to(self.directory)),
            files=collector.collect().files,
        )

    def end(self) -> None:
        """Note that the card was let go."""
        self.ended = True
