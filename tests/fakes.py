"""Plain fakes with state: a clock, a world that answers steps, and builders for nouns with sensible defaults."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count

from msgspec.structs import replace

from kernel_opt.journal.book import MemoryBook
from kernel_opt.journal.codec import entries
from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model import steps as s
from kernel_opt.model.bench import BenchRun, WrongRow
from kernel_opt.model.compiled import Compiled, CompileOutcome
from kernel_opt.model.config import ConfigClass, ConfigRow
from kernel_opt.model.edit import Change, ChangeKind, Edit
from kernel_opt.model.facts import Entry, Fact, Purpose
from kernel_opt.model.hypothesis import Candidate, Hypothesis, Origin, Usage
from kernel_opt.model.integrity import not_checked, passed
from kernel_opt.model.measurement import Arm, Measurement, Metric, RowTime, TimedRun
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import BenchmarkSettings, RoundSettings, Settings
from kernel_opt.model.stages import Stage
from kernel_opt.model.state import RunState
from kernel_opt.model.trace import Hotspot, KernelSummary, Role, TargetKernel, Trace
from kernel_opt.model.verdict import ClassVerdict, Outcome, Verdict
from kernel_opt.round.flow import Scribe, carry_on
from kernel_opt.rules.evolve import evolve
from kernel_opt.rules.protocol import next_step

KEYS = ("block_size=16, head_size=64", "block_size=16, head_size=128")
RATIOS = {
    Outcome.BETTER: 0.9,
    Outcome.WORSE: 1.1,
    Outcome.TIE: 1.0,
    Outcome.UNCLEAR: 0.99,
    Outcome.DIVERGING: 0.98,
}


class FakeClock:
    """Time that passes only when told; it never runs backwards."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s
        self.start_s = now_s

    def stamp(self) -> tuple[float, float, str]:
        """Wall clock, seconds since boot, boot id."""
        return self.now_s, self.now_s - self.start_s + 100.0, "boot-a"

    def pass_time(self, seconds: float) -> None:
        self.now_s += max(0.0, seconds)

    @property
    def minutes(self) -> float:
        """Minutes since the clock was made."""
        return (self.now_s - self.start_s) / 60


# --- nouns ------------------------------------------------------------------------------------------------------------


def settings(**tables: object) -> Settings:
    """Settings with a benchmark and defaults; each keyword replaces one table."""
    benchmark = BenchmarkSettings(command=("python", "bench.py"), file="bench.py", csv="*.csv", metric="us")
    return replace(Settings(benchmark=benchmark), **tables)


def config_row(key: str = "0", us: float = 100.0, **values: str) -> ConfigRow:
    return ConfigRow(key=key, values=values or {"block_size": "16", "head_size": "64"}, us=us, error=0.0)


def config_class(key: str = KEYS[0], configs: tuple[str, ...] = ("0",), share_pct: float = 50.0) -> ConfigClass:
    return ConfigClass(key=key, columns={"block_size": "16"}, configs=configs, us=100.0, share_pct=share_pct)


def bench_run(commit: str = "base", us: float = 100.0, rows: int = 2) -> BenchRun:
    return BenchRun(
        commit=commit,
        rows=tuple(config_row(str(number), us) for number in range(rows)),
        wall_s=60.0,
        gpu_s=60.0,
        card="card-0",
        folder="rounds/0/bench",
        error_checked=True,
    )


def timed_run(arm: Arm, us: float = 100.0, rows: int = 2) -> TimedRun:
    times = tuple(RowTime(config=str(number), us=us) for number in range(rows))
    return TimedRun(arm=arm, card="card-0", script_us=times, gpu_us=times, gpu_whole_us=us * rows)


def measurement(best: str = "base", candidate: str = "cand", pairs: int = 2, rows: int = 2) -> Measurement:
    arms = (Arm.CANDIDATE, Arm.BEST) * pairs
    return Measurement(best=best, candidate=candidate, runs=tuple(timed_run(arm, rows=rows) for arm in arms))


def class_verdict(key: str = KEYS[0], outcome: Outcome = Outcome.TIE) -> ClassVerdict:
    ratio = RATIOS[outcome]
    interval = (ratio - 0.005, ratio + 0.005)
    return ClassVerdict(
        key=key, outcome=outcome, ratio=ratio, interval=interval, evidence=0.0, pairs=4, detectable_pct=1.0
    )


def verdict(outcome: Outcome = Outcome.TIE, targets: tuple[str, ...] = (), metric: Metric = Metric.GPU) -> Verdict:
    """A verdict whose classes agree with it: all alike, or one of each for diverging."""
    mixed = (Outcome.BETTER, Outcome.WORSE) if outcome is Outcome.DIVERGING else (outcome, outcome)
    ratio = RATIOS[outcome]
    return Verdict(
        outcome=outcome,
        metric=metric,
        targets=targets,
        classes=tuple(class_verdict(key, one) for key, one in zip(KEYS, mixed, strict=True)),
        target_ratio=ratio,
        target_interval=(ratio - 0.005, ratio + 0.005),
        overall_ratio=ratio,
        overall_interval=(ratio - 0.005, ratio + 0.005),
        gain_pct=10.0 if outcome is Outcome.BETTER else 0.0,
        evidence=5.0 if outcome is Outcome.BETTER else -5.0,
        pairs=4,
        runs=8,
        sentence=f"{outcome.value} by a fake",
    )


def kernel(name: str = "pa_main", total_ns: int = 4_000_000, calls: int = 40) -> KernelSummary:
    average = total_ns / calls if calls else 0.0
    return KernelSummary(name=name, calls=calls, total_ns=total_ns, average_ns=average, share_pct=80.0, arch_vgpr=128)


def trace(*kernels: KernelSummary) -> Trace:
    return Trace(
        total_ns=5_000_000,
        kernels=kernels or (kernel(), kernel("pa_reduce", 1_000_000, 40)),
        targets=(TargetKernel(name="pa_main"), TargetKernel(name="pa_reduce", role=Role.REDUCE)),
        hotspots=(Hotspot(id="h1", kind="vmem_wait", kernel="pa_main", share_pct=40.0),),
        isa={"pa_main": "f1"},
    )


def hypothesis(sentence: str = "tile by 64", targets: tuple[str, ...] = ()) -> Hypothesis:
    return Hypothesis(sentence=sentence, bottlenecks=("h1",), targets=targets, why="fewer waits")


def edit(tree: str = "tree") -> Edit:
    changed = Change(path="kernels/pa.py", kind=ChangeKind.MODIFIED, mode="100644", size_bytes=10)
    return Edit(base="base", tree=tree, changes=(changed,), lines_added=3, lines_removed=1)


def candidate(commit: str = "cand", origin: Origin = Origin.PROPOSED, added: int = 3, removed: int = 1) -> Candidate:
    return Candidate(
        commit=commit, parent="base", origin=origin, files=("kernels/pa.py",), lines_added=added, lines_removed=removed
    )


def run_started(base: str = "base") -> f.RunStarted:
    return f.RunStarted(
        tag="t", base=base, repository="/repo", worktree="/tree", branch="kernel-opt/t", settings={},
        settings_source="defaults", version="0.1.0",
    )  # fmt: skip


def daemon_started(*, wished: bool = True, max_rounds: int = 0, max_hours: float = 0.0) -> f.DaemonStarted:
    return f.DaemonStarted(pid=1, wished=wished, max_rounds=max_rounds, max_hours=max_hours)


def entry(fact: Fact, seq: int = 1, at_s: float = 1000.0) -> Entry:
    round_number = fact.round if isinstance(fact, r.RoundOpened) else 0
    return Entry(seq=seq, round=round_number, at_s=at_s, boottime_s=at_s, boot_id="boot-a", fact=fact)


def fold(*facts: Fact, state: RunState | None = None, at_s: float = 1000.0) -> RunState:
    """The state after these facts, all at one moment."""
    state = state or RunState()
    for seq, fact in enumerate(facts, 1):
        state = evolve(state, entry(fact, seq, at_s))
    return state


# --- what may be answered ---------------------------------------------------------------------------------------------

GPU_TROUBLE: tuple[Fact, ...] = (
    f.NoIdleGpu(why=("card 0 is busy",)),
    f.Disturbed(why=("somebody came",), gpu_s=5.0),
)
FAULTS: tuple[Fact, ...] = (
    f.Faulted(kind="gpu-lost", why="driver reset", gpu_s=1.0),
    f.Faulted(kind="disk-full", why="no room"),
)
EXPLAINED = r.Explained(message="it waits less", usage=Usage(cost_usd=0.01), folder="e")
NOTHING = r.GaveNothing(why="no idea", usage=Usage(cost_usd=0.1, input_tokens=10, output_tokens=1), folder="p")
AWAY = f.ProposerAway(why="over its limit")


def broke(commit: str = "cand", kind: str = "crash", *, trivial: bool = False) -> f.Broke:
    return f.Broke(commit=commit, kind=kind, why=f"{kind} in line 3", folder="b", trivial=trivial, gpu_s=7.0)


def benched_wrong(commit: str = "cand") -> f.BenchedWrong:
    rows = (WrongRow(config="0", error=0.5),)
    return f.BenchedWrong(commit=commit, rows=rows, why="1 row is wrong", folder="b", gpu_s=8.0)


def proposed(sentence: str = "tile by 64", cost_usd: float | None = 0.25) -> r.Proposed:
    usage = Usage(wall_s=30.0, input_tokens=1000, output_tokens=200, cost_usd=cost_usd)
    return r.Proposed(hypothesis=hypothesis(sentence), edit=edit(), proposer="fake", usage=usage, folder="p")


def edited(origin: Origin) -> r.Edited:
    return r.Edited(origin=origin, edit=edit(), note="", usage=Usage(cost_usd=0.25), folder="p")


def refused(rule: str = "no-evidence", *, cheat: bool = False) -> r.Refused:
    return r.Refused(rule=rule, why="not allowed", cheat=cheat)


def measured(purpose: Purpose, best: str = "base", commit: str = "cand") -> f.Measured:
    return f.Measured(
        purpose=purpose, measurement=measurement(best, commit), trace=trace(), folder="m", gpu_s=240.0
    )  # fmt: skip


def permitted(step: s.Step, state: RunState) -> tuple[Fact, ...]:  # noqa: C901 -- one case per step
    """At least one of each kind of answer that ``step`` may get, the good one first."""
    match step:
        case s.Wait():
            return (f.Waited(waited_s=60.0, reason=step.reason),)
        case s.Rest():
            return (f.Unpaused(rested_s=60.0),)
        case s.Bench():
            classes = tuple(config_class(key, (str(n),)) for n, key in enumerate(KEYS)) if step.is_baseline else ()
            bad = (benched_wrong(step.commit), broke(step.commit), broke(step.commit, trivial=True))
            barred = () if step.is_baseline else (refused("rows-changed", cheat=True),)
            return (f.Benched(run=bench_run(step.commit), classes=classes), *bad, *barred, *GPU_TROUBLE, *FAULTS)
        case s.Measure():
            bad = (benched_wrong(step.candidate), broke(step.candidate), broke(step.candidate, trivial=True))
            barred = (refused("rows-changed", cheat=True),) if step.purpose is Purpose.ROUND else ()
            good = measured(step.purpose, step.best, step.candidate)
            return (good, *bad, *barred, *GPU_TROUBLE, *FAULTS)
        case s.Judge():
            return (*_judgements(step.purpose, state), *FAULTS)
        case s.Profile():
            whole = f.Traced(commit=step.commit, trace=trace(), folder="t", gpu_s=30.0)
            elsewhere = replace(whole, card="another card")
            return (whole, elsewhere, replace(whole, trace=None), *GPU_TROUBLE, *FAULTS)
        case s.OpenRound():
            return (r.RoundOpened(round=step.round, best=state.code, seed=step.round), *FAULTS)
        case s.Propose():
            return (proposed(f"idea {state.round}"), NOTHING, AWAY, replace(AWAY, final=True), *FAULTS)
        case s.Check():
            commit = f"cand-{state.round}"
            origin = getattr(state.stage, "origin", Origin.PROPOSED)
            checked = r.Checked(candidate=candidate(commit, origin))
            compiled = (replace(checked, compiled=Compiled(outcome=outcome, why="told")) for outcome in CompileOutcome)
            return (checked, *compiled, refused(), refused("metric", cheat=True), *FAULTS)
        case s.Amend():
            return (edited(step.origin), NOTHING, AWAY, *FAULTS)
        case s.Format():
            tidy = candidate(f"{step.candidate.commit}-tidy", Origin.FORMATTED)
            same = r.Formatted(candidate=step.candidate, changed=False)
            return (r.Formatted(candidate=tidy, changed=True), same, r.FormatFailed(why="not found"), *FAULTS)
        case s.Explain():
            return (EXPLAINED,)
        case s.Recheck():
            checks = (passed("held-out"), not_checked("poison", "no program is named"))
            good = r.Rechecked(commit=step.candidate.commit, checks=checks, folder="c", gpu_s=3.0)
            return (good, refused("held-out", cheat=True), *GPU_TROUBLE, *FAULTS)
        case s.Rebase():
            rebased = r.Rebased(onto=step.onto, edit=edit(f"{step.tree}+") if step.tree else None)
            return (rebased, r.Dropped(ending=Ending.REBASE_LOST, why="the same lines"), *FAULTS)
        case s.Seal():
            return (r.Sealed(purpose=step.purpose, old=state.tip, new=f"{step.purpose}-{state.round}"), *FAULTS)
        case s.Publish():
            return (_published(step, state), *FAULTS)
        case s.Drop():
            return (r.Dropped(ending=step.ending, why=step.why), *FAULTS)
        case s.Finish():
            return (f.Stopped(reason=step.reason, code=step.code, best=state.tip),)
        case s.PlanStop():
            return (f.StopPlanned(reason=step.reason, code=step.code),)
        case s.Close():
            return ()


def _judgements(purpose: Purpose, state: RunState) -> tuple[Fact, ...]:
    match purpose:
        case Purpose.NOISE:
            return (f.NoiseJudged(notes=(), detectable_pct=dict.fromkeys(KEYS, 1.0)),)
        case Purpose.HEADLINE:
            better = f.HeadlineJudged(verdict=verdict(Outcome.BETTER), commit=state.code)
            return (better, replace(better, verdict=verdict(Outcome.WORSE), holds=False, why="it is gone"))
        case Purpose.ROUND:
            outcomes = (Outcome.BETTER, Outcome.WORSE, Outcome.TIE, Outcome.UNCLEAR, Outcome.DIVERGING)
            return (*(f.Judged(verdict=verdict(one)) for one in outcomes), broke(kind="unused"))


def _published(step: s.Publish, state: RunState) -> Fact:
    if step.purpose == "baseline":
        return r.BaselineKept(commit=step.new)
    if step.purpose == "keep":
        return r.Kept(commit=step.new, candidate=f"cand-{state.round}", why="fewer waits")
    if step.purpose == "rollback":
        return r.RolledBack(commit=step.new, code=state.code, why="it is gone")
    stop = state.stop
    return f.Stopped(reason=stop.reason if stop else "", code=stop.code if stop else "", best=step.new)


ANY_TIME: tuple[Fact, ...] = (
    daemon_started(wished=False),
    daemon_started(wished=True),
    f.StopAsked(by="a person"),
    f.Paused(),
    f.Unpaused(),
)


def one_of_each() -> tuple[Fact, ...]:
    """One fact of every kind there is."""
    best = r.Sealed(purpose="keep", old="a", new="b")
    return (
        run_started(), *ANY_TIME[1:], *GPU_TROUBLE, FAULTS[0], NOTHING, AWAY, f.Waited(waited_s=1.0, reason="busy"),
        f.Benched(run=bench_run()), benched_wrong(), broke(), measured(Purpose.ROUND),
        f.Traced(commit="base", trace=trace(), folder="t"), f.Judged(verdict=verdict()),
        f.NoiseJudged(notes=("quiet",), detectable_pct={KEYS[0]: None}),
        f.HeadlineJudged(verdict=verdict(), commit="c"), f.StopPlanned(reason="done", code="asked"),
        f.Stopped(reason="done", code="asked", best="base"), r.RoundOpened(round=1, best="base", seed=1), proposed(),
        edited(Origin.REPAIR), r.Checked(candidate=candidate()), refused(),
        r.Formatted(candidate=candidate(), changed=True), r.FormatFailed(why="not found"), best,
        r.BaselineKept(commit="b"), r.Kept(commit="c", candidate="cand", why="x"),
        r.Dropped(ending=Ending.TIE, why="tie"),
        r.Rechecked(commit="cand", checks=(passed("held-out"),), folder="c"),
        r.RolledBack(commit="d", code="base", why="it is gone"), EXPLAINED, r.Rebased(onto="base"),
    )  # fmt: skip


def advance(state: RunState, *words: str, limits: Settings | None = None) -> RunState:
    """Answer one step after the other."""
    for word in words:
        state = fold(find_answer(next_step(state, limits or settings()), state, word), state=state)
    return state


def at_every_stage() -> dict[type[Stage], RunState]:
    """A run at each stage there is, led there by its own protocol."""
    need = fold(run_started(), daemon_started())
    ready = advance(need, *["good"] * 6)
    drafted = advance(ready, *["good"] * 2)
    runnable = advance(drafted, "good")
    timed = advance(runnable, "good", "good")
    vetted = advance(timed, "better", "good", "good", "good", "better", "good")
    sealed = advance(vetted, "good")
    headline = settings(round=RoundSettings(headline_every=1))
    states = (
        *(advance(need, *["good"] * steps) for steps in range(7)),
        *(drafted, runnable, advance(runnable, "good"), timed, vetted, sealed),
        advance(need, "wrong"),
        advance(ready, "good"),
        advance(ready, "good", "nothing"),
        advance(drafted, "slip"),
        advance(runnable, "trivial"),
        advance(runnable, "wrong"),
        advance(timed, "better"),
        *(advance(sealed, "good", *words, limits=headline) for words in (["good"], ["good", "gone"])),
        advance(sealed, "good", "good", "gone", "good", limits=headline),
    )
    return {type(state.stage): state for state in states}


# --- a world that answers steps ---------------------------------------------------------------------------------------

Wish = tuple[Callable[[RunState], bool], Fact]
"""When (asked before each step), and what a person then wishes."""

TAKES_S = {"Bench": 60.0, "Measure": 240.0, "Profile": 30.0, "Recheck": 10.0, "Propose": 120.0, "Amend": 60.0}


class ScriptedPerformer:
    """A world told per kind of step: each answers with the next word of its script, when that is used up with "good".

    The branch is real: publishing moves it by compare-and-swap, as git would.
    """

    def __init__(self, clock: FakeClock, **script: Iterable[str]) -> None:
        self.clock = clock
        self.branch = "base"
        self.asked: list[s.Step] = []
        self.most_steps = 5_000  # a run that does not end fails its test instead of hanging it
        self._script = {kind: iter(words) for kind, words in script.items()}
        self._numbers = count(1)

    def say(self, kind: str, *words: str) -> None:
        """Put more words at the end of a script."""
        self._script[kind] = chain(self._script.get(kind, ()), words)

    def perform(self, step: s.Step, state: RunState) -> Fact:
        """See Performer."""
        self.asked.append(step)
        assert len(self.asked) < self.most_steps, "the run does not end"
        kind = type(step).__name__
        if isinstance(step, s.Judge) and step.purpose is not Purpose.ROUND:
            kind = step.purpose.name.capitalize()  # told apart: a script for Judge is about candidates
        word = next(self._script.get(kind, iter(())), "good")
        if word not in {"busy", "fault", "full", "foreign", "away"}:
            self.clock.pass_time(TAKES_S.get(kind, 0.0))
        return self._answer(step, state, word)

    def _answer(self, step: s.Step, state: RunState, word: str) -> Fact:
        if isinstance(step, s.Wait):
            waited_s = step.until_s - self.clock.now_s
            self.clock.pass_time(waited_s)
            return f.Waited(waited_s=waited_s, reason=step.reason)
        if isinstance(step, s.Rest):
            self.clock.pass_time(3600.0)
        if isinstance(step, s.Publish) and word == "good":
            if self.branch not in {step.old, step.new}:
                return f.Faulted(kind="foreign-change", why="somebody moved the branch")
            self.branch = step.new
        if isinstance(step, s.Seal) and word == "good":
            return r.Sealed(purpose=step.purpose, old=state.tip, new=f"{step.purpose}-{next(self._numbers)}")
        if isinstance(step, s.Judge) and step.purpose is Purpose.ROUND and word == "good":
            word = "tie"
        if word == "foreign":
            return f.Faulted(kind="foreign-change", why="somebody moved the branch")
        if word in {"best-broke", "base-broke"}:
            return broke(state.code if word == "best-broke" else state.base)
        return find_answer(step, state, word)


def find_answer(step: s.Step, state: RunState, word: str = "good") -> Fact:
    """The permitted answer that a word means; "good" is the one that gets on."""
    for fact in permitted(step, state):
        if word == "good" or word in words_of(fact):
            return fact
    raise AssertionError(f"{word!r} is no answer to {step}")


def words_of(fact: Fact) -> tuple[str, ...]:  # noqa: C901 -- one case per word
    """What scripts call a fact."""
    match fact:
        case f.BenchedWrong():
            return ("wrong",)
        case f.Broke():
            return ("trivial",) if fact.trivial else (fact.kind, "broken")
        case f.NoIdleGpu():
            return ("busy",)
        case f.Disturbed():
            return ("disturbed",)
        case f.Faulted():
            return ("full",) if fact.kind == "disk-full" else ("fault",)
        case f.ProposerAway():
            return ("lost",) if fact.final else ("away",)
        case f.Judged():
            return (fact.verdict.outcome.value,)
        case f.HeadlineJudged():
            return () if fact.holds else ("gone",)
        case r.Checked(compiled=Compiled() as compiled):
            return (compiled.outcome.value,)
        case r.Refused():
            return ("cheat",) if fact.cheat else ("slip",)
        case r.GaveNothing():
            return ("nothing",)
        case r.FormatFailed():
            return ("no-formatter",)
        case _:
            return ()


class Run:
    """One run in memory: its book, its world, and what people wish in between."""

    def __init__(self, limits: Settings | None = None, **script: Iterable[str]) -> None:
        self.clock = FakeClock()
        self.book = MemoryBook()
        self.world = ScriptedPerformer(self.clock, **script)
        self.limits = limits or settings()
        self.scribe = Scribe(self.book, self.clock.stamp)
        self.scribe.write(run_started())

    def start(self, *wishes: Wish, max_rounds: int = 0, max_hours: float = 0.0) -> str:
        """Start or resume by a person's wish, and carry on until the run ends; return the reason."""
        self.scribe.write(daemon_started(max_rounds=max_rounds, max_hours=max_hours))
        return self.go_on(*wishes)

    def go_on(self, *wishes: Wish) -> str:
        """Carry on with the state folded afresh, as after a crash."""
        self.scribe = Scribe(self.book, self.clock.stamp)
        left = deque(wishes)

        def interruption(state: RunState) -> Fact | None:
            return left.popleft()[1] if left and left[0][0](state) else None

        return carry_on(self.scribe, self.world, self.limits, interruption)

    @property
    def state(self) -> RunState:
        """Where the run stands."""
        return self.scribe.state

    def entries(self) -> Iterator[Entry]:
        """The journal so far."""
        return entries(self.book.records())
