"""A process that runs the hostile program in a sandbox and never gets to see its end.

Arguments: level, folder, mark, and ``subreaper`` when no namespace is to help.
"""

import os
import sys
from pathlib import Path

from kernel_opt.edges.containment import SUBREAPER
from kernel_opt.edges.process import run_contained
from kernel_opt.model.sandbox import SandboxLevel
from tests.edges.walls import open_folder

level, base, mark = SandboxLevel(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
run_contained(
    [sys.executable, str(Path(__file__).with_name("hostile.py")), "stay", mark],
    cwd=base,
    env={"PATH": os.environ["PATH"]},
    log=base / "log",
    timeout_s=600,
    sandbox=open_folder(base, level),
    containment=SUBREAPER if "subreaper" in sys.argv[4:] else None,
)
