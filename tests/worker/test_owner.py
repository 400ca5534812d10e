"""Promises of knowing whether a session is still wanted."""

import subprocess
import sys

from kernel_opt.edges.record_files import write_record
from kernel_opt.edges.session_files import CANCEL
from kernel_opt.edges.session_records import SessionOutcome
from kernel_opt.worker.owner import Owner
from tests.worker.conftest import Host


def test_a_held_lock_means_go_on(host: Host) -> None:
    """As long as the daemon holds its lock the session is wanted."""
    assert Owner(host.root, host.make_request()).find_reason_to_end() is None


def test_a_free_lock_means_the_daemon_is_gone(host: Host) -> None:
    """A lock nobody holds, or that is not there, is a daemon that has gone."""
    owner = Owner(host.root, host.make_request())
    host.drop_owner_lock()
    assert owner.find_reason_to_end() is SessionOutcome.OWNER_GONE
    (host.root / "owner").unlink()
    assert owner.find_reason_to_end() is SessionOutcome.OWNER_GONE


def test_a_new_parent_means_the_daemon_is_gone(host: Host) -> None:
    """A worker that was handed to another parent has lost its daemon, even if a new one holds the lock already."""
    code = """
import os, sys, time
from pathlib import Path
from kernel_opt.edges.record_files import read_record
from kernel_opt.edges.session_records import SessionRequest
from kernel_opt.worker.owner import Owner
heard, told = os.pipe()
if os.fork():
    os.read(heard, 1)
    os._exit(0)
owner = Owner(Path(sys.argv[1]), read_record(Path(sys.argv[1]) / "r.json", SessionRequest))
before = owner.find_reason_to_end()
os.write(told, b".")
until = time.monotonic() + 30
while (after := owner.find_reason_to_end()) is None and time.monotonic() < until:
    time.sleep(0.005)
print(before, after)
"""
    write_record(host.root / "r.json", host.make_request())
    ended = subprocess.run([sys.executable, "-c", code, host.root], capture_output=True, text=True)
    assert ended.stdout == "None owner_gone\n", ended.stderr


def test_the_marker_file_cancels(host: Host) -> None:
    """The daemon's marker file is a cancellation."""
    owner = Owner(host.root, host.make_request())
    (host.root / CANCEL).touch()
    assert owner.find_reason_to_end() is SessionOutcome.CANCELLED


def test_a_signal_cancels(host: Host) -> None:
    """A worker asked to end by a signal counts that as a cancellation."""
    owner = Owner(host.root, host.make_request())
    owner.tell_to_end(15, None)
    assert owner.find_reason_to_end() is SessionOutcome.CANCELLED
