"""How one run of the benchmark is told: right, wrong, failed; the machine's failures are told apart before."""

import re
from collections.abc import Sequence

from kernel_opt.model.bench import WrongRow
from kernel_opt.model.config import ConfigRow

TRIVIAL = (
    r"^(SyntaxError|IndentationError|TabError|NameError|ImportError|ModuleNotFoundError|AttributeError|TypeError)\b",
    r"\berror: .*(undeclared|expected|undefined|unknown type|no member|redefinition|conflicting types)",
    r"\bundefined (reference|symbol)",
)
"""Failures of the kind one line mends: a name, a comma, a declaration."""


def find_wrong_rows(rows: Sequence[ConfigRow]) -> tuple[WrongRow, ...]:
    """Return the rows whose numbers are wrong; without an error column there are none to find."""
    return tuple(WrongRow(config=row.key, error=row.error) for row in rows if row.error not in (None, 0))


def find_failed_assertion(log_tail: str, patterns: Sequence[str]) -> str | None:
    """Return the log's line that says that a tolerance was missed, or None."""
    for line in log_tail.splitlines():
        if any(re.search(pattern, line) for pattern in patterns):
            return line.strip()[:300]
    return None


def is_trivial(log_tail: str) -> bool:
    """Say whether the failure looks as if one line could mend it."""
    return any(re.search(pattern, log_tail, re.MULTILINE) for pattern in TRIVIAL)


def last_words(log_tail: str, exit_code: int | None, signal: int | None) -> str:
    """Return the one line that best says why a run failed."""
    if signal is not None:
        return f"killed by signal {signal}"
    lines = [line.strip() for line in log_tail.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\b\w*(Error|Exception)\b|\berror:|[Ff]atal|[Aa]bort", line)]
    words = (errors or lines or ["no output"])[-1]
    return f"exit code {exit_code}: {words[:300]}"
