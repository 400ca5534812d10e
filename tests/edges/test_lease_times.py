"""When a card was last leased is told by its lock file, whoever leased it."""

import os
from pathlib import Path

import pytest

from kernel_opt.edges import lease
from kernel_opt.edges.lease_times import find_last_used


def test_every_lease_leaves_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards are told by the keys that the gate knows them by; other files there are none."""
    monkeypatch.setenv(lease.LEASE_DIR_VARIABLE, str(tmp_path))
    (tmp_path / "notes").touch()
    for key in ("pci-0000:05:00-p0", "kfd-28851"):
        held = lease.take(key, {})
        assert held is not None
        held.release()
    os.utime(tmp_path / "card-kfd-28851.lock", (5.0, 5.0))
    found = find_last_used()
    assert set(found) == {"pci-0000:05:00-p0", "kfd-28851"}
    assert found["kfd-28851"] == 5.0
    assert find_last_used(tmp_path) == found


def test_a_place_that_cannot_be_had_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of cards is no reason to fail: whoever takes a lease there will say what is wrong."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(lease.LEASE_DIR_VARIABLE, str(tmp_path / "file" / "leases"))
    assert find_last_used() == {}
