"""As much of torch as describing a tensor to a compiler takes: dtypes, and tensors without memory."""

import math
from typing import Any

from . import cuda, nn, version  # noqa: TID252 (it is torch itself to whoever imports it)

__all__ = ["Tensor", "cuda", "device", "dtype", "empty", "nn", "ones", "version", "zeros"]

_SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "complex64": 8,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1, "bool": 1,
    "float8_e4m3fn": 1, "float8_e4m3fnuz": 1, "float8_e5m2": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1,
    "float4_e2m1fn_x2": 1,
}  # fmt: skip


class dtype:  # noqa: N801 (torch's own name)
    """The type of an element."""

    def __init__(self, name: str) -> None:
        self.name, self.itemsize = name, _SIZES[name]

    def __repr__(self) -> str:
        return f"torch.{self.name}"


globals().update({name: dtype(name) for name in _SIZES})
_FLOAT32: dtype = globals()["float32"]


class device:  # noqa: N801 (torch's own name)
    """Where a tensor would lie."""

    def __init__(self, type: str = "cuda", index: int = 0) -> None:  # noqa: A002 (torch's own name)
        self.type, self.index = type.partition(":")[0], index


class Tensor:
    """Shape, type and strides; there is no memory behind it."""

    is_cuda = True

    def __init__(self, shape: Any = (1,), dtype: dtype = _FLOAT32) -> None:
        self.shape, self.dtype, self.device = tuple(shape), dtype, device()

    @property
    def ndim(self) -> int:
        """Return how many dimensions there are."""
        return len(self.shape)

    def dim(self) -> int:
        """Return the same."""
        return len(self.shape)

    def size(self, at: int | None = None) -> Any:
        """Return the shape, or one size of it."""
        return self.shape if at is None else self.shape[at]

    def stride(self, at: int | None = None) -> Any:
        """Return the strides in elements, or one of them."""
        strides = tuple(math.prod(self.shape[place + 1 :]) for place in range(len(self.shape)))
        return strides if at is None else strides[at]

    def numel(self) -> int:
        """Return how many elements there are."""
        return math.prod(self.shape)

    def element_size(self) -> int:
        """Return the bytes of one."""
        return self.dtype.itemsize

    def data_ptr(self) -> int:
        """Return an address as aligned as any allocation; nothing reads there."""
        return 4096

    def is_contiguous(self) -> bool:
        """Say that nothing lies between rows."""
        return True


def empty(*shape: Any, dtype: dtype = _FLOAT32, **_: Any) -> Tensor:
    """Return a tensor of that shape, given as one sequence or as numbers."""
    return Tensor(shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape, dtype)


zeros = ones = empty
