"""Journals for the views, built fact by fact as a daemon would write them."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import to_builtins
from msgspec.structs import replace

from kernel_opt.edges.places import RunPlace, place_run, write_about
from kernel_opt.journal.codec import to_record
from kernel_opt.journal.store import Store
from kernel_opt.model import facts as f
from kernel_opt.model import round_facts as r
from kernel_opt.model.bench import BenchRun
from kernel_opt.model.config import ConfigClass, ConfigRow
from kernel_opt.model.edit import Edit
from kernel_opt.model.facts import Entry, Fact, Purpose
from kernel_opt.model.hypothesis import Candidate, Hypothesis, Origin, Prediction, Usage
from kernel_opt.model.measurement import Measurement, Metric
from kernel_opt.model.round_facts import Ending
from kernel_opt.model.settings import BenchmarkSettings, Settings
from kernel_opt.model.state import RunState
from kernel_opt.model.trace import Hotspot, KernelSummary, Occupancy, Role, TargetKernel, Trace
from kernel_opt.model.verdict import ClassVerdict, Outcome, Verdict
from kernel_opt.rules.evolve import evolve
from kernel_opt.views.snapshot import snapshot

START_S = 1_790_000_000.0  # 2026-09-21 14:13 UTC
STEP_S = 60.0
KEYS = ("block_size=16, mtp=0, head_size=128", "block_size=1024, mtp=1, head_size=128")
SETTINGS = Settings(
    benchmark=BenchmarkSettings(
        command=("python", "tests/kernels/test_pa.py"),
        file="tests/kernels/test_pa.py",
        csv="*.csv",
        metric="us_flydsl_ps",
        error="err_flydsl_ps",
        environment={"PA_MODE": "fast it's"},
    )
)
CLASSES = tuple(
    ConfigClass(key=key, columns=dict(part.split("=") for part in key.split(", ")), configs=(f"{key}#0", f"{key}#1"),
                us=us, share_pct=share)
    for key, us, share in zip(KEYS, (100.0, 400.0), (20.0, 80.0), strict=True)
)  # fmt: skip


def bench_of(commit: str, factors: Sequence[float] = (1.0, 1.0)) -> BenchRun:
    rows = tuple(
        ConfigRow(
            key=config, values=one.columns, us=one.us * factor * (0.9 if config.endswith("0") else 1 / 0.9), error=0
        )
        for one, factor in zip(CLASSES, factors, strict=True)
        for config in one.configs
    )
    return BenchRun(
        commit=commit, rows=rows, wall_s=90.0, gpu_s=80.0, card="0000:83:00.0", folder="rounds/x", error_checked=True
    )


def trace_of(us: float, specialised: str = "") -> Trace:
    main = KernelSummary(
        name="pa_decode_kernel",
        calls=10,
        total_ns=int(us * 10_000),
        average_ns=us * 1000,
        share_pct=91.0,
        arch_vgpr=128,
        accum_vgpr=4,
        sgpr=96,
        lds_bytes=16384,
        scratch_bytes=0,
    )
    kernels, targets = [main], [TargetKernel(name=main.name)]
    if specialised:
        kernels.append(replace(main, name=specialised, calls=5, total_ns=int(us * 2000), share_pct=9.0))
        targets.append(TargetKernel(name=specialised, role=Role.SPECIALISED))
    return Trace(
        total_ns=int(us * 11_000),
        kernels=tuple(kernels),
        targets=tuple(targets),
        occupancy=(
            Occupancy(kernel=main.name, gfx="gfx942", waves_per_simd=4, max_waves_per_simd=8, limited_by=("vgpr",)),
        ),
        hotspots=(
            Hotspot(
                id="h1",
                kind="vmem_wait",
                kernel=main.name,
                share_pct=34.0,
                source="pa.py:120",
                instruction="s_waitcnt vmcnt(0)",
            ),
        ),
    )


def verdict_of(
    outcome: Outcome, ratios: Sequence[float], targets: tuple[str, ...] = (), span: float = 0.004
) -> Verdict:
    def fate(ratio: float) -> Outcome:
        return Outcome.BETTER if ratio < 0.99 else Outcome.WORSE if ratio > 1.01 else Outcome.TIE

    overall = (ratios[0] * ratios[1]) ** 0.5
    target = ratios[KEYS.index(targets[0])] if targets else overall
    return Verdict(
        outcome=outcome,
        metric=Metric.GPU,
        targets=targets,
        classes=tuple(
            ClassVerdict(
                key=key,
                outcome=fate(ratio),
                ratio=ratio,
                interval=(ratio - span, ratio + span),
                evidence=4.0,
                pairs=6,
                detectable_pct=0.8,
            )
            for key, ratio in zip(KEYS, ratios, strict=True)
        ),
        target_ratio=target,
        target_interval=(target - span, target + span),
        overall_ratio=overall,
        overall_interval=(overall - span, overall + span),
        gain_pct=max(0.0, 100 * (1 - target)),
        evidence=4.0,
        pairs=6,
        runs=12,
        sentence=f"{outcome.value.capitalize()}: GPU time changed by {100 * (target - 1):+.1f} %, over 6 pairs.",
    )


class Canned:
    """A run that is written down fact by fact; every fact is a minute after the last."""

    def __init__(self, tag: str = "apr16", settings: Settings = SETTINGS, repository: str = "/home/ann/flydsl") -> None:
        self.entries: list[Entry] = []
        self.state = RunState()
        self.round = 0
        self.settings = settings
        self.base = "b" * 40
        self.factors = [1.0, 1.0]
        self.add(
            f.RunStarted(
                tag=tag, base=self.base, repository=repository, worktree=f"{repository}-wt", branch=f"kernel-opt/{tag}",
                settings=to_builtins(settings), settings_source="configs/pa.toml", version="0.1.0",
                environment={"GPU": "AMD Instinct MI300X", "ROCm": "7.0.1"},
            )
        )  # fmt: skip
        self.add(f.DaemonStarted(pid=4711, wished=True, containment="PID namespace by bwrap", sandbox="S3"))

    def add(self, fact: Fact) -> None:
        seq = len(self.entries) + 1
        entry = Entry(
            seq=seq, round=self.round, at_s=START_S + seq * STEP_S, boottime_s=seq * STEP_S, boot_id="boot", fact=fact
        )
        self.state = evolve(self.state, entry)
        self.entries.append(entry)

    def to_baseline(self) -> "Canned":
        """Up to where the baseline's row is about to be written."""
        self.add(
            f.Benched(run=bench_of(self.base), classes=CLASSES, class_note="grouped by block_size, mtp, head_size")
        )
        nothing = Measurement(best=self.base, candidate=self.base)
        self.add(
            f.Measured(purpose=Purpose.NOISE, measurement=nothing, trace=trace_of(200), folder="rounds/0000", gpu_s=300)
        )
        self.add(f.NoiseJudged(notes=("the clock was not fixed",), detectable_pct={KEYS[0]: 1.2, KEYS[1]: 0.6}))
        self.add(f.Traced(commit=self.base, trace=trace_of(200), folder="rounds/0000", gpu_s=60))
        return self

    def baseline(self) -> "Canned":
        self.to_baseline()
        self.add(r.Sealed(purpose="baseline", old=self.base, new="c" * 40))
        self.add(r.BaselineKept(commit="c" * 40))
        return self

    def open(self, lane: int = 1) -> None:
        self.round += 1
        self.add(r.RoundOpened(round=self.round, best=self.state.code, seed=self.round, lane=lane))

    def commit(self, mark: str = "") -> str:
        return f"{self.round:04d}{mark}".ljust(40, "a")

    def propose(
        self, sentence: str = "", targets: tuple[str, ...] = (), size_pct: float | None = 5.0, lane: int = 1
    ) -> None:
        """Open a round with a hypothesis and a candidate that may run."""
        self.open(lane)
        hypothesis = Hypothesis(
            sentence=sentence or f"Prefetch block {self.round} of K earlier.", bottlenecks=("h1",), targets=targets,
            prediction=Prediction(size_pct=size_pct), why="waits on vmcnt", proposer="claude", model="large",
        )  # fmt: skip
        usage = Usage(wall_s=30, input_tokens=9000, output_tokens=1000, cost_usd=0.05, agent="claude", model="large")
        edit = Edit(base=self.state.code, tree="t" * 40, changes=(), lines_added=4, lines_removed=2)
        self.add(
            r.Proposed(
                hypothesis=hypothesis, edit=edit, proposer="claude", usage=usage, folder=f"rounds/{self.round:04d}"
            )
        )
        self.check()

    def check(self, origin: Origin = Origin.PROPOSED, mark: str = "") -> None:
        self.add(r.Checked(candidate=self.candidate(origin, mark)))

    def candidate(self, origin: Origin = Origin.PROPOSED, mark: str = "") -> Candidate:
        return Candidate(
            commit=self.commit(mark),
            parent=self.state.code,
            origin=origin,
            files=("kernels/pa.py",),
            lines_added=4,
            lines_removed=2,
        )

    def bench(self, factors: Sequence[float], mark: str = "") -> None:
        self.add(f.Benched(run=bench_of(self.commit(mark), factors)))

    def judge(
        self, outcome: Outcome, ratios: Sequence[float], trace: Trace | None = None, targets: tuple[str, ...] = ()
    ) -> None:
        measurement = Measurement(best=self.state.code, candidate=self.commit())
        self.add(
            f.Measured(
                purpose=Purpose.ROUND,
                measurement=measurement,
                trace=trace or trace_of(200 * ratios[1]),
                folder="x",
                gpu_s=200,
            )
        )
        self.add(f.Judged(verdict=verdict_of(outcome, ratios, targets)))

    def to_keep(self, ratios: Sequence[float] = (0.9, 0.95), sentence: str = "", specialised: str = "") -> "Canned":
        """Up to where a kept round's row is about to be written."""
        self.propose(sentence)
        self.factors = [old * ratio for old, ratio in zip(self.factors, ratios, strict=True)]
        trace = trace_of(200 * self.factors[1], specialised)
        self.bench(self.factors)
        self.judge(Outcome.BETTER, ratios, trace)
        self.confirm(ratios, trace)
        return self

    def confirm(self, ratios: Sequence[float], trace: Trace) -> None:
        self.add(r.Formatted(candidate=self.candidate(Origin.FORMATTED, "f"), changed=True))
        self.bench(self.factors, "f")
        self.judge(Outcome.BETTER, ratios, trace)

    def publish(self) -> None:
        tip = self.commit("ee")
        self.add(r.Sealed(purpose="keep", old=self.state.tip, new=tip))
        self.add(r.Kept(commit=tip, candidate=self.state.stage.candidate.commit, why="better"))
        self.add(f.Traced(commit=self.state.code, trace=trace_of(200 * self.factors[1]), folder="x", gpu_s=60))

    def keep(self, ratios: Sequence[float] = (0.9, 0.95), sentence: str = "") -> "Canned":
        self.to_keep(ratios, sentence)
        self.publish()
        return self

    def drop(self, ending: Ending = Ending.TIE, sentence: str = "", targets: tuple[str, ...] = ()) -> "Canned":
        """A round that was measured and dropped."""
        outcome, ratio = {
            Ending.TIE: (Outcome.TIE, 1.001),
            Ending.REGRESSION: (Outcome.WORSE, 1.07),
        }[ending]
        self.propose(sentence, targets)
        self.bench([old * ratio for old in self.factors])
        self.judge(outcome, (ratio, ratio), targets=targets)
        self.add(r.Dropped(ending=ending, why=self.entries[-1].fact.verdict.sentence))
        return self

    def fail(self, ending: Ending = Ending.FAILED) -> "Canned":
        """A round whose candidate never ran right."""
        self.propose()
        if ending is Ending.FAILED:
            self.add(f.Broke(commit=self.commit(), kind="crash", why="SyntaxError", folder="x", gpu_s=5))
        self.add(r.Dropped(ending=ending, why="SyntaxError"))
        return self

    def split(self) -> "Canned":
        """One class gains, the other loses; the split is kept."""
        self.propose("Wider tiles.")
        self.bench((1.1, 0.8))
        self.judge(Outcome.DIVERGING, (1.1, 0.8))
        edit = Edit(base=self.commit(), tree="s" * 40, changes=())
        self.add(
            r.Edited(origin=Origin.SPLIT, edit=edit, note="", usage=Usage(), folder="x", condition="block_size == 1024")
        )
        self.check(Origin.SPLIT, "5")
        self.factors[1] *= 0.8
        self.bench(self.factors, "5")
        trace = trace_of(160, "pa_decode_1024")
        self.judge(Outcome.BETTER, (1.0, 0.8), trace, (KEYS[1],))
        self.confirm((1.0, 0.8), trace)
        self.publish()
        return self

    def headline(self) -> "Canned":
        ratios = tuple(self.factors)
        pairs = Measurement(best=self.base, candidate=self.state.code)
        self.add(f.Measured(purpose=Purpose.HEADLINE, measurement=pairs, folder="x", gpu_s=900))
        self.add(f.HeadlineJudged(verdict=verdict_of(Outcome.BETTER, ratios), commit=self.state.code))
        return self

    def to_stop(self) -> "Canned":
        self.add(f.StopPlanned(reason="5 regressions in a row", code="regressions"))
        return self

    def stop(self) -> "Canned":
        self.to_stop()
        old, new = self.state.tip, "e" * 40
        self.add(r.Sealed(purpose="stop", old=old, new=new))
        self.add(f.Stopped(reason="5 regressions in a row", code="regressions", best=new))
        return self


def fresh() -> Canned:
    return Canned()


def running() -> Canned:
    run = Canned().baseline().keep().drop().fail().drop(Ending.REGRESSION)
    run.propose("Keep Q in registers.", (KEYS[1],))
    return run


def waiting() -> Canned:
    run = Canned().baseline().keep()
    run.propose()
    run.add(f.NoIdleGpu(why=("GPU 0: pid 812 (train) uses it", "GPU 1: unknown load")))
    return run


def paused() -> Canned:
    run = Canned().baseline().drop()
    run.add(f.Paused())
    return run


def split() -> Canned:
    return Canned().baseline().keep().split()


def stopped() -> Canned:
    run = Canned().baseline().keep().headline()
    for _ in range(5):
        run.drop(Ending.REGRESSION)
    return run.stop()


def long(rounds: int = 500) -> Canned:
    run = Canned().baseline()
    for number in range(rounds):
        if number % 25 == 0:
            run.keep((0.99, 0.985))
        elif number % 3 == 0:
            run.drop(Ending.REGRESSION)
        elif number % 7 == 0:
            run.fail()
        else:
            run.drop()
    return run


ALL = {"fresh": fresh, "running": running, "waiting": waiting, "paused": paused, "split": split, "stopped": stopped}


def save(run: Canned, root: Path, tag: str = "apr16") -> RunPlace:
    """Write a run below a state root, as its daemon would have left it."""
    place = place_run(run.state.repository, tag, run.state.worktree)
    assert Path(place.directory).is_relative_to(root), "point KERNEL_OPT_STATE at the root first"
    store = Store.create(Path(place.directory))
    for entry in run.entries[:-1]:
        store.append(to_record(entry))
    store.append(to_record(run.entries[-1]), snapshot(run.state, run.settings))
    store.close()
    write_about(place)
    return place
