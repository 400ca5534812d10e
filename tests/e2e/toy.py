"""A toy repository under tuning, with real git, real processes and a fake card: everything of a run but the GPU."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kernel_opt.edges.places import RunPlace, place_run
from kernel_opt.journal.codec import entries
from kernel_opt.journal.store import read_records
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.model.facts import Entry, Fact
from kernel_opt.model.state import RunState
from kernel_opt.rules.evolve import evolve
from tests.edges.toy_repository import user_git
from tests.fingerprint import fingerprint, objects

ROOT = Path(__file__).resolve().parents[2]
AGENT = Path(__file__).with_name("agent.py")
TAG = "toy"
LIMIT_S = 180.0
"""For a whole run on a machine under load; on a quiet one the longest takes a twentieth of it."""

KERNEL = """\
US = {"small": %.1f, "large": %.1f}
ERROR = %g
"""
BENCH = """\
import hashlib, os, sys
scope = {}
with open("kernels/k.py") as source:
    exec(compile(source.read(), "kernels/k.py", "exec"), scope)
os.write(1, b"timing \\xe9\\xff\\n")
# Some thousandths of noise: the same when a run is played again, different from one run to the next.
place = "/".join(os.environ["HOME"].split("/")[-4:])
def noise(name):
    return 1 + hashlib.sha256(f"{place} {name}".encode()).digest()[0] / 255 * 0.001
with open("out.csv", "w") as table:
    table.write("shape,us_k,err_k\\n")
    for name, us in scope["US"].items():
        table.write(f"{name},{us * noise(name):.4f},{scope['ERROR']}\\n")
"""
SETTINGS = """\
[benchmark]
command = [{python!r}, "-S", "tests/bench.py"]
file = "tests/bench.py"
csv = "out.csv"
metric = "us_k"
error = "err_k"
class_columns = ["shape"]
time_budget_s = {budget_s}
[edit]
allowed = ["kernels/**"]
[platform]
name = "tests.worker.fake_platform:open_platform"
options = {{ state = {cards!r} }}
deep_trace = false
[gate]
interval_s = 0.05
gap_s = 0.001
watch_s = 0.05
[judge]
preset = "protocol-strict"
[agent]
command = [{python!r}, "-S", {agent!r}, {book!r}]
timeout_s = {agent_s}
[round]
noise_runs = 2
[stop]
max_rounds = {rounds}
[disk]
min_free_mb = 1.0
[sandbox]
write = [{signs!r}]
"""

HANG = "import time\ntime.sleep(600)\n"
ORPHAN = """\
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
"""
"""In a kernel: a child in a session of its own, without a parent, deaf."""


def hold(base: Path) -> str:
    """In a kernel: wait as long as the file ``hold`` is there, and say so by the file ``held``."""
    return f"""\
import os, time
while os.path.exists({str(base / "signs" / "hold")!r}):
    open({str(base / "signs" / "held")!r}, "w").close()
    time.sleep(0.005)
"""


def kernel(small: float, large: float, error: float = 0.0) -> str:
    """The kernel's source, with the times that the benchmark will find."""
    return KERNEL % (small, large, error)


@dataclass(kw_only=True)
class Page:
    """What the proposer does in one call."""

    sentence: str = "the tile is too small"
    files: dict[str, str] = field(default_factory=dict)
    sleep_s: float = 0.0
    cost_usd: float | None = None
    leaves_orphan: bool = False


def writes(text: str, **more: object) -> Page:
    """A page that edits the kernel."""
    return Page(files={"kernels/k.py": text}, **more)


STORY = {
    "1:propose": writes(kernel(90, 180), sentence="keep"),
    "2:propose": writes(kernel(99, 198), sentence="regression"),
    "3:propose": writes(kernel(80, 160, error=1), sentence="wrong, then repaired"),
    "3:repair": writes(kernel(80, 160), sentence="repaired"),
}
"""Keep, regression, repair and keep."""
STORY_KERNELS = [kernel(100, 200), kernel(90, 180), kernel(80, 160)]
"""The code of best in its history."""


@dataclass
class Toy:
    """One toy repository with one run."""

    base: Path
    environ: dict[str, str]
    before: dict[str, str]
    objects_before: set[str]

    @property
    def repository(self) -> Path:
        return self.base / "user" / "repo"

    @property
    def worktree(self) -> Path:
        return self.base / "user" / f"kernel-opt-{TAG}"

    @property
    def cards(self) -> Path:
        return self.base / "cards.json"

    @property
    def config(self) -> Path:
        return self.base / "toy.toml"

    @property
    def held(self) -> Path:
        """There as soon as a kernel waits for the file ``hold`` to go."""
        return self.base / "signs" / "held"

    @property
    def holding(self) -> Path:
        return self.base / "signs" / "hold"

    @property
    def place(self) -> RunPlace:
        place = place_run(str(self.repository), TAG, str(self.worktree))
        own = self.base.joinpath("state", *Path(place.directory).parts[-2:])
        return place._replace(directory=str(own))

    @property
    def folder(self) -> Path:
        return Path(self.place.directory)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "kernel_opt.cli.main", *words]

    def cli(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run one command of a person to its end."""
        env = {**self.environ, **environ}
        return subprocess.run(
            self.command(*words), cwd=self.repository, env=env, capture_output=True, text=True, timeout=120
        )

    def start(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        ended = self.cli("start", "--tag", TAG, "--config", str(self.config), *words, **environ)
        assert ended.returncode == 0, ended.stderr
        return ended

    def resume(self, *words: str) -> subprocess.CompletedProcess[str]:
        ended = self.cli("start", "--tag", TAG, "--resume", *words)
        assert ended.returncode == 0, ended.stderr
        return ended

    def pid(self) -> int | None:
        """The daemon's pid; None when nobody holds the run's lock."""
        try:
            with Path(self.place.lock).open("rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return json.loads(lock.read() or b'{"pid": 0}')["pid"]
        except FileNotFoundError:
            pass
        return None

    def entries(self) -> list[Entry]:
        """The journal so far, read as anybody may read it."""
        try:
            return list(entries(read_records(self.folder)))
        except ReadFailedError:
            return []

    def facts(self, *kinds: type[Fact]) -> list[Fact]:
        return [entry.fact for entry in self.entries() if not kinds or isinstance(entry.fact, kinds)]

    def state(self) -> RunState:
        state = RunState()
        for entry in self.entries():
            state = evolve(state, entry)
        return state

    def wait(self, is_so: Callable[[], object], what: str) -> None:
        """Wait until something is so, and tell where the run stands when it never is."""
        until = time.monotonic() + LIMIT_S
        while not is_so():
            if time.monotonic() > until:
                last = [type(entry.fact).__name__ for entry in self.entries()[-6:]]
                raise AssertionError(f"waited in vain until {what}; the journal ends with {last}")
            time.sleep(0.01)

    def wait_fact(self, *kinds: type[Fact]) -> None:
        self.wait(lambda: self.facts(*kinds), f"there is {kinds}")

    def wait_held(self) -> None:
        self.wait(self.held.exists, "a benchmark runs")

    def wait_end(self) -> None:
        self.wait(lambda: self.pid() is None, "the daemon is gone")

    def git(self, *words: str) -> str:
        return user_git(self.repository, *words)


def make_toy(base: Path, book: dict[str, Page], **settings: object) -> Toy:
    """A repository with uncommitted work of its user's, settings, a quiet card, and a proposer with a book."""
    (base / "user").mkdir(parents=True)
    (base / "signs").mkdir()
    (base / "signs" / "hold").touch()
    root = base / "user" / "repo"
    for name, text in {"kernels/k.py": kernel(100, 200), "tests/bench.py": BENCH, "README": "toy\n"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    user_git(root, "init", "--quiet", "--initial-branch=main")
    user_git(root, "add", "--all")
    user_git(root, "commit", "--quiet", "--message=base")
    (root / "README").write_text("the user's own unfinished work\n")
    (base / "cards.json").write_text("[{}]")
    (base / "book.json").write_text(json.dumps({name: asdict(page) for name, page in book.items()}))
    values = {"python": sys.executable, "cards": str(base / "cards.json"), "agent": str(AGENT)}
    values |= {"signs": str(base / "signs")}
    values |= {"book": str(base / "book.json"), "budget_s": 30.0, "agent_s": 30.0, "rounds": len(_rounds(book))}
    (base / "toy.toml").write_text(SETTINGS.format(**(values | settings)))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KERNEL_OPT", "COV_", "GIT_"))}
    environ |= {
        "KERNEL_OPT_STATE": str(base / "state"),
        "KERNEL_OPT_LEASE_DIR": str(base / "leases"),
        "PYTHONPATH": str(ROOT),
    }
    return Toy(base, environ, fingerprint(root), objects(root))


def _rounds(book: dict[str, Page]) -> set[str]:
    return {name.partition(":")[0] for name in book}
