"""Runs a torch script whose kernel is called with NaN in its outputs and inputs that change: no edit of it is needed.

    python -P poison_torch.py --call MODULE:FUNCTION -- SCRIPT [ARGS]

The function is called as the script calls it; the first calls of each shape are made again: with outputs full of NaN,
with inputs changed where they stand, and with copies of everything elsewhere. Whoever remembers an answer, or takes it
from where one lay, gives another one then. Ends with code 1 and one line that begins with ``error:``. Standard library
and torch alone, since it runs in the target's own Python.
"""

import argparse
import functools
import importlib
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

LOOKS = 2
"""Calls of one shape that are looked at: the first may be honest because it is the first."""
SCALE = 0.5
"""What inputs are multiplied by: exact in every format, also in eight bits, and seen in every answer."""
ROUNDING = 1e-3
"""Share by which two answers to the same question may differ where the order of adding is not fixed."""

# The tensors are the target's own torch's, which is not there where this is written.
Tensor = Any


class Wrong(SystemExit):
    """An answer that no honest kernel gives."""

    def __init__(self, why: str) -> None:
        super().__init__(f"error: {why}")


def fill_fresh_memory(torch: Any) -> None:
    """Have torch fill every new tensor: with NaN, or the largest number there is."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = True


class Poisoner:
    """Stands in the place of one function."""

    def __init__(self, torch: Any, call: Callable[..., Any]) -> None:
        self.call = call
        self._torch = torch
        self._looked: dict[object, int] = {}
        self._changed: dict[object, list[bool]] = {}
        """Which tensors of a shape's first call were written: later ones find the answer there already."""
        self.looks = 0

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call the function as the script does, and look at it."""
        tensors = self.find((args, kwargs))
        shape = tuple((tuple(one.shape), str(one.dtype)) for one in tensors)
        self._looked[shape] = self._looked.get(shape, 0) + 1
        if self._looked[shape] > LOOKS:
            return self.call(*args, **kwargs)
        before = [one.clone() for one in tensors]
        result = self.call(*args, **kwargs)
        changed = [not self._same(now, old, 0.0) for now, old in zip(tensors, before, strict=True)]
        self.looks += 1
        self._look(args, kwargs, tensors, self._changed.setdefault(shape, changed), self.find(result))
        return result

    def find(self, given: Any) -> list[Tensor]:
        """Return every tensor in arguments, however they are packed, each once."""
        if isinstance(given, self._torch.Tensor):
            return [given]
        parts: Any = ()
        if type(given) is dict:
            parts = cast("dict[Any, Any]", given).values()
        elif type(given) in (list, tuple):
            parts = given
        found = {id(one): one for part in parts for one in self.find(part)}
        return list(found.values())

    def _look(self, args: Any, kwargs: Any, tensors: list[Tensor], changed: list[bool], result: list[Tensor]) -> None:
        outs = [one for one, is_out in zip(tensors, changed, strict=True) if is_out]
        inputs = [one for one, is_out in zip(tensors, changed, strict=True) if not is_out and one.is_floating_point()]
        if not outs and not result:
            raise Wrong("the call changes none of its arguments and returns nothing")
        answer = self._answer(outs, result)
        poisoned = self._again(args, kwargs, outs)
        if all(bool(one.float().isnan().any()) for one in poisoned):
            raise Wrong("of outputs full of NaN none was written whole")
        self._compare(poisoned, answer, "with NaN in its outputs it gives another answer")
        true = [one.clone() for one in inputs]
        for one in inputs:
            one.copy_((one.float() * SCALE).to(one.dtype))
        asked = self._again(args, kwargs, outs)
        elsewhere = self._elsewhere(args, kwargs, tensors, outs)
        self._compare(asked, elsewhere, "changed inputs where they stand, and the same ones elsewhere, differ")
        if inputs and all(self._same(one, two, 0.0) for one, two in zip(asked, answer, strict=True)):
            raise Wrong("the inputs changed and the answer did not")
        for one, old in zip(inputs, true, strict=True):
            one.copy_(old)
        self._compare(self._again(args, kwargs, outs), answer, "the first inputs again give another answer")

    def _again(self, args: Any, kwargs: Any, outs: list[Tensor]) -> list[Tensor]:
        for one in outs:
            self._poison(one)
        return self._answer(outs, self.find(self.call(*args, **kwargs)))

    def _elsewhere(self, args: Any, kwargs: Any, tensors: list[Tensor], outs: list[Tensor]) -> list[Tensor]:
        """Call it with copies of everything at other addresses."""
        copies = {id(one): one.clone() for one in tensors}
        moved_args, moved_kwargs = self._move(args, copies), self._move(kwargs, copies)
        return self._again(moved_args, moved_kwargs, [copies[id(one)] for one in outs])

    def _move(self, given: Any, copies: dict[int, Tensor]) -> Any:
        if id(given) in copies:
            return copies[id(given)]
        if type(given) is dict:
            return {key: self._move(value, copies) for key, value in cast("dict[Any, Any]", given).items()}
        if type(given) in (list, tuple):
            return type(given)(self._move(value, copies) for value in given)
        return given

    def _poison(self, out: Tensor) -> None:
        out.fill_(float("nan") if out.is_floating_point() else self._torch.iinfo(out.dtype).max)

    def _answer(self, outs: list[Tensor], result: list[Tensor]) -> list[Tensor]:
        fresh = [one for one in result if all(one is not out for out in outs)]
        return [one.clone() for one in (*outs, *fresh)]

    def _compare(self, found: list[Tensor], wanted: list[Tensor], why: str) -> None:
        if len(found) != len(wanted) or not all(map(self._agree, found, wanted)):
            raise Wrong(why)

    def _agree(self, found: Tensor, wanted: Tensor) -> bool:
        """Compare what was written: of scratch a part may not be."""
        one, other = found.float(), wanted.float()
        written = ~(one.isnan() | other.isnan())
        return self._same(one[written], other[written], ROUNDING)

    def _same(self, one: Tensor, other: Tensor, room: float) -> bool:
        return bool(self._torch.allclose(one.float(), other.float(), rtol=room, atol=room, equal_nan=not room))


def main(argv: list[str]) -> None:
    """Wrap the function, then run the script as if it had been started by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--call", required=True, metavar="MODULE:FUNCTION")
    parser.add_argument("script", nargs="+")
    options = parser.parse_args(argv)
    os.environ["PYTORCH_NO_CUDA_MEMORY_CACHING"] = "1"  # memory that is let go is not handed out again as it was
    sys.path[:0] = [str(Path(options.script[0]).resolve().parent), str(Path.cwd())]
    torch = importlib.import_module("torch")
    fill_fresh_memory(torch)
    module_name, _, name = options.call.partition(":")
    module = importlib.import_module(module_name)
    poisoner = Poisoner(torch, getattr(module, name))
    setattr(module, name, functools.wraps(poisoner.call)(poisoner))
    del sys.path[1]
    sys.argv = options.script
    runpy.run_path(options.script[0], run_name="__main__")
    if not poisoner.looks:
        raise Wrong(f"the script never called {options.call}")


if __name__ == "__main__":
    main(sys.argv[1:])
