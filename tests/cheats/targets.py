"""The two targets on which patches are played, made small."""

import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from tests.cheats.page import HERE
from tests.edges.toy_repository import user_git
from tests.rocm.scenes import make_scene


def lay_out_example(base: Path) -> tuple[Path, dict[str, Any]]:
    """Copy the embedded target, with three small configs, and return it with its settings as plain data."""
    root = base / "user" / "repo"
    ignore = shutil.ignore_patterns("__pycache__", "playbook")
    shutil.copytree(HERE.parents[1] / "examples" / "paged-attention", root, ignore=ignore)
    script = root / "tests/kernels/test_pa.py"
    text = script.read_text()
    rows = ('16, 0, 128, "8x1", 1, 1027', '1024, 1, 128, "8x1", 1, 1027', '64, 0, 64, "8x8", 1, 1027')
    table = "".join(f"    Config({row}),\n" for row in rows)
    text = re.sub(
        r"(?s)^(CONFIGS = \(\n).*?^\)$", lambda found: f"{found[1]}{table})", text, count=1, flags=re.MULTILINE
    )
    script.write_text(text)
    user_git(root, "init", "--quiet", "--initial-branch=main")
    user_git(root, "add", "--all")
    user_git(root, "commit", "--quiet", "--message=base")
    plain = tomllib.loads((root / "kernel-opt.toml").read_text())
    for name in ("knobs", "search", "compile"):
        plain.pop(name, None)
    shapes = ["--block_size", "1024", "--mtp", "1", "--head_size", "128", "--num_heads", "8x1"]
    plain["integrity"]["alone"] = [[*shapes, "--batch_size", "1", "--context_length", "1027"]]
    plain["benchmark"]["time_budget_s"] = 10.0
    plain["gate"] = {"readings": 1, "gap_s": 0.0}
    return root, plain


def lay_out_flydsl(base: Path) -> tuple[Path, dict[str, Any]]:
    """Lay out the scripted repository, host and tracer; the environment becomes theirs."""
    scene = make_scene(base, {})
    os.environ.update(scene.environ)
    script = json.loads(os.environ.get("SCRIPTED_TRACER", "{}"))
    os.environ["SCRIPTED_TRACER"] = json.dumps({**script, "per_pid": True})
    return scene.repository, tomllib.loads((base / "toy.toml").read_text())
