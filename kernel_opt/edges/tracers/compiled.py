"""Fingerprints of the kernels in the compiled code that lies beside a trace."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from kernel_opt.edges.isa.code import read_file
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.recording import Compiled
from kernel_opt.model.static_facts import FingerprintKind, KernelStatics
from kernel_opt.rules.trace.kernel_names import plain_symbol

_MAX_FILES = 300
_MAX_BYTES = 300 << 20
_ORDER = (FingerprintKind.CODE, FingerprintKind.TEXT, FingerprintKind.OBJECT)
"""Of several kinds, the nearest to what ran."""


def read_fingerprints(paths: Sequence[Path]) -> tuple[dict[str, str], tuple[Compiled, ...], list[str]]:
    """Return base name to fingerprint, what each variant needs, and notes on files that could not be read.

    Instances of one template share a base name, as do variants that a tuner tried: their fingerprint is of them all.
    """
    if len(paths) > _MAX_FILES or sum(path.stat().st_size for path in paths) > _MAX_BYTES:
        return {}, (), [f"{len(paths)} files of compiled code are too many to be compared"]
    kernels: list[KernelStatics] = []
    for path in paths:
        try:
            kernels += read_file(path, path.name).kernels
        except ReadFailedError as error:
            # Of an incomplete set nothing may be claimed.
            return {}, (), [f"compiled code is not compared: {error.message}"]
    return _sum_up(kernels), tuple(map(_to_compiled, kernels)), []


def _to_compiled(kernel: KernelStatics) -> Compiled:
    return Compiled(
        kernel=plain_symbol(kernel.name),
        lds_bytes=kernel.lds_bytes,
        scratch_bytes=kernel.scratch_bytes,
        arch_vgpr=kernel.arch_vgpr,
        max_workgroup_items=kernel.max_workgroup_items,
    )


def _sum_up(kernels: Iterable[KernelStatics]) -> dict[str, str]:
    found: dict[str, dict[FingerprintKind, set[str]]] = {}
    for kernel in kernels:
        if kernel.fingerprint is not None:
            kinds = found.setdefault(plain_symbol(kernel.name), {})
            kinds.setdefault(kernel.fingerprint.kind, set()).add(_describe(kernel, kernel.fingerprint.digest))
    return {name: _name_best(kinds) for name, kinds in sorted(found.items())}


def _describe(kernel: KernelStatics, digest: str) -> str:
    """The same instructions with other resources run otherwise."""
    return f"{digest} {kernel.vgpr} {kernel.agpr} {kernel.sgpr} {kernel.lds_bytes} {kernel.scratch_bytes}"


def _name_best(kinds: dict[FingerprintKind, set[str]]) -> str:
    kind = next(kind for kind in _ORDER if kind in kinds)
    text = "\n".join(sorted(kinds[kind]))
    return f"{kind.value}:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"
