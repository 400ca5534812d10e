"""The benchmark itself, run otherwise: under another name, with other data, with rows alone."""

from kernel_opt.edges.disguise import write_disguised
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Fact
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck, failed, not_checked, passed
from kernel_opt.round.cold import Cold, Problem, Rows
from kernel_opt.rules.integrity.cold_checks import check_alone, check_disguised, check_heldout
from kernel_opt.rules.integrity.edits import find_row_differences

TRIES = 2
"""One slow run may be a neighbour's doing, two are how it is."""


def look_disguised(cold: Cold) -> IntegrityCheck | Fact:
    """Run all rows under another name and with a secret seed: as fast, and as right, as under its own."""
    try:
        argv = _disguised(cold, cold.candidate)
    except ReadFailedError as error:
        return not_checked("disguised", str(error))
    if argv is None:
        return not_checked("disguised", "the command does not name the benchmark's file")
    usual, check = cold.usual, passed("disguised")
    for attempt in range(TRIES):
        if attempt:  # the machine may be another than when the usual rows were timed
            fresh = cold.rows(cold.candidate, cold.tools.settings.benchmark.command, "undisguised.log")
            if not isinstance(fresh, tuple):
                return failed("disguised", fresh.why) if isinstance(fresh, Problem) else fresh
            usual = fresh
        rows = cold.rows(cold.candidate, argv, "disguised.log" if not attempt else "disguised-again.log")
        if isinstance(rows, Problem):
            best = _disguised(cold, cold.state.code)
            return cold.doubt("disguised", rows, best or argv)
        if not isinstance(rows, tuple):
            return rows
        if differences := find_row_differences(cold.usual, rows):
            return failed("disguised", differences)
        check = check_disguised(usual, rows, cold.tools.settings.integrity.slower_pct)
        if check.outcome is not CheckOutcome.FAILED:
            break
    return check


def _disguised(cold: Cold, commit: str) -> tuple[str, ...] | None:
    """Write the copy of the script into the commit's tree and return the command that runs it."""
    benchmark, limits = cold.tools.settings.benchmark, cold.tools.settings.integrity
    if benchmark.file not in benchmark.command:
        return None
    name = f"p{cold.seed % 16**5:05x}"
    copy = write_disguised(cold.tree(commit), benchmark.file, name, limits.seed_pattern, cold.seed)
    named = tuple(copy if word == benchmark.file else word for word in benchmark.command)
    return (*named, limits.seed_option, str(cold.seed)) if limits.seed_option else named


def look_at_heldout(cold: Cold) -> IntegrityCheck | Fact:
    """Run problems that no proposer was told of, with a secret seed, next to best."""
    limits, command = cold.tools.settings.integrity, cold.tools.settings.benchmark.command
    seeded = (limits.seed_option, str(cold.seed)) if limits.seed_option else ()
    told: list[str] = []
    for number, args in enumerate(limits.heldout, 1):
        check = _heldout_once(cold, (*command, *args, *seeded), number)
        if not isinstance(check, IntegrityCheck) or check.outcome is not CheckOutcome.PASSED:
            return check
        told.append(check.why)
    return passed("held-out", "; ".join(told)) if told else not_checked("held-out", "the settings name no arguments")


def _heldout_once(cold: Cold, argv: tuple[str, ...], number: int) -> IntegrityCheck | Fact:
    check = passed("held-out")
    for attempt in range(TRIES):
        both: list[Rows] = []
        for commit, arm in ((cold.candidate, "candidate"), (cold.state.code, "best")):
            rows = cold.rows(commit, argv, f"held-out-{number}-{arm}-{attempt}.log")
            if isinstance(rows, Problem):
                return cold.doubt("held-out", rows, argv) if arm == "candidate" else not_checked("held-out", rows.why)
            if not isinstance(rows, tuple):
                return rows
            both.append(rows)
        check = check_heldout(both[1], both[0], cold.tools.settings.integrity.slower_pct)
        if check.outcome is not CheckOutcome.FAILED:
            break
    return check


def look_alone(cold: Cold) -> IntegrityCheck | Fact:
    """Run rows alone, or in another order, with the benchmark's own data: the same errors, bit for bit."""
    limits, command = cold.tools.settings.integrity, cold.tools.settings.benchmark.command
    rows: list[Rows] = []
    for number, args in enumerate(limits.alone, 1):
        argv = (*command, *args)
        found = cold.rows(cold.candidate, argv, f"alone-{number}.log")
        if isinstance(found, Problem):
            return cold.doubt("alone", found, argv)
        if not isinstance(found, tuple):
            return found
        rows.append(found)
    if not rows:
        return not_checked("alone", "the settings name no arguments")
    check = _compare_alone(cold, cold.usual, rows)
    if check.outcome is not CheckOutcome.FAILED or cold.state.best is None:
        return check
    # Where best's own rows depend on the company they run in, the script draws its data in one go.
    number = next(number for number, table in enumerate(rows, 1) if _fails_alone(cold, cold.usual, table))
    best = cold.rows(cold.state.code, (*command, *limits.alone[number - 1]), "alone-best.log")
    if isinstance(best, Problem):
        return not_checked("alone", best.why)
    if not isinstance(best, tuple):
        return best
    same = _fails_alone(cold, cold.state.best.run.rows, best)
    return not_checked("alone", "best's own rows are others when they run alone") if same else check


def _fails_alone(cold: Cold, usual: Rows, table: Rows) -> bool:
    return _compare_alone(cold, usual, [table]).outcome is CheckOutcome.FAILED


def _compare_alone(cold: Cold, usual: Rows, tables: list[Rows]) -> IntegrityCheck:
    limits = cold.tools.settings.integrity
    flat = tuple(row for table in tables for row in table)
    return check_alone(usual, flat, limits.error_columns, deterministic=limits.deterministic)
