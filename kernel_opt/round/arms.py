"""One run of one build: what it showed, and whose failure it was when it failed, the command's or the tracer's.

Wrappers tell the command's exit code by version: some hide a failure, some fail themselves after a good run. So a
failed traced run is believed only when the same command fails without the tracer as well.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from kernel_opt.edges.session_records import RunAnswer, RunOutcome
from kernel_opt.edges.tracers.failures import explain_failure
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.model.bench import BenchRun
from kernel_opt.model.facts import Benched, BenchedWrong, Broke, Fact, Faulted
from kernel_opt.model.state import RunState
from kernel_opt.round.session import Bench, RunOnce, machine_fact
from kernel_opt.round.telling import tell_run
from kernel_opt.round.tools import Tools
from kernel_opt.round.traces import RunTrace, read_run_trace


@dataclass(frozen=True, slots=True)
class ArmRun:
    """A run that was right."""

    run: BenchRun
    found: RunTrace | None
    """None: by script time alone."""


@dataclass(frozen=True, slots=True)
class TracerFailed:
    """A run that says nothing, for want of a trace."""

    why: str
    is_empty: bool = False
    """The tracer ended well and saw its devices, but no kernel."""


class Arms:
    """The builds of one measurement on one card."""

    def __init__(self, bench: Bench, state: RunState, tools: Tools) -> None:
        self._bench, self._state, self._tools = bench, state, tools
        self._sound: set[str] = set()
        """Commits that ran right without the tracer after failing under it."""
        self.is_tracing = tools.platform.tracer is not None

    def run(self, tree: Path, log_name: str) -> RunAnswer:
        """Run the benchmark once, traced unless that was given up."""
        rung = Rung.KERNEL if self.is_tracing else Rung.SCRIPT
        return self._bench.run(RunOnce(tree=tree, log_name=log_name, rung=rung))

    def tell(self, commit: str, tree: Path, answer: RunAnswer) -> ArmRun | TracerFailed | Fact:
        """Tell what the last run showed; a fact when it was not right."""
        fact = self._tell(commit, answer)
        if not self.is_tracing:
            return ArmRun(fact.run, None) if isinstance(fact, Benched) else fact
        if isinstance(fact, Benched):
            return self._read(fact, tree, answer)
        return self._doubt(fact, commit, tree, answer) if isinstance(fact, Broke) else fact

    def _tell(self, commit: str, answer: RunAnswer) -> Fact:
        fact = machine_fact(answer, self._bench, self._tools)
        return fact or tell_run(commit, answer, self._bench, self._state, self._tools)

    def _doubt(self, broke: Broke, commit: str, tree: Path, answer: RunAnswer) -> ArmRun | TracerFailed | Fact:
        """See whether the command fails without the tracer too; if not, keep what is whole of the traced run."""
        if broke.kind == "no-numbers":  # a failed assertion in the log is one, though the wrapper hides the exit code
            unhidden = self._tell(commit, replace(answer, outcome=RunOutcome.FAILED))
            if isinstance(unhidden, BenchedWrong):
                return unhidden
        kept = self._tell(commit, replace(answer, outcome=RunOutcome.OK))
        read = self._read(kept, tree, answer) if isinstance(kept, Benched) else None
        if commit not in self._sound:
            plain = self._bench.run(RunOnce(tree=tree, log_name="untraced.log"))
            fact = self._tell(commit, plain)
            if not isinstance(fact, Benched):
                return fact
            self._sound.add(commit)
        why = explain_failure(broke.log_tail) or broke.why
        return read or TracerFailed(f"under the tracer the benchmark failed, without it all was right: {why}")

    def _read(self, fact: Benched, tree: Path, answer: RunAnswer) -> ArmRun | TracerFailed | Fact:
        found = read_run_trace(self._bench, tree, fact.run.rows, self._state, self._tools)
        if isinstance(found, str):
            return TracerFailed(found, _is_empty(answer))
        if found.stray:
            return Faulted(kind="wrong-card", why=found.stray, gpu_s=self._bench.gpu_s)
        return ArmRun(fact.run, found)


def _is_empty(answer: RunAnswer) -> bool:
    names = [file.path for file in answer.files]
    saw_devices = any("agent_info" in name for name in names)
    return answer.outcome is RunOutcome.OK and saw_devices and not any("kernel_trace" in name for name in names)
