"""A host with cards, a daemon's lock, and a place for sessions."""

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_opt.edges.session_records import PlatformChoice, RunOrder, SessionRequest
from kernel_opt.rules.card.gate import Thresholds

FACTORY = "tests.worker.fake_platform:open_platform"


@dataclass
class Host:
    """A host whose cards tests set by hand."""

    root: Path
    owner_fd: int = -1

    def set_cards(self, *cards: dict[str, object], **how: object) -> None:
        """Say what the cards are; ``how`` says how a look at them goes. Changed at once, never half."""
        state: object = {"cards": cards, **how} if how else cards
        fresh = self.root / "cards.fresh"
        fresh.write_text(json.dumps(state))
        fresh.replace(self.root / "cards")

    def hold_owner_lock(self) -> None:
        """Be the daemon."""
        self.owner_fd = os.open(self.root / "owner", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self.owner_fd, fcntl.LOCK_EX)

    def drop_owner_lock(self) -> None:
        """Be a daemon that has gone."""
        if self.owner_fd >= 0:
            os.close(self.owner_fd)
            self.owner_fd = -1

    def make_request(self, **rest: object) -> SessionRequest:
        """Return a request with waits that suit a test."""
        ordinary: dict[str, object] = {
            "id": "r1-a1",
            "tag": "test",
            "platform": PlatformChoice(factory=FACTORY, options={"state": str(self.root / "cards")}),
            "owner_lock": str(self.root / "owner"),
            "gate": Thresholds(looks=2, gap_s=0.01),
            "watch_s": 0.05,
            "settle_s": 0.0,
            "read_limit_s": 20.0,
            "idle_order_s": 20.0,
        }
        return SessionRequest(**(ordinary | rest))

    def make_order(self, number: int, script: str, **rest: object) -> RunOrder:
        """Return an order for a shell script in a working directory that all orders share."""
        cwd = self.root / "tree"
        cwd.mkdir(exist_ok=True)
        ordinary: dict[str, object] = {
            "argv": ("/bin/sh", "-c", script),
            "cwd": str(cwd),
            "env": {"PATH": os.environ["PATH"]},
            "timeout_s": 60.0,
            "run_dir": f"runs/{number:04d}",
            "log_name": "candidate.log",
            "collect": ("*.csv",),
        }
        return RunOrder(**(ordinary | rest))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host with one idle card, leases of its own, and a living daemon."""
    monkeypatch.setenv("KERNEL_OPT_LEASE_DIR", str(tmp_path / "leases"))
    made = Host(tmp_path)
    made.set_cards({})
    made.hold_owner_lock()
    yield made
    made.drop_owner_lock()
