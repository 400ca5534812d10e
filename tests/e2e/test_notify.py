"""People are told while a run goes on, once, and nothing about it can hold up or fail a round."""

import json
import os
import signal
from pathlib import Path

from tests.e2e.proof import prove, prove_quiet
from tests.e2e.toy import STORY, Toy, hold, kernel, make_toy, writes


def add_notify(toy: Toy, script: str, **settings: str) -> None:
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    toy.config.write_text(
        f'{toy.config.read_text()}[notify]\ncommand = ["/bin/sh", "-c", {json.dumps(script)}]\n{lines}'
    )


def told(base: Path) -> list[str]:
    path = base / "told"
    return [json.loads(line)["about"] for line in path.read_text().splitlines()] if path.exists() else []


def test_keeps_the_restart_and_the_end_are_told_once(tmp_path: Path) -> None:
    """Also when the daemon is killed in between and another goes on; a command that fails costs nothing but a line."""
    base = tmp_path / "toy"
    book = {"1:propose": STORY["1:propose"], "2:propose": writes(hold(base) + kernel(99, 198), sentence="regression")}
    toy = make_toy(base, book)
    add_notify(toy, f'cat >> "{base}/told"; echo >> "{base}/told"; exit 5')
    toy.start()
    toy.wait_held()
    toy.wait(lambda: told(base), "the keep is told")
    os.kill(toy.pid() or 0, signal.SIGKILL)
    toy.wait_end()
    toy.holding.unlink()
    toy.resume("--unless-stopped")
    toy.wait_end()
    assert told(base) == ["kept", "restarted", "stopped"]
    assert "the command: ended with 5" in Path(toy.place.log).read_text()
    prove_quiet(toy)
    prove(toy)
