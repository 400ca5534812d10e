"""Cold runs of single commits: fresh trees of other names, fresh caches; what fails is asked of best as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.session_records import RunAnswer
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.facts import Benched, BenchedWrong, Broke, Fact
from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.stages import Vetted, Weighed
from kernel_opt.model.state import RunState
from kernel_opt.round.session import Bench, RunOnce, export_tree, machine_fact
from kernel_opt.round.telling import tell_run
from kernel_opt.round.tools import Tools

Rows = tuple[ConfigRow, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a run that should have been right was not."""

    why: str


class Cold:
    """One look at a would-be keep, on one card."""

    def __init__(self, bench: Bench, stage: Weighed | Vetted, seed: int, state: RunState, tools: Tools) -> None:
        self.bench, self.seed = bench, seed
        self.candidate, self.usual, self.measurement = stage.candidate.commit, stage.run.rows, stage.measurement
        self.state, self.tools = state, tools
        self._trees: dict[str, Path] = {}

    def tree(self, commit: str) -> Path:
        """Return a fresh tree of the commit, in a folder whose name tells nothing."""
        if commit not in self._trees:
            name = f"w{(self.seed + 7919 * len(self._trees)) % 16**6:06x}"
            self._trees[commit] = export_tree(self.tools, commit, self.bench.folder, name)
        return self._trees[commit]

    def trees(self) -> tuple[Path, ...]:
        """Return every tree there is."""
        return tuple(self._trees.values())

    def answer(self, commit: str, argv: Sequence[str], log_name: str, reads: Path | None = None) -> RunAnswer | Fact:
        """Run a command in the commit's tree; the fact when the machine failed."""
        answer = self.bench.run(RunOnce(tree=self.tree(commit), log_name=log_name, argv=tuple(argv), reads=reads))
        return machine_fact(answer, self.bench, self.tools) or answer

    def rows(self, commit: str, argv: Sequence[str], log_name: str) -> Rows | Problem | Fact:
        """Run the benchmark, changed in what the command says, and tell its rows."""
        answer = self.answer(commit, argv, log_name)
        if isinstance(answer, Fact):
            return answer
        # Its rows are others than the baseline's where the arguments are.
        fact = tell_run(commit, answer, self.bench, replace(self.state, baseline=None), self.tools)
        match fact:
            case Benched():
                return fact.run.rows
            case BenchedWrong() | Broke() | Refused():
                return Problem(fact.why)
            case _:
                return fact

    def doubt(self, name: str, problem: Problem, argv: Sequence[str]) -> IntegrityCheck | Fact:
        """Blame the candidate only for what best can do: else it is the check that does not fit this target."""
        best = self.rows(self.state.code, argv, f"{name}-best.log")
        if isinstance(best, Problem):
            return not_checked(name, f"best fails it as well: {best.why}")
        return failed(name, problem.why) if isinstance(best, tuple) else best
