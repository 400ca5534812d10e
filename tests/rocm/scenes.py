"""A whole run on the ROCm platform: the real daemon, a FlyDSL-like repository, and a scripted host with its tools."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.toy import Toy
from tests.edges.toy_repository import user_git
from tests.fingerprint import fingerprint, objects
from tests.rocm.flydsl.lay_out import KERNEL, SCRIPT, edit, lay_out
from tests.rocm.tree import build_tree

HERE = Path(__file__).resolve().parent
LIMIT_S = 240.0
"""For a whole scene on a machine under load; none needs a tenth of it on a quiet one."""
MASKS = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
TILE, METADATA = "kernel:pa_decode_tile_kernel_0", "kernel:pa_decode_metadata_kernel_0"
FASTER, SLOWER = ("TILE = 16 ", "TILE = 64 "), ("TILE = 64 ", "TILE = 128 ")
"""Edits: the second makes slow again what the first has made fast."""
SEES = """\
import os
with open(os.environ["SCRIPTED_HOST"] + ".seen", "a") as seen:
    print(os.environ["HIP_VISIBLE_DEVICES"], file=seen)
"""
"""In a kernel: note which cards this process sees."""

SETTINGS = """\
[benchmark]
command = [{python!r}, "-S", "tests/kernels/test_pa.py"]
file = "tests/kernels/test_pa.py"
csv = "run_pa_decode_ps_test.*.csv"
metric = "us_flydsl_ps"
error = "err_flydsl_ps"
control = "us_gluon"
warmup_calls = 3
timed_calls = {timed_calls}
time_budget_s = 60.0
pass_environment = ["SCRIPTED_HOST", "SCRIPTED_TRACER", "KERNEL_OPT_TRACER_QUIET_S"]
[edit]
allowed = ["kernels/**"]
[platform]
name = "rocm"
deep_trace = {deep_trace}
[platform.options]
sources = ["{source}"]
sys_root = {sys_root!r}
dev_root = {dev_root!r}
proc_root = {proc_root!r}
timeout_s = {look_s}
[gate]
interval_s = {interval_s}
looks = {looks}
gap_s = 0.05
watch_s = {watch_s}
[judge]
preset = "{preset}"
gpu_time = {gpu_time}
[agent]
command = [{python!r}, "-S", {agent!r}, {book!r}]
timeout_s = 60.0
[round]
noise_runs = 2
headline_every = 0
[stop]
max_rounds = {rounds}
[disk]
min_free_mb = 1.0
[sandbox]
level = "{sandbox}"
write = {writable!r}
"""


def gpu(number: int, node: int | None = None) -> dict:
    """A card: the status tool counts by the bus, HIP by the node."""
    return {
        "bdf": f"0000:{5 + 16 * number:02x}:00.0",
        "unique_id": f"0x{0x8D1457E2C20F5900 + number:016x}",
        "node_id": number + 1 if node is None else node,
        "guid": 28851 + 17 * number,
    }


def busy(cards: Sequence[int]) -> dict[str, dict]:
    """Load on some cards, as a moment has it."""
    return {str(card): {"use_pct": 99, "vram_used": 64 * 2**30} for card in cards}


@dataclass
class Host:
    """The scripted host; several runs may share it."""

    root: Path
    cards: list[dict]
    script: dict = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.root / "host.json"

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True)
        self.roots = build_tree(self.root / "tree", self.cards)
        self.play()

    def play(self, **script: object) -> None:
        """Change the script while tools may be reading it."""
        self.script |= script
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"cards": self.cards, "tree": str(self.root / "tree"), **self.script}))
        fresh.replace(self.path)

    def looks(self, tool: str = "rocm-smi") -> int:
        """How often a tool was called so far."""
        counter = self.path.with_suffix(f".{tool}.calls")
        return counter.stat().st_size if counter.exists() else 0


class Scene(Toy):
    """One run on a scripted host."""

    @property
    def host(self) -> Path:
        return Path(self.environ["SCRIPTED_HOST"])

    def wait(self, is_so: Callable[[], object], what: str) -> None:
        until = time.monotonic() + LIMIT_S
        while not is_so():
            facts = [type(entry.fact).__name__ for entry in self.entries()]
            assert time.monotonic() < until, f"waited in vain until {what}; the journal ends with {facts[-6:]}"
            time.sleep(0.02)

    def play(self) -> None:
        """Start the run and wait for its end."""
        self.start()
        self.wait_end()

    def report(self) -> str:
        return (self.worktree / "performance.md").read_text()


def page(
    *edits: tuple[str, str], cites: Sequence[str] = (TILE,), targets: Sequence[str] = (), deeper: bool = False
) -> dict:
    """What the proposer does in one round."""
    return {"edits": edits, "cites": cites, "targets": targets, "deeper": deeper}


def make_scene(
    base: Path,
    book: dict[str, dict],
    host: Host | None = None,
    *,
    has_error_column: bool = True,
    kernel: str = "",
    tracer: dict | None = None,
    leases: Path | None = None,
    **settings: object,
) -> Scene:
    """Lay out repository, settings and host; ``kernel`` is put before the tuned file's own text."""
    (base / "user").mkdir(parents=True)
    (base / "signs").mkdir()
    host = host or Host(base / "host", [gpu(0)])
    root = lay_out(base / "user" / "repo", has_error_column=has_error_column)
    (root / KERNEL).write_text(kernel + (root / KERNEL).read_text())
    # Less to run: one head count, one batch; three block sizes and two query lengths remain.
    edit(root / SCRIPT, "((8, 1), (16, 1)), ((4, 1027), (16, 4096))", "((8, 1),), ((16, 4096),)")
    user_git(root, "init", "--quiet", "--initial-branch=main")
    user_git(root, "add", "--all")
    user_git(root, "commit", "--quiet", "--message=base")
    (base / "book.json").write_text(json.dumps(book))
    values = {"python": sys.executable, "agent": str(HERE / "agent.py"), "book": str(base / "book.json")}
    values |= {"deep_trace": "false", "source": "rocm-smi", "interval_s": 0.2, "watch_s": 0.3, "looks": 7}
    values |= {"preset": "protocol-strict", "gpu_time": "true", "look_s": 20.0, "timed_calls": 10}
    # Held by limits only: what the kernels of these scenes leave behind is looked at, and HIP counts all cards.
    values |= {"sandbox": "S1", "writable": [str(base / "signs"), str(host.root)]}
    values |= {"rounds": max(1, len(book)), **host.roots}
    (base / "toy.toml").write_text(SETTINGS.format(**(values | settings)))
    dropped = ("KERNEL_OPT", "COV_", "GIT_", "SCRIPTED_", *MASKS)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    environ |= {
        "PATH": f"{HERE}{os.pathsep}{environ['PATH']}",
        "SCRIPTED_HOST": str(host.path),
        "SCRIPTED_TRACER": json.dumps({"rocm": "7.0", **(tracer or {})}),
        "KERNEL_OPT_STATE": str(base / "state"),
        "KERNEL_OPT_LEASE_DIR": str(leases or base / "leases"),
        "PYTHONPATH": str(HERE.parents[1]),
    }
    return Scene(base, environ, fingerprint(root), objects(root))


def loaded(base: Path, slow_run: int = -1) -> str:
    """In a kernel: be seen at work by the status tool at least three times; in one run, counted from 0, also slow."""
    return f"""\
import atexit, os, time
base, looks = {str(base)!r}, os.environ["SCRIPTED_HOST"].removesuffix(".json") + ".rocm-smi.calls"
with open(base + "/runs", "ab") as runs:
    runs.write(b".")
    mark = base + ("/slow" if runs.tell() - 1 == {slow_run} else "/busy")
open(mark, "w").close()
atexit.register(os.unlink, mark)
enough = os.path.getsize(looks) + 4
while os.path.getsize(looks) < enough:
    time.sleep(0.01)
"""


def hold(base: Path) -> str:
    """In a kernel: wait as long as the file ``hold`` is there, and say so by the file ``held``."""
    return f"""\
import os, time
while os.path.exists({str(base / "signs" / "hold")!r}):
    open({str(base / "signs" / "held")!r}, "w").close()
    time.sleep(0.01)
"""
