"""Lives of a daemon in the foreground: each may be told where to die, and the next one goes on."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from kernel_opt.journal.failpoints import VARIABLE
from kernel_opt.model.steps import Close, Step
from tests.e2e.toy import ROOT, TAG, Toy

LIMIT_S = 240.0
"""For one life; the whole story takes a twentieth of it on a quiet machine."""
_CALL = re.compile(r'failpoint\(f?"([^"]+)\.(before|after)"\)')


def find_places() -> list[str]:
    """Every failpoint in the code, as ``name:side``; found by reading the code, so that a new one is tested as well."""
    found: set[str] = set()
    for path in (ROOT / "kernel_opt").rglob("*.py"):
        for name, side in _CALL.findall(path.read_text()):
            names = _step_names() if name == "{name}" else [name]
            found |= {f"{one}:{side}" for one in names}
    return sorted(found)


def _step_names() -> list[str]:
    return [kind.__name__.lower() for kind in Step.__args__ if kind is not Close]


def command(toy: Toy, mutant: str = "none") -> list[str]:
    """What a person would type at first, and a service after a crash."""
    words = ["start", "--tag", TAG, "--foreground"]
    words += ["--resume", "--unless-stopped"] if toy.folder.exists() else ["--config", str(toy.config)]
    return [sys.executable, "-m", "tests.crash.person", mutant, *words]


def begin(
    toy: Toy, failpoints: Iterable[str] = (), prefix: Sequence[str] = (), mutant: str = "none"
) -> subprocess.Popen[bytes]:
    """Begin a life."""
    env = {**toy.environ, VARIABLE: ",".join(failpoints)}
    with out_of(toy).open("wb") as out:
        return subprocess.Popen(
            [*prefix, *command(toy, mutant)],
            cwd=toy.repository,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )


def live(toy: Toy, failpoints: Iterable[str] = (), prefix: Sequence[str] = (), mutant: str = "none") -> int:
    """Live once; return how it ended, -9 when it was killed."""
    child = begin(toy, failpoints, prefix, mutant)
    try:
        return child.wait(LIMIT_S)
    finally:
        child.kill()
        child.wait()


def out_of(toy: Toy) -> Path:
    """What the last life said."""
    return toy.base / "life.out"


def last_words(toy: Toy) -> str:
    return out_of(toy).read_text(errors="replace")[-3000:]


def fired(toy: Toy) -> str:
    """The failpoint, as ``name:side``, that ended the last life."""
    return re.findall(r"^failpoint (.+)$", last_words(toy), re.MULTILINE)[-1].replace(".", ":")


def is_killed(code: int) -> bool:
    return code in (-signal.SIGKILL, 128 + signal.SIGKILL)


def finish(toy: Toy, mutant: str = "none") -> None:
    """Go on without any crash to the end of the run."""
    code = live(toy, mutant=mutant)
    assert code == 0, last_words(toy)


def quiet() -> None:
    """Let others on this machine go first."""
    os.nice(10)
