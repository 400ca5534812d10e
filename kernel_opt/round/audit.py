"""One run under strace, not timed: what the candidate opens, starts and connects to that best does not."""

from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.record_files import read_record, write_record
from kernel_opt.edges.session_records import RunOutcome
from kernel_opt.edges.strace import LOG, audit_argv, read_audit
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Fact
from kernel_opt.model.integrity import IntegrityCheck, failed, not_checked
from kernel_opt.round.cold import Cold
from kernel_opt.rules.integrity.audit import NAME, Touched, check_audit, find_odd

Odd = frozenset[Touched]


@dataclass(frozen=True)
class Audited:
    """What was odd of one commit's run; it is not looked at again when that commit has become best."""

    odd: tuple[Touched, ...]


def look_at_calls(cold: Cold) -> IntegrityCheck | Fact:
    """Compare with what best does under the same eyes."""
    if not cold.tools.settings.integrity.audit:
        return not_checked(NAME, "integrity.audit is off")
    candidate = _audit(cold, cold.candidate, "candidate")
    if isinstance(candidate, Fact):
        return candidate
    if candidate == "no strace":
        return not_checked(NAME, "strace is not installed here")
    _remember(cold, cold.candidate, candidate)
    best = _recall(cold) or _audit(cold, cold.state.code, "best")
    if isinstance(best, Fact):
        return best
    if isinstance(best, str):
        return not_checked(NAME, best)
    _remember(cold, cold.state.code, best)
    return failed(NAME, candidate) if isinstance(candidate, str) else check_audit(candidate, best)


def _remember(cold: Cold, commit: str, seen: Odd | str) -> None:
    """Keep what one commit did: best stays the same for many candidates."""
    if isinstance(seen, frozenset):
        write_record(_place(cold, commit), Audited(tuple(sorted(seen))))


def _place(cold: Cold, commit: str) -> Path:
    folder = cold.tools.folder / "audits"
    folder.mkdir(exist_ok=True)
    return folder / f"{commit}.json"


def _recall(cold: Cold) -> Odd | None:
    """Return what best did when it was a candidate."""
    try:
        known = read_record(_place(cold, cold.state.code), Audited)
    except ReadFailedError:
        return None
    return frozenset(known.odd) if known else None


def _audit(cold: Cold, commit: str, arm: str) -> Odd | str | Fact:
    """Return what was odd of one run; in words why nothing was seen."""
    argv = audit_argv(cold.tools.settings.benchmark.command, "{out}")
    if argv is None:
        return "no strace"
    answer = cold.answer(commit, argv, f"calls-{arm}.log")
    if isinstance(answer, Fact):
        return answer
    seen = read_audit(cold.bench.out_folder() / LOG)
    if answer.outcome is not RunOutcome.OK or seen is None:
        return f"under strace it does not run: {cold.bench.log_tail(answer).strip()[-200:]}"
    own = (cold.tree(commit).resolve(), cold.bench.folder.resolve())
    return find_odd(((one.kind, one.what) for one in seen), tuple(map(str, own)))
