"""What one run of the benchmark shows of a commit: right, wrong, failed, tampered with, or the machine's failure."""

from kernel_opt.edges.bench import BenchTable, read_bench_csv
from kernel_opt.edges.manifest import Changes
from kernel_opt.edges.session_records import RunAnswer, RunOutcome
from kernel_opt.model.bench import BenchRun
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Benched, BenchedWrong, Broke, Fact, Faulted
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.stages import Right, Runnable, Weighed
from kernel_opt.model.state import RunState
from kernel_opt.round.session import Bench
from kernel_opt.round.tools import Tools
from kernel_opt.rules.card.health import classify_failure
from kernel_opt.rules.globs import matches_any
from kernel_opt.rules.integrity.figure_checks import Figures, check_figures, find_failed, tells_summary
from kernel_opt.rules.memory.probe import is_probe
from kernel_opt.rules.outcome import find_failed_assertion, find_wrong_rows, is_trivial, last_words

TAMPERED_FILES = "tampered-files"
LONGEST_WHY = 300
SUMMARY_BYTES = 65_536  # a table of some hundred rows as pandas prints it
SHOWN = 5  # paths named in a refusal; more tell nothing new


def tell_run(commit: str, answer: RunAnswer, bench: Bench, state: RunState, tools: Tools) -> Fact:
    """Tell what one run of the benchmark showed of the commit."""
    folder = tools.relative(bench.run_folder())
    tail = bench.log_tail(answer)
    if answer.outcome in (RunOutcome.STEP_TIMEOUT, RunOutcome.STALLED):
        why = f"killed after {answer.wall_s or 0:.0f} s: {answer.outcome.value.replace('_', ' ')}"
        return Broke(commit=commit, kind="hang", why=why, folder=folder, log_tail=tail, gpu_s=bench.gpu_s)
    if (tampered := tell_tampering(commit, bench, state, tools)) is not None:
        return tampered
    try:
        table = find_table(answer, bench, tools)
    except ReadFailedError as error:
        return _tell_without_table(commit, answer, bench, tools, tail, str(error))
    wrong = find_wrong_rows(table.rows)
    assertion = find_failed_assertion(tail, tools.settings.benchmark.wrong_patterns)
    if wrong or (answer.outcome is RunOutcome.FAILED and assertion):
        why = f"{len(wrong)} of {len(table.rows)} configs are wrong" if wrong else str(assertion)
        us = {row.key: row.us for row in table.rows} if is_probe(state) else {}
        return BenchedWrong(commit=commit, rows=wrong, why=why, folder=folder, log_tail=tail, gpu_s=bench.gpu_s, us=us)
    if answer.outcome is RunOutcome.FAILED:
        return _tell_failure(commit, answer, bench, tools, tail)
    return _tell_right(commit, answer, table, bench, state, tools)


def _tell_right(commit: str, answer: RunAnswer, table: BenchTable, bench: Bench, state: RunState, tools: Tools) -> Fact:
    """Tell a run whose numbers are right: whether they are the benchmark's own is the question."""
    folder, log = tools.relative(bench.run_folder()), bench.log_tail(answer, SUMMARY_BYTES)
    csv = next(file for file in answer.files if file.origin and _is_csv(file.origin, tools))
    run = BenchRun(
        commit=commit,
        rows=table.rows,
        wall_s=answer.wall_s or 0.0,
        gpu_s=bench.gpu_s,
        card=bench.card,
        folder=folder,
        csv_sha256=csv.sha256,
        error_checked=table.has_error_column,
        control_us=table.control_us,
        columns=table.columns,
        tells_summary=tells_summary(log, table.rows),
    )
    checks = check_figures(
        Figures(
            run=run,
            baseline=state.baseline,
            equal_columns=tools.settings.integrity.equal_columns,
            log=log,
            survivors=answer.survivors_killed,
        )
    )
    if (found := find_failed(checks, tools.unheeded)) is not None:
        why = found.why[:LONGEST_WHY]
        return Refused(rule=found.name, why=why, cheat=True, checks=checks, folder=folder, gpu_s=bench.gpu_s)
    return Benched(run=run, checks=checks)


def tell_tampering(commit: str, bench: Bench, state: RunState, tools: Tools) -> Fact | None:
    """Tell files that changed and must not: by the run, or by somebody else where a wall stood between."""
    changes = bench.changes if TAMPERED_FILES not in tools.unheeded else Changes()
    shown = ", ".join((*changes.inside, *changes.outside)[:SHOWN])
    is_candidate = isinstance(state.stage, Runnable | Right | Weighed) and state.stage.candidate.commit == commit
    if is_candidate and (changes.inside or (changes.outside and tools.is_unwalled)):
        return Refused(rule=TAMPERED_FILES, why=f"the run changed {shown}, which it may only read", cheat=True)
    if shown:
        why = f"files that no run may change did change while {commit[:12]} ran: {shown}"
        return Faulted(kind="installation-changed", why=why, gpu_s=bench.gpu_s)
    return None


def find_table(answer: RunAnswer, bench: Bench, tools: Tools) -> BenchTable:
    """Read the one CSV that this very run wrote."""
    files = [file for file in answer.files if _is_csv(file.origin, tools)]
    if len(files) != 1:
        stale = f"; an older one was left alone: {', '.join(answer.stale)}" if answer.stale else ""
        refused = f"; not taken: {', '.join(answer.refused)}" if answer.refused else ""
        count = "no CSV" if not files else f"{len(files)} CSVs"
        raise ReadFailedError(f"the benchmark wrote {count} matching {tools.settings.benchmark.csv}{stale}{refused}")
    return read_bench_csv(bench.folder / "session" / files[0].path, tools.settings.benchmark)


def _is_csv(origin: str, tools: Tools) -> bool:
    return not origin.startswith("/") and matches_any(origin, (tools.settings.benchmark.csv,)) is not None


def _tell_without_table(commit: str, answer: RunAnswer, bench: Bench, tools: Tools, tail: str, problem: str) -> Fact:
    folder = tools.relative(bench.run_folder())
    assertion = find_failed_assertion(tail, tools.settings.benchmark.wrong_patterns)
    if assertion and answer.outcome is RunOutcome.FAILED:
        return BenchedWrong(commit=commit, rows=(), why=assertion, folder=folder, log_tail=tail, gpu_s=bench.gpu_s)
    if answer.outcome is RunOutcome.FAILED:
        return _tell_failure(commit, answer, bench, tools, tail)
    return Broke(
        commit=commit, kind="no-numbers", why=problem[:LONGEST_WHY], folder=folder, log_tail=tail, gpu_s=bench.gpu_s
    )


def _tell_failure(commit: str, answer: RunAnswer, bench: Bench, tools: Tools, tail: str) -> Fact:
    """Tell a candidate's failure from the machine's."""
    health = classify_failure(tail, -answer.signal if answer.signal else answer.exit_code)
    if health is not None and health.is_machine:
        return Faulted(kind=health.value, why=last_words(tail, answer.exit_code, answer.signal), gpu_s=bench.gpu_s)
    return Broke(
        commit=commit,
        kind=health.value if health else "crash",
        why=last_words(tail, answer.exit_code, answer.signal),
        folder=tools.relative(bench.run_folder()),
        log_tail=tail,
        trivial=is_trivial(tail),
        gpu_s=bench.gpu_s,
    )
