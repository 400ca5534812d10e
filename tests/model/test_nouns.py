"""What all nouns have in common."""

import importlib
import pkgutil
from types import ModuleType

import msgspec
import pytest

import kernel_opt.model

NAMES = sorted(found.name for found in pkgutil.iter_modules(kernel_opt.model.__path__))
MODULES = [importlib.import_module(f"kernel_opt.model.{name}") for name in NAMES]


def structs_of(module: ModuleType) -> list[type[msgspec.Struct]]:
    """The structs that a module defines itself."""
    own = [thing for thing in vars(module).values() if getattr(thing, "__module__", "") == module.__name__]
    return [thing for thing in own if isinstance(thing, type) and issubclass(thing, msgspec.Struct)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_nouns_are_frozen_and_documented(module: ModuleType) -> None:
    """What was measured or decided is never changed afterwards, and every noun says what it is."""
    for noun in structs_of(module):
        assert noun.__struct_config__.frozen, f"{noun.__name__} can be changed"
        assert noun.__doc__, f"{noun.__name__} says nothing of itself"


def test_there_are_nouns() -> None:
    """The walk finds them: facts and settings among others."""
    names = {noun.__name__ for module in MODULES for noun in structs_of(module)}
    assert {"Benched", "Judged", "Settings", "Verdict", "RunState"} <= names
