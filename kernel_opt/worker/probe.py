"""What a node offers, told by a job that ends at once: ``python -S -c ... OUT PLATFORM``, for `kernel-opt doctor`."""

import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from kernel_opt.edges.gpus.platform import Platform
from kernel_opt.edges.record_files import build_record, write_record
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.edges.session_records import PROTOCOL, NodeReport, PlatformChoice
from kernel_opt.model.errors import KernelOptError
from kernel_opt.model.reading import Reading
from kernel_opt.worker.job import find_node

_PROGRAMS = ("rocprofv3", "rocm-smi", "amd-smi", "bwrap")
_MASKS = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "SLURM_JOB_GPUS")


def main() -> None:
    """Look around, and leave what was seen where the daemon's host can read it."""
    out, choice = Path(sys.argv[1]), build_record(json.loads(sys.argv[2]), PlatformChoice)
    write_record(out, look_around(choice))


def look_around(choice: PlatformChoice) -> NodeReport:
    """Return what is here."""
    cards, problem = _read_cards(choice)
    return NodeReport(
        node=find_node(os.environ),
        python=".".join(map(str, sys.version_info[:3])),
        protocol=PROTOCOL,
        level=probe_sandbox().level,
        programs={name: shutil.which(name) or "" for name in _PROGRAMS},
        masks={name: os.environ[name] for name in _MASKS if name in os.environ},
        cards=tuple(str(reading.bdf or reading.card) for reading in cards if reading.withheld is None),
        problem=problem,
    )


def _read_cards(choice: PlatformChoice) -> tuple[tuple[Reading, ...], str]:
    module, _, name = choice.factory.partition(":")
    try:
        factory = cast(Callable[..., Platform], getattr(importlib.import_module(module), name))
        return factory(choice.options).read_cards(), ""
    except (ImportError, AttributeError, TypeError, ValueError, OSError, KernelOptError) as error:
        return (), str(error)
