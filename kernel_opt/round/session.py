"""One stay on one card: trees exported, commands run, what they wrote read; every ending told as a fact."""

from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.code_files import keep_code
from kernel_opt.edges.environment import child_environment
from kernel_opt.edges.export import export
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.lease_times import find_last_used
from kernel_opt.edges.manifest import Changes, Manifest
from kernel_opt.edges.measuring import Patience, Session, StillQueued, open_session
from kernel_opt.edges.secrets import mask_file
from kernel_opt.edges.session_records import (
    RunAnswer,
    RunOrder,
    RunOutcome,
    SessionOutcome,
    SessionRequest,
    SessionResult,
)
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.journal.failpoints import failpoint
from kernel_opt.model.facts import Disturbed, Fact, Faulted, NoIdleGpu, Paused, StopAsked
from kernel_opt.model.reading import Reading
from kernel_opt.model.state import RunState
from kernel_opt.round.enclose import enclose_benchmark
from kernel_opt.round.tools import Tools
from kernel_opt.rules.card.gate import Thresholds

MIB = 1024 * 1024
WANTED_SLACK_S = 60.0  # over the time between two looks, which last some seconds themselves: an old wish must fade
LOG_TAIL_BYTES = 8_000  # what fits a screen or two; the whole log stays in the folder


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOnce:
    """One run of the benchmark to be ordered."""

    tree: Path
    log_name: str
    rung: Rung = Rung.SCRIPT
    """How deep the tracer looks; as here, not at all."""
    argv: tuple[str, ...] = ()
    """Another command than the benchmark's; ``{out}`` in it is a folder whose files are kept."""
    reads: Path | None = None
    """What an earlier run left, for this one to read."""


class Bench:
    """A session with its folder: orders runs and finds what they left."""

    def __init__(
        self, session: Session, folder: Path, tools: Tools, timeout_s: float, kernels: tuple[str, ...]
    ) -> None:
        self._session = session
        self._tools = tools
        self._kernels = kernels
        self.timeout_s = timeout_s
        """Seconds after which a run is killed."""
        self._runs = 0
        self.changes = Changes()
        """Protected files that changed while the last run lasted."""
        self.folder = folder
        self.gpu_s = 0.0

    @property
    def card(self) -> str:
        """The lease key of the card this session holds."""
        return self._session.granted.lease_key

    @property
    def reading(self) -> Reading:
        """What was known of that card when it was taken."""
        return self._session.granted.card

    def run(self, wanted: RunOnce) -> RunAnswer:
        """Run the benchmark once in a fresh environment and wait for it."""
        self._runs += 1
        benchmark = self._tools.settings.benchmark
        home = self.folder / f"home-{self._runs}"
        trace_dir = self.folder / f"trace-{self._runs}"
        keeps_out = any("{out}" in word for word in wanted.argv)
        tracer = self._tools.platform.tracer if wanted.rung is not Rung.SCRIPT else None
        if keeps_out or tracer is not None:
            trace_dir.mkdir()
        argv = [word.replace("{out}", str(trace_dir)) for word in wanted.argv or benchmark.command]
        if tracer is not None:
            argv = tracer.trace_argv(argv, trace_dir, wanted.rung, self._kernels)
        env = child_environment(home, benchmark.pass_environment, benchmark.environment, self._tools.environment)
        seen = Manifest(wanted.tree, self._tools.protected, results=benchmark.csv)
        order = RunOrder(
            argv=tuple(argv),
            cwd=str(wanted.tree),
            env=env,
            timeout_s=self.timeout_s,
            run_dir=f"runs/{self._runs:04d}",
            log_name=wanted.log_name,
            collect=(benchmark.csv,),
            collect_dirs=(str(trace_dir),) if tracer is not None or keeps_out else (),
            sandbox=enclose_benchmark(self._tools, wanted.tree, home, trace_dir, reads=wanted.reads),
        )
        answer = self._session.run(order, self._tools.wishes.stop_now)
        self.changes = seen.find_changes()
        seen.remove_strays()
        if answer.log is not None and benchmark.pass_environment:
            mask_file(self.folder / "session" / answer.log, self._tools.secrets)
        self.gpu_s += answer.wall_s or 0.0
        if tracer is not None:
            keep_code(home, self.run_folder() / "code")
        remove_tree(home)
        remove_tree(trace_dir)
        return answer

    def out_folder(self) -> Path:
        """Return where that lies which the last run left in ``{out}``."""
        return self.run_folder() / f"trace-{self._runs}"

    def run_folder(self) -> Path:
        """Return where the last run's files lie."""
        return self.folder / "session" / "runs" / f"{self._runs:04d}"

    def log_tail(self, answer: RunAnswer, most_bytes: int = LOG_TAIL_BYTES) -> str:
        """Return the end of the last run's log."""
        if answer.log is None:
            return ""
        path = self.folder / "session" / answer.log
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - most_bytes))
            return file.read(most_bytes).decode("utf-8", "replace")

    def end(self) -> None:
        """Let go of the card, also when the disk has no room for the order to do so."""
        try:
            failpoint("let_go.before")
            self._session.end()
        except OSError:
            self._tools.executor.cancel(self._session.directory)


def open_bench(folder: Path, state: RunState, tools: Tools, timeout_s: float) -> Bench | Fact:
    """Gate and lease a card; the fact that tells why there is none otherwise."""
    gate = tools.settings.gate
    request = SessionRequest(
        id=f"{state.tag}-{state.round:04d}-{folder.name}",
        tag=state.tag,
        platform=tools.platform.choice,
        owner_lock=tools.place.lock,
        gate=Thresholds(
            use_pct=gate.use_pct,
            vram_floor_bytes=int(gate.vram_floor_mb * MIB),
            looks=gate.readings,
            gap_s=gate.gap_s,
        ),
        watch_s=gate.watch_s,
        level=tools.sandbox.level if tools.sandbox is not None else None,
        last_used=_last_used(state),
    )
    wishes = tools.wishes
    patience = Patience(limit_s=gate.interval_s, is_over=lambda: wishes.stop() is not None or wishes.pause())
    session = open_session(tools.executor, folder / "session", request, wishes.stop_now, patience)
    if isinstance(session, StillQueued):
        return _tell_queue(session, tools)
    _tell_others(session, tools)
    if isinstance(session, Session):
        return Bench(session, folder, tools, timeout_s, _known_targets(state))
    if session.outcome is SessionOutcome.BUSY_GPU:
        return NoIdleGpu(why=session.why)
    wish = wishes.stop_now()
    if session.outcome is SessionOutcome.CANCELLED and wish is not None:
        return StopAsked(by=wish.reason)
    return Faulted(kind=session.outcome.value, why="; ".join(session.why) or "the measuring session could not begin")


def _tell_others(session: Session | SessionResult, tools: Tools) -> None:
    """Tell other runs on this host whether this one waits for a card; until it looks again, with some slack."""
    if tools.wants is None:
        return
    if isinstance(session, SessionResult) and session.outcome is SessionOutcome.BUSY_GPU:
        tools.wants.begin(tools.tree.lane, tools.settings.gate.interval_s + WANTED_SLACK_S)
    else:
        tools.wants.end(tools.tree.lane)


def _tell_queue(queued: StillQueued, tools: Tools) -> Fact:
    """Tell what a wait in the queue was: a look that found no card, unless somebody wants something else first."""
    by = tools.wishes.stop()
    if by is not None:
        return StopAsked(by=by)
    if tools.wishes.pause():
        return Paused()
    return NoIdleGpu(why=(queued.why,), waited_s=queued.waited_s)


def _last_used(state: RunState) -> dict[str, float]:
    """Return when each card was last used, but for the card of this run's own figures.

    That one counts as unused, so that of equally idle cards it is taken again: what is known of the noise and the
    trace of best are of that card, and going round all cards would lose both.
    """
    runs = state.measurements[-1].runs if state.measurements else ()
    home = runs[-1].card if runs else state.baseline.card if state.baseline else ""
    return {key: at_s for key, at_s in find_last_used().items() if key != home}


def _known_targets(state: RunState) -> tuple[str, ...]:
    """Return the names of the kernels under tuning, as far as a trace has shown them."""
    trace = (state.best.trace if state.best else None) or state.baseline_trace
    return tuple(target.name for target in trace.targets) if trace else ()


def machine_fact(answer: RunAnswer, bench: Bench, tools: Tools) -> Fact | None:
    """Return the fact of a run whose ending speaks of the machine or of us, None when it speaks of the command."""
    wish = tools.wishes.stop_now()
    if wish is not None:
        return StopAsked(by=wish.reason)
    if answer.leaked_pids:
        why = f"processes {answer.leaked_pids} cannot be killed: they hang in the driver"
        return Faulted(kind="leaked", why=why, gpu_s=bench.gpu_s)
    match answer.outcome:
        case RunOutcome.DISTURBED:
            return Disturbed(why=answer.disturbances, gpu_s=bench.gpu_s)
        case RunOutcome.SETUP_ERROR | RunOutcome.LOST | RunOutcome.CANCELLED:
            why = answer.detail or "the run was lost"
            return Faulted(kind=answer.outcome.value, why=why, gpu_s=bench.gpu_s)
        case RunOutcome.OK | RunOutcome.FAILED | RunOutcome.STEP_TIMEOUT | RunOutcome.STALLED:
            return None


def budget_s(state: RunState, tools: Tools) -> float:
    """Return the seconds after which an attempt is killed: twice its budget."""
    benchmark = tools.settings.benchmark
    if benchmark.time_budget_s:
        return 2 * benchmark.time_budget_s
    if state.baseline is None:
        return benchmark.first_budget_s
    wall_s = state.baseline.wall_s
    return 2 * max(3 * wall_s, wall_s + 120.0)


def export_tree(tools: Tools, commit: str, folder: Path, name: str) -> Path:
    """Write a pristine tree of a commit: the benchmark never runs where the proposer edited."""
    tree = folder / name
    failpoint("export_tree.before")
    export(tools.repository, commit, tree)
    if tools.pins is not None:
        tools.pins.put_into(tree)
    failpoint("export_tree.after")
    return tree
