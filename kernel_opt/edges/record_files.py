"""Frozen dataclasses as JSON files, checked when read and whole or absent when written; standard library only."""

import dataclasses
import enum
import functools
import json
import os
import types
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from kernel_opt.model.errors import ReadFailedError

R = TypeVar("R")

MAX_RECORD_BYTES = 64 << 20
"""64 MiB: an answer that names a million trace files is as large; more is no record of ours."""


def write_record(path: Path, record: object) -> None:
    """Write a record so that a reader sees all of it or nothing, also after a power cut."""
    started = path.with_name(f".{path.name}.{os.getpid()}")
    with started.open("w", encoding="utf-8", errors="surrogateescape") as target:
        json.dump(record, target, default=_tell)
        target.flush()
        os.fsync(target.fileno())
    started.replace(path)


def read_record(path: Path, kind: type[R]) -> R | None:
    """Read a record; None when there is none, ReadFailedError when it is not one."""
    try:
        with path.open("rb") as source:
            text = source.read(MAX_RECORD_BYTES)
    except FileNotFoundError:
        return None
    try:
        return cast(R, _build(json.loads(text), kind, kind.__name__))
    except (ValueError, RecursionError) as error:
        raise ReadFailedError(f"{path} is not a {kind.__name__}: {error}") from error


def build_record(raw: object, kind: type[R]) -> R:
    """Build a record out of plain JSON values; ReadFailedError when they do not fit."""
    try:
        return cast(R, _build(raw, kind, kind.__name__))
    except ValueError as error:
        raise ReadFailedError(f"not a {kind.__name__}: {error}") from error


def _tell(value: object) -> object:
    """Give JSON what it does not know."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no place in a record")


def _build(raw: object, kind: Any, where: str) -> object:
    """Build one value of the declared type; ValueError names the place where it does not fit."""
    origin = get_origin(kind)
    if kind is Any or kind is object:
        return raw
    if origin in (Union, types.UnionType):
        return _build_either(raw, get_args(kind), where)
    if origin is tuple and isinstance(raw, list):
        return tuple(_build(item, get_args(kind)[0], where) for item in cast(list[object], raw))
    if origin is dict and isinstance(raw, dict):
        items = cast(dict[str, object], raw).items()
        return {key: _build(value, get_args(kind)[1], f"{where}.{key}") for key, value in items}
    if origin is None and dataclasses.is_dataclass(kind) and isinstance(raw, dict):
        return _build_record(cast(dict[str, object], raw), kind, where)
    return _build_plain(raw, kind, where)


def _build_either(raw: object, kinds: tuple[Any, ...], where: str) -> object:
    """Build an optional value."""
    if raw is None and types.NoneType in kinds:
        return None
    return _build(raw, next(kind for kind in kinds if kind is not types.NoneType), where)


def _build_plain(raw: object, kind: Any, where: str) -> object:
    """Build a text, a number, a yes or no, or one of an enum's words; a yes is no number."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(raw)
    if kind is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if kind in (str, int, float, bool) and type(raw) is kind:
        return raw
    raise ValueError(f"{where} should be {kind}, not {str(raw)[:40]!r}")


def _build_record(raw: dict[str, object], kind: Any, where: str) -> object:
    """Build a dataclass; an unknown or missing field is an error, since both ends are of one version."""
    hints = _read_hints(kind)
    known = {field.name: field for field in dataclasses.fields(kind)}
    if unknown := raw.keys() - known.keys():
        raise ValueError(f"{where} has an unknown field {min(unknown)}")
    values = {name: _build(value, hints[name], f"{where}.{name}") for name, value in raw.items()}
    missing = [
        name
        for name, field in known.items()
        if name not in values and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ValueError(f"{where} lacks {missing[0]}")
    return kind(**values)


@functools.cache
def _read_hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
