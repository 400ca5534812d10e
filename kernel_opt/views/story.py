"""The nouns of a told round: what was claimed, tried, measured, decided and learned."""

from dataclasses import dataclass, field

from kernel_opt.model.bench import BenchRun
from kernel_opt.model.compiled import Compiled
from kernel_opt.model.hypothesis import Candidate, Hypothesis
from kernel_opt.model.integrity import IntegrityCheck
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.trace import Role, Trace
from kernel_opt.model.verdict import Verdict
from kernel_opt.rules.judge.regress import geometric_mean_us, target_us
from kernel_opt.views.learned import Lesson, learn


@dataclass(frozen=True, slots=True)
class Attempt:
    """One candidate of a round and what became of it."""

    candidate: Candidate
    outcome: str = ""
    """``right``, ``wrong`` or ``failed``, with why; empty while nothing ran."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which classes take a kernel of their own, and under which condition."""

    condition: str
    classes: tuple[str, ...]
    kernels: tuple[str, ...] = ()


@dataclass(slots=True)
class RoundStory:
    """One round, as far as it has come."""

    round: int
    opened_s: float
    best: str
    hypothesis: Hypothesis | None = None
    proposer: str = ""
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    repairs: int = 0
    bench: BenchRun | None = None
    """The last right run; of the unformatted candidate when formatting broke it."""
    verdict: Verdict | None = None
    judged_s: float | None = None
    trace: Trace | None = None
    split: Split | None = None
    notes: list[str] = field(default_factory=list[str])
    checks: list[IntegrityCheck] = field(default_factory=list[IntegrityCheck])
    """How its figures were checked, in the order it was done; the last look at each check counts."""
    compiled: Compiled | None = None
    """What the last candidate that was checked compiles to; None: no build is configured."""
    ending: Ending | None = None
    is_given_up: bool = False
    """Kept once, and found not to hold when it was measured afresh."""
    why: str = ""
    ended_s: float | None = None
    gpu_s: float = 0.0
    cost_usd: float = 0.0
    agent_tokens: int = 0

    @property
    def candidate(self) -> Candidate | None:
        """The last candidate: what was measured and, if so, kept."""
        return self.attempts[-1].candidate if self.attempts else None

    @property
    def is_kept(self) -> bool:
        """Whether the candidate became best."""
        return self.ending is Ending.KEPT

    @property
    def us(self) -> float | None:
        """Geometric mean of the script times of the candidate's last right benchmark."""
        return geometric_mean_us(self.bench.rows) if self.bench else None

    @property
    def gpu_us(self) -> float | None:
        """Average GPU time of the target kernels in the candidate's last trace."""
        return target_us(self.trace)

    @property
    def lesson(self) -> Lesson:
        """What the prediction was worth."""
        return learn(self.hypothesis, self.verdict)


def main_kernels(trace: Trace | None) -> tuple[str, ...]:
    """Return the names of the kernels under tuning that do the main work, hottest first."""
    return _kernels(trace, Role.MAIN)


def specialised_kernels(trace: Trace | None) -> tuple[str, ...]:
    """Return the names of the kernels that take the main one's place for some classes."""
    return _kernels(trace, Role.SPECIALISED)


def _kernels(trace: Trace | None, role: Role) -> tuple[str, ...]:
    if trace is None:
        return ()
    heat = {kernel.name: kernel.total_ns for kernel in trace.kernels}
    names = [target.name for target in trace.targets if target.role is role]
    return tuple(sorted(names, key=lambda name: -heat.get(name, 0)))
