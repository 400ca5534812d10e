"""Finds the simplest condition on config columns that tells the classes that gain from those that lose."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from kernel_opt.model.verdict import Condition, Term

Columns = Mapping[str, str]
_MOST_TERMS = 3  # A dispatch that needs more is no longer a condition, it is a table.
_MOST_CANDIDATES = 60  # Terms combined at most; with 500 classes all combinations would take minutes.


def separating_condition(gaining: Sequence[Columns], losing: Sequence[Columns]) -> Condition | None:
    """Return the simplest condition true for all that gain and false for all that lose, None when there is none."""
    if not gaining or not losing:
        return None
    shared = [name for name in gaining[0] if all(name in row for row in (*gaining, *losing))]
    terms = [term for term in _terms(shared, gaining, losing) if all(_holds(term, row) for row in gaining)]
    useful = [(term, frozenset(i for i, row in enumerate(losing) if not _holds(term, row))) for term in terms]
    useful = [(term, shut) for term, shut in useful if shut]
    for size in range(1, _MOST_TERMS + 1):
        pool = useful if size == 1 else sorted(useful, key=lambda pair: -len(pair[1]))[:_MOST_CANDIDATES]
        for chosen in combinations(pool, size):
            if len({index for _, shut in chosen for index in shut}) == len(losing):
                return Condition(terms=tuple(term for term, _ in chosen))
    return None


def holds(condition: Condition, row: Columns) -> bool:
    """Whether a config takes the specialised kernel."""
    return all(_holds(term, row) for term in condition.terms)


def _terms(names: Sequence[str], gaining: Sequence[Columns], losing: Sequence[Columns]) -> Iterator[Term]:
    """Yield terms, the plainest kind first: equality, threshold, inequality, list of values."""
    for name in names:
        for value in _distinct(gaining, name):
            yield Term(column=name, operator="==", values=(value,))
    for name in names:
        yield from _thresholds(name, gaining, losing)
    for name in names:
        for value in _distinct(losing, name):
            yield Term(column=name, operator="!=", values=(value,))
    for name in names:
        values = _distinct(gaining, name)
        if len(values) > 1:
            yield Term(column=name, operator="in", values=values)


def _thresholds(name: str, gaining: Sequence[Columns], losing: Sequence[Columns]) -> Iterator[Term]:
    values = _distinct((*gaining, *losing), name)
    if all(_number(value) is not None for value in values):
        ordered = sorted(_distinct(gaining, name), key=lambda value: _number(value) or 0.0)
        yield Term(column=name, operator=">=", values=(ordered[0],))
        yield Term(column=name, operator="<=", values=(ordered[-1],))


def _holds(term: Term, row: Columns) -> bool:
    value = row.get(term.column)
    if value is None:
        return False
    if term.operator in {">=", "<="}:
        number, bound = _number(value), _number(term.values[0])
        if number is None or bound is None:
            return False
        return number >= bound if term.operator == ">=" else number <= bound
    return (value in term.values) == (term.operator != "!=")


def _distinct(rows: Sequence[Columns], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row[name] for row in rows))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number else None
