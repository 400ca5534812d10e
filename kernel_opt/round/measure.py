"""Time best and candidate next to each other on one card, as long as the judge asks for more."""

from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.provenance import ReadWatch
from kernel_opt.edges.session_records import RunAnswer, RunOutcome
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.facts import BenchedWrong, Broke, Fact, Faulted, Measured, Purpose
from kernel_opt.model.integrity import IntegrityCheck, failed
from kernel_opt.model.judging import Redo, RunArm
from kernel_opt.model.measurement import Arm, Measurement, RowTime, TimedRun
from kernel_opt.model.reading import UnderLoad
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.stages import Right
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Measure
from kernel_opt.model.trace import Trace
from kernel_opt.round.arms import ArmRun, Arms, TracerFailed
from kernel_opt.round.bench import changed_files
from kernel_opt.round.canary import doubt_the_card
from kernel_opt.round.prove import check_code, is_proof, tell_refused
from kernel_opt.round.session import Bench, budget_s, export_tree, open_bench
from kernel_opt.round.sightings import Sightings
from kernel_opt.round.steer import NextRun, judge_limits, next_run
from kernel_opt.round.tools import Tools
from kernel_opt.round.traces import RunTrace, call_counts
from kernel_opt.rules.card.health import CARD_FAULTS
from kernel_opt.rules.integrity.edits import Refusal
from kernel_opt.rules.integrity.figure_checks import find_failed
from kernel_opt.rules.trace.attribution import Attribution
from kernel_opt.rules.trace.calls import find_call_cheats
from kernel_opt.rules.trace.effect import Ran, find_no_effect, see_what_ran
from kernel_opt.rules.trace.split_proof import find_unproved

TRACER_TRIES = 2  # In a row: one crash of the tracer is an accident, two are how it is with this command.


def measure(step: Measure, state: RunState, tools: Tools) -> Fact:
    """Answer Measured, or what was wrong with the candidate or the machine."""
    folder = tools.fresh_folder(state.round, f"measure-{step.purpose.value}")
    opened = open_bench(folder, state, tools, budget_s(state, tools))
    if not isinstance(opened, Bench):
        return opened
    try:
        trees = {Arm.BEST: export_tree(tools, step.best, folder, "tree-best")}
        same = step.best == step.candidate
        trees[Arm.CANDIDATE] = trees[Arm.BEST] if same else export_tree(tools, step.candidate, folder, "tree-candidate")
        ask = next_run(step, state, judge_limits(tools), tools.settings.round.noise_runs)
        return measure_on(opened, step, state, tools, trees, ask)
    finally:
        opened.end()
        for name in ("tree-best", "tree-candidate"):
            remove_tree(folder / name)


def measure_on(
    bench: Bench, step: Measure, state: RunState, tools: Tools, trees: dict[Arm, Path], ask: NextRun
) -> Fact:
    """Do the same on a card that is held already, with trees that are there; ``ask`` says what to run next."""
    return _Measuring(step, state, tools, bench, trees).carry_out(ask)


class _Measuring:
    """One measurement in the making."""

    def __init__(self, step: Measure, state: RunState, tools: Tools, bench: Bench, trees: dict[Arm, Path]) -> None:
        self._step, self._state, self._tools, self._bench, self._trees = step, state, tools, bench, trees
        self._measurement = Measurement(best=step.best, candidate=step.candidate)
        self._arms = Arms(bench, state, tools)
        self._tracer_failures = 0
        self._trace: Trace | None = None
        self._usual: Attribution | None = None
        self._usual_us: dict[str, float] = {}
        self._found: Attribution | None = None
        self._early: list[tuple[RunTrace, tuple[ConfigRow, ...]]] = []
        self._sightings = Sightings()
        self._ran: dict[Arm, Ran | None] = {}
        self._traces: dict[Arm, Trace] = {}
        self._passed_over: dict[str, IntegrityCheck] = {}
        """What checks found that are not heeded, by their names."""

    def carry_out(self, ask: NextRun) -> Fact:
        """Run what is asked for until nothing more is."""
        while (wanted := ask(self._measurement)) is not None:
            fact = self._run(wanted)
            if fact is not None:
                return fact
        if (unproved := self._find_unproved_split()) is not None:
            where = self._tools.relative(self._bench.folder)
            commit, gpu_s = self._step.candidate, self._bench.gpu_s
            return Broke(commit=commit, kind="split-unproved", why=unproved, folder=where, gpu_s=gpu_s)
        checks = self._sightings.judge(self._state, self._tools) if self._is_checked else ()
        checks += (check_code(self._state, self._traces),) if is_proof(self._step, self._state) else ()
        checks = tuple(self._passed_over.get(check.name, check) for check in checks)
        if (failed_check := find_failed(checks, self._tools.unheeded)) is not None:
            return self._refuse(failed_check, checks)
        return Measured(
            purpose=self._step.purpose,
            checks=checks,
            measurement=self._measurement,
            trace=self._trace,
            folder=self._tools.relative(self._bench.folder),
            gpu_s=self._bench.gpu_s,
        )

    @property
    def _is_checked(self) -> bool:
        """Whether the candidate is checked for what it may have done: not for noise, nor when a person compares."""
        return self._step.purpose is Purpose.ROUND or is_proof(self._step, self._state)

    def _refuse(self, found: IntegrityCheck, checks: tuple[IntegrityCheck, ...]) -> Fact:
        where, gpu_s = self._tools.relative(self._bench.folder), self._bench.gpu_s
        fact = Refused(rule=found.name, why=found.why, cheat=True, checks=checks, folder=where, gpu_s=gpu_s)
        return fact if self._step.purpose is Purpose.ROUND else tell_refused(fact, Arm.CANDIDATE, self._step)

    def _run(self, wanted: RunArm | Redo) -> Fact | None:
        """Run one arm once; return a fact only when the measurement cannot go on."""
        runs = self._measurement.runs
        arm = wanted.arm if isinstance(wanted, RunArm) else runs[wanted.index].arm
        commit = self._step.best if arm is Arm.BEST else self._step.candidate
        tree = self._trees[arm]
        changed = changed_files(self._state) if arm is Arm.CANDIDATE else ()
        with ReadWatch(tree, changed) as watch:
            answer = self._arms.run(tree, f"{arm.value}.log")
        # A neighbour spoils one run, not the candidate: the judge asks for it again, within its own bound.
        if answer.outcome is RunOutcome.DISTURBED and not self._bench_is_spoilt(wanted):
            self._add(_disturbed_run(arm, self._bench.card, answer), wanted)
            return None
        told = self._arms.tell(commit, tree, answer)
        if isinstance(told, TracerFailed):
            return self._go_on_without(told, arm)
        if not isinstance(told, ArmRun):
            return self._blame(told, arm, commit)
        self._tracer_failures = 0
        if watch.read == ():
            why = f"the benchmark read none of the changed files: {', '.join(changed[:5])}"
            return Broke(commit=commit, kind="unused", why=why, folder=told.run.folder, gpu_s=self._bench.gpu_s)
        return self._take(arm, told, answer, wanted)

    def _blame(self, fact: Fact, arm: Arm, commit: str) -> Fact:
        """Tell a failure of the machine from the candidate's."""
        if arm is Arm.BEST and self._step.purpose is Purpose.ROUND:
            return _not_the_candidates(fact, commit, self._bench.gpu_s)
        if isinstance(fact, Refused) and is_proof(self._step, self._state):
            return tell_refused(fact, arm, self._step)
        if not isinstance(fact, Broke):
            return fact
        if self._step.purpose is Purpose.ROUND:
            return doubt_the_card(fact, self._step.best, self._trees[Arm.BEST], self._bench, self._state, self._tools)
        # Only code that ran right before is in this measurement.
        return _not_the_candidates(fact, commit, self._bench.gpu_s) if fact.kind in CARD_FAULTS else fact

    def _go_on_without(self, trouble: TracerFailed, arm: Arm) -> Fact | None:
        """Try again, then go on by script time if the settings let that decide; never a word on the candidate."""
        self._tracer_failures += 1
        if self._tracer_failures < TRACER_TRIES:
            return None
        if trouble.is_empty and arm is Arm.CANDIDATE and self._step.purpose is Purpose.ROUND and self._is_best_traced():
            none = failed("skipped-calls", "the candidate launches no kernel at all, best does")
            if find_failed((none,), self._tools.unheeded) is not None:
                return self._refuse(none, (none,))
        if self._tools.settings.judge.gpu_time:
            return Faulted(kind="tracer", why=trouble.why, gpu_s=self._bench.gpu_s)
        # Traced and untraced runs do not compare: all begins anew, best as well.
        self._arms.is_tracing = False
        self._measurement = replace(self._measurement, runs=())
        self._trace = self._usual = self._found = None
        self._early = []
        self._sightings.clear()
        return None

    def _is_best_traced(self) -> bool:
        """See whether the tracer shows the kernels of best right now."""
        answer = self._arms.run(self._trees[Arm.BEST], "canary.log")
        return isinstance(self._arms.tell(self._step.best, self._trees[Arm.BEST], answer), ArmRun)

    def _find_unproved_split(self) -> str | None:
        """Say what the trace does not show of a split: only a dispatch that was seen may be kept."""
        stage = self._state.stage
        if not isinstance(stage, Right) or not stage.tries.is_split:
            return None
        return find_unproved(stage.hypothesis.targets, self._state.classes, self._found, self._usual)

    def _bench_is_spoilt(self, wanted: RunArm | Redo) -> bool:
        """Say whether the judge has no redo left for this place."""
        if isinstance(wanted, RunArm):
            return False
        return self._measurement.redos_of(wanted.index) + 1 >= self._tools.settings.judge.max_redos

    def _take(self, arm: Arm, told: ArmRun, answer: RunAnswer, wanted: RunArm | Redo) -> Fact | None:
        rows, found = told.run.rows, told.found
        refusal = self._find_cheat(arm, found, rows)
        if refusal is not None:
            found_out = failed(refusal.rule, refusal.why)
            return self._refuse(found_out, (found_out,))
        self._sightings.add(arm, told)
        if found is not None:
            self._traces[arm] = found.trace
        if unused := self._find_no_effect(arm, found):
            commit, gpu_s = self._step.candidate, self._bench.gpu_s
            return Broke(commit=commit, kind="unused", why=unused, folder=told.run.folder, gpu_s=gpu_s)
        if found is not None and (arm is Arm.CANDIDATE or self._step.purpose is Purpose.NOISE):
            self._trace, self._found = found.trace, found.attribution
        timed = TimedRun(
            arm=arm,
            card=self._bench.card,
            script_us=tuple(RowTime(config=row.key, us=row.us) for row in rows),
            gpu_us=found.gpu_us if found else None,
            gpu_whole_us=found.attribution.whole_us if found else None,
            # Heat and power cap of the idle card just after; the clock sleeps by then.
            temperature_c=answer.after.temperature_c if answer.after else None,
            power_cap_w=answer.after.power_cap_w if answer.after else None,
        )
        timed = _with_load(timed, answer.under_load)
        self._add(timed, wanted)
        return None

    def _find_cheat(self, arm: Arm, found: RunTrace | None, rows: tuple[ConfigRow, ...]) -> Refusal | None:
        """See whether every call did its work; the runs of best in this session show what is usual."""
        if found is None or not self._is_checked:
            return None
        if arm is Arm.CANDIDATE:
            if self._usual is None:
                self._early.append((found, rows))
            return self._judge_calls(found, rows)
        self._usual, self._usual_us = found.attribution, {row.key: row.us for row in rows}
        # Candidates run before best was seen are asked about again, now that it is known what is usual here.
        early, self._early = self._early, []
        return next((refusal for run, its in early if (refusal := self._judge_calls(run, its)) is not None), None)

    def _find_no_effect(self, arm: Arm, found: RunTrace | None) -> str:
        """See whether both builds launch the very same code: an edit that was not used is a failure, not a tie."""
        if self._step.purpose is not Purpose.ROUND:
            return ""
        names = [target.name for target in found.trace.targets] if found else []
        self._ran[arm] = see_what_ran(found.recording, names) if found else None
        return find_no_effect(self._ran.get(Arm.BEST), self._ran.get(Arm.CANDIDATE))

    def _judge_calls(self, found: RunTrace, rows: tuple[ConfigRow, ...]) -> Refusal | None:
        names = [target.name for target in found.trace.targets]
        counts = call_counts(self._tools)
        baseline = self._state.baseline_trace
        refusals = find_call_cheats(
            found.recording, names, rows, found.attribution, self._usual, counts, baseline, self._usual_us
        )
        unheeded = self._tools.unheeded
        self._passed_over |= {one.rule: failed(one.rule, one.why) for one in refusals if one.rule in unheeded}
        return next((one for one in refusals if one.rule not in unheeded), None)

    def _add(self, run: TimedRun, wanted: RunArm | Redo) -> None:
        if isinstance(wanted, Redo):
            run = replace(run, redo_of=wanted.index)
        self._measurement = replace(self._measurement, runs=(*self._measurement.runs, run))


def _not_the_candidates(fact: Fact, best: str, gpu_s: float) -> Fact:
    """Tell a failure of best as the machine's: it ran right before, and the candidate has no part in it."""
    if isinstance(fact, Broke | BenchedWrong | Refused):
        return Faulted(kind="best-failed", why=f"best {best[:12]} did not run right now: {fact.why}", gpu_s=gpu_s)
    return fact


def _with_load(timed: TimedRun, seen: UnderLoad | None) -> TimedRun:
    """Add what the card showed while the run lasted."""
    if seen is None:
        return timed
    spread = None if seen.lowest_mhz is None or seen.highest_mhz is None else (seen.lowest_mhz, seen.highest_mhz)
    return replace(timed, clock_mhz=seen.clock_mhz, clock_range_mhz=spread, throttled=seen.throttled)


def _disturbed_run(arm: Arm, card: str, answer: RunAnswer) -> TimedRun:
    why = "; ".join(answer.disturbances) or "the card was not ours alone"
    return TimedRun(arm=arm, card=card, script_us=(), disturbed=why)
