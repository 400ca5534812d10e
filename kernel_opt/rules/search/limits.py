"""Constraints between knobs, such as ``RT * DT <= 32 or VW == 8``: parsed once, and nothing else is ever run."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

Value = str | int | float | bool
Values = Mapping[str, Value]

_SIZE_CAP = 500  # characters; a longer one is no constraint but a program
_SUMS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: operator.mod,
}
_ORDERS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Constraint(NamedTuple):
    """One parsed constraint."""

    text: str
    tree: ast.expr
    names: frozenset[str]

    def holds(self, values: Values) -> bool:
        """Say whether these values may stand together; one about a knob that is not there holds."""
        if not self.names <= values.keys():
            return True
        try:
            return bool(_evaluate(self.tree, values))
        except (ZeroDivisionError, TypeError):  # a text where a number is wanted: unknown is shut
            return False

    def number(self, values: Values) -> float | None:
        """Return what the expression comes to; None when a name is not there or is no number."""
        if not self.names <= values.keys():
            return None
        try:
            return _number(self.tree, values)
        except (ZeroDivisionError, TypeError):
            return None


def parse_constraint(text: str) -> Constraint:
    """Return the constraint; raise ValueError with the part that is none."""
    if len(text) > _SIZE_CAP:
        raise ValueError(f"longer than {_SIZE_CAP} characters")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, RecursionError) as error:
        raise ValueError(str(error)) from error
    _check(tree)
    names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return Constraint(text, tree, names)


def _check(tree: ast.expr) -> None:
    """Refuse everything but names, plain values, sums, comparisons, and, or, not."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str() | int() | float()) | ast.Name() | ast.Load() | ast.Compare():
                pass
            case ast.BoolOp() | ast.boolop() | ast.BinOp() | ast.UnaryOp() | ast.Not() | ast.USub() | ast.UAdd():
                pass
            case ast.Eq() | ast.NotEq():
                pass
            case _ if type(node) in _SUMS or type(node) in _ORDERS:
                pass
            case _:
                raise ValueError(f"{type(node).__name__} is not understood; use names, numbers, sums and comparisons")


def _evaluate(node: ast.expr, values: Values) -> Value:
    match node:
        case ast.Name():
            return values[node.id]
        case ast.BoolOp():
            parts = (bool(_evaluate(part, values)) for part in node.values)
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        case ast.UnaryOp():
            return _evaluate_unary(node, values)
        case ast.BinOp():
            return _SUMS[type(node.op)](_number(node.left, values), _number(node.right, values))
        case ast.Compare():
            return _compare(node, values)
        case _:
            return cast("Value", cast("ast.Constant", node).value)  # nothing else passed the check


def _evaluate_unary(node: ast.UnaryOp, values: Values) -> Value:
    if isinstance(node.op, ast.Not):
        return not _evaluate(node.operand, values)
    number = _number(node.operand, values)
    return -number if isinstance(node.op, ast.USub) else number


def _compare(node: ast.Compare, values: Values) -> bool:
    """Compare a chain as Python does: 1 <= RT <= 8."""
    sides = [node.left, *node.comparators]
    return all(
        _compare_two(left, sign, right, values) for left, sign, right in zip(sides, node.ops, sides[1:], strict=False)
    )


def _compare_two(left: ast.expr, sign: ast.cmpop, right: ast.expr, values: Values) -> bool:
    if isinstance(sign, ast.Eq | ast.NotEq):
        return (_evaluate(left, values) == _evaluate(right, values)) is isinstance(sign, ast.Eq)
    return _ORDERS[type(sign)](_number(left, values), _number(right, values))


def _number(node: ast.expr, values: Values) -> float:
    value = _evaluate(node, values)
    if isinstance(value, str):
        raise TypeError(f"{value!r} is no number")
    return value
