"""A helper process of its own that asks the pyrsmi library and prints JSON: ``python -m kernel_opt.edges.gpus.pyrsmi``.

The library prints noise while it is imported, hangs where the driver hangs, and dies with errors of many kinds; here
all of that ends a process that nobody minds losing, and the last line of its traceback is the reason.
"""

import json
import os
import sys
from typing import Any


def read_all(library: Any) -> dict[str, Any]:
    """Ask for every card; answers are passed on as they are, errors of the library (-1, '') included."""
    library.smi_initialize()
    cards = [
        {
            "name": library.smi_get_device_name(card),
            "pci_id": library.smi_get_device_pci_id(card),
            "use_pct": library.smi_get_device_utilization(card),
            "vram_used": library.smi_get_device_memory_used(card),
            "vram_total": library.smi_get_device_memory_total(card),
            "power_w": library.smi_get_device_average_power(card),
        }
        for card in range(library.smi_get_device_count())
    ]
    try:
        pids = library.smi_get_device_compute_process()
    except AttributeError:  # from 1.0 on the function calls a library that is no longer loaded
        pids = None
    return {"cards": cards, "pids": pids, "own_pid": os.getpid()}


def main() -> int:
    """Keep the real stdout for the one line of JSON; whatever else is printed goes to stderr."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)
        from pyrsmi import rocml  # pyright: ignore[reportMissingTypeStubs]

        json.dump(read_all(rocml), answer)
        answer.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
