"""As much of torch as the poison wrapper and a small script need: flat tensors of floats or whole numbers."""

import math
from types import SimpleNamespace

float32, int32 = "float32", "int32"
calls = []
utils = SimpleNamespace(deterministic=SimpleNamespace(fill_uninitialized_memory=False))


def use_deterministic_algorithms(mode, *, warn_only):
    calls.append((mode, warn_only))


def iinfo(_dtype):
    return SimpleNamespace(max=2**31 - 1)


class Tensor:
    """Numbers, one after the other."""

    def __init__(self, values, dtype=float32):
        self.values, self.dtype, self.shape = list(values), dtype, (len(values),)

    def is_floating_point(self):
        return self.dtype == float32

    def clone(self):
        return Tensor(self.values, self.dtype)

    def copy_(self, other):
        self.values[:] = other.values

    def fill_(self, value):
        self.values[:] = [value] * len(self.values)

    def float(self):
        return Tensor(map_list(float, self.values))

    def to(self, dtype):
        return Tensor(self.values, dtype)

    def isnan(self):
        return Mask(map_list(math.isnan, self.values))

    def __mul__(self, factor):
        return Tensor([value * factor for value in self.values], self.dtype)

    def __getitem__(self, mask):
        return Tensor([value for value, is_in in zip(self.values, mask.values, strict=True) if is_in], self.dtype)


class Mask:
    """Which of a tensor's numbers are meant."""

    def __init__(self, values):
        self.values = values

    def any(self):
        return any(self.values)

    def __or__(self, other):
        return Mask([one or two for one, two in zip(self.values, other.values, strict=True)])

    def __invert__(self):
        return Mask([not one for one in self.values])


def map_list(act, values):
    return [act(value) for value in values]


def empty(count):
    return Tensor([math.nan if utils.deterministic.fill_uninitialized_memory else 0.0] * count)


def allclose(one, other, *, rtol, atol, equal_nan):
    return all(
        (equal_nan and math.isnan(a) and math.isnan(b)) or abs(a - b) <= atol + rtol * abs(b)
        for a, b in zip(one.values, other.values, strict=True)
    )
