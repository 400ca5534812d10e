"""Run the fixed benchmark once on a commit, and tell right from wrong from failed."""

from pathlib import Path

from kernel_opt.edges.bench import BenchTable, read_bench_csv
from kernel_opt.edges.files import remove_tree
from kernel_opt.edges.provenance import find_read, mark_unread
from kernel_opt.edges.session_records import RunAnswer, RunOutcome
from kernel_opt.model.bench import BenchRun
from kernel_opt.model.errors import KernelOptError, ReadFailedError, UsageError
from kernel_opt.model.facts import Benched, BenchedWrong, Broke, Fact, Faulted
from kernel_opt.model.round_facts import Refused
from kernel_opt.model.stages import Right, Runnable
from kernel_opt.model.state import RunState
from kernel_opt.model.steps import Bench as BenchStep
from kernel_opt.round.session import Bench, RunOnce, budget_s, export_tree, machine_fact, open_bench
from kernel_opt.round.tools import Tools
from kernel_opt.rules.classes import group_configs
from kernel_opt.rules.globs import matches_any
from kernel_opt.rules.health import classify_failure
from kernel_opt.rules.integrity import find_row_differences
from kernel_opt.rules.outcome import find_failed_assertion, find_wrong_rows, is_trivial, last_words

LONGEST_WHY = 300


def bench(step: BenchStep, state: RunState, tools: Tools) -> Fact:
    """Answer Benched, BenchedWrong, Broke or Refused; or what was wrong with the machine."""
    folder = tools.fresh_folder(state.round, Path(step.log_name).stem)
    opened = open_bench(folder, state, tools, budget_s(state, tools))
    if not isinstance(opened, Bench):
        return opened
    tree = export_tree(tools, step.commit, folder, "tree")
    try:
        changed = changed_files(state)
        mark_unread(tree, changed)
        answer = opened.run(RunOnce(tree=tree, log_name=step.log_name))
        fact = machine_fact(answer, opened, tools) or tell_run(step.commit, answer, opened, state, tools)
        if isinstance(fact, Benched) and changed and find_read(tree, changed) == ():
            why = f"the benchmark read none of the changed files: {', '.join(changed[:5])}"
            return Broke(commit=step.commit, kind="unused", why=why, folder=tools.relative(folder))
        return _with_classes(fact, tools) if step.is_baseline and isinstance(fact, Benched) else fact
    finally:
        opened.end()
        remove_tree(tree)


def changed_files(state: RunState) -> tuple[str, ...]:
    """Return the files of the candidate under test."""
    return state.stage.candidate.files if isinstance(state.stage, Runnable | Right) else ()


def tell_run(commit: str, answer: RunAnswer, bench: Bench, state: RunState, tools: Tools) -> Fact:
    """Tell what one run of the benchmark showed of the commit."""
    folder = tools.relative(bench.run_folder())
    tail = bench.log_tail(answer)
    if answer.outcome in (RunOutcome.STEP_TIMEOUT, RunOutcome.STALLED):
        why = f"killed after {answer.wall_s or 0:.0f} s: {answer.outcome.value.replace('_', ' ')}"
        return Broke(commit=commit, kind="hang", why=why, folder=folder, log_tail=tail, gpu_s=bench.gpu_s)
    try:
        table = find_table(answer, bench, tools)
    except ReadFailedError as error:
        return _tell_without_table(commit, answer, bench, tools, tail, str(error))
    wrong = find_wrong_rows(table.rows)
    assertion = find_failed_assertion(tail, tools.settings.benchmark.wrong_patterns)
    if wrong or (answer.outcome is RunOutcome.FAILED and assertion):
        why = f"{len(wrong)} of {len(table.rows)} configs are wrong" if wrong else str(assertion)
        return BenchedWrong(commit=commit, rows=wrong, why=why, folder=folder, log_tail=tail, gpu_s=bench.gpu_s)
    if answer.outcome is RunOutcome.FAILED:
        return _tell_failure(commit, answer, bench, tools, tail)
    differences = find_row_differences(state.baseline.rows, table.rows) if state.baseline else None
    if differences:
        return Refused(rule="benchmark tampered or incomplete", why=differences, cheat=True)
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
    )
    return Benched(run=run)


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


def _with_classes(fact: Benched, tools: Tools) -> Fact:
    """Group the baseline's rows into config classes, for the whole run."""
    columns = tools.settings.benchmark.class_columns
    try:
        classes = group_configs(fact.run.rows, columns or None)
    except UsageError as error:
        return Broke(commit=fact.run.commit, kind="classes", why=str(error), folder=fact.run.folder)
    except KernelOptError as error:
        return Faulted(kind="classes", why=str(error))
    return Benched(run=fact.run, classes=classes)
