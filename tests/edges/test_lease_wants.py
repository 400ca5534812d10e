"""Notes of who waits for a card: believed while the run lives and as long as it says, and never a danger."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kernel_opt.edges import lease
from kernel_opt.edges.lease import LEASE_DIR_VARIABLE
from kernel_opt.edges.lease_wants import Wants, count_held, find_waiting

ME, OTHER = "/state/me/lock", "/state/other/lock"


@pytest.fixture(autouse=True)
def leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(LEASE_DIR_VARIABLE, str(tmp_path / "leases"))
    (tmp_path / "leases").mkdir()
    return tmp_path / "leases"


def test_a_run_that_waits_is_seen_by_the_others_until_it_has_a_card() -> None:
    """Not by itself; as long as one of its lanes waits."""
    wants = Wants(OTHER)
    wants.begin(1, 60.0)
    wants.begin(2, 60.0)
    assert (find_waiting(ME), find_waiting(OTHER)) == ((OTHER,), ())
    wants.end(1)
    wants.end(1)
    assert find_waiting(ME) == (OTHER,)
    wants.end(2)
    assert find_waiting(ME) == ()


def test_an_old_wish_fades() -> None:
    """Whoever forgot to take it back hinders nobody for long."""
    now_s = 1000.0
    Wants(OTHER, lambda: now_s).begin(1, 60.0)
    assert find_waiting(ME, lambda: now_s + 59) == (OTHER,)
    assert find_waiting(ME, lambda: now_s + 61) == ()


def test_the_wish_of_a_run_that_died_counts_for_nothing() -> None:
    """Its lock went with it."""
    code = "import os; from kernel_opt.edges.lease_wants import Wants; Wants('/x').begin(1, 600); os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ))
    assert find_waiting(ME) == ()


def test_cards_are_counted_by_run() -> None:
    """A lease of a command, which names no run, is nobody's."""
    held = [lease.take("a", {"run": ME}), lease.take("b", {"run": ME}), lease.take("c", {"run": OTHER})]
    held.append(lease.take("d", {"tag": "a command of a person"}))
    assert count_held() == Counter({ME: 2, OTHER: 1})
    for one in held:
        assert one is not None
        one.release()
    assert count_held() == Counter()


@pytest.mark.parametrize("note", [b"", b"\xff", b"[]", b'{"run": 7}', b'{"run": "/x", "until_s": "soon"}'])
def test_a_note_that_is_none_is_passed_over(leases: Path, note: bytes) -> None:
    """Of another version, or being written just now."""
    Wants(OTHER).begin(1, 60.0)
    (path,) = leases.glob("wants-*")
    path.write_bytes(note)
    assert find_waiting(ME) == ()


def test_what_is_no_plain_file_is_passed_over(leases: Path) -> None:
    """A link, a pipe, a folder."""
    (leases / "wants-link.lock").symlink_to("/etc/passwd")
    os.mkfifo(leases / "wants-pipe.lock")
    (leases / "card-folder.lock").mkdir()
    assert (find_waiting(ME), count_held()) == ((), Counter())


def test_a_folder_that_cannot_be_written_costs_fairness_and_nothing_else(
    leases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told, no round is lost."""
    blocked = leases / "file"
    blocked.write_text(json.dumps({}))
    monkeypatch.setenv(LEASE_DIR_VARIABLE, str(blocked / "below"))
    wants = Wants(ME)
    wants.begin(1, 60.0)
    wants.end(1)
