"""Promises about a process that not even SIGKILL ends; a frozen one stands in for one stuck in a broken driver."""

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_opt.edges.containment import SUBREAPER, Containment, probe_containment
from kernel_opt.edges.process import run_contained
from kernel_opt.edges.session_records import SessionOutcome
from tests.edges.waiting import wait_until
from tests.worker.conftest import Host, host
from tests.worker.test_session import hold, keep_signal

__all__ = ["host", "keep_signal"]

FREEZER = Path("/sys/fs/cgroup/freezer")
"""The first version's freezer holds processes in state D; the second version's lets SIGKILL through."""

pytestmark = pytest.mark.skipif(
    not os.access(FREEZER / "cgroup.procs", os.W_OK), reason="needs a writable freezer of cgroup version 1"
)


@pytest.fixture
def freezer() -> Iterator[Path]:
    """A freezer of this test, thawed and empty at the end."""
    made = FREEZER / f"kernel-opt-{uuid.uuid4()}"
    made.mkdir()
    yield made
    (made / "freezer.state").write_text("THAWED")
    wait_until(lambda: reap() or not (made / "cgroup.procs").read_text(), "the thawed have died")
    made.rmdir()


def reap() -> None:
    """Collect what became our own child because it outlived its supervisor."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return


def make_code(freezer: Path) -> str:
    """Return Python for a child that leaves a frozen process behind."""
    return (
        "import os, time\n"
        "if os.fork() == 0:\n"
        f"    open('{freezer}/cgroup.procs', 'w').write('0')\n"
        f"    open('{freezer}/freezer.state', 'w').write('FROZEN')\n"
        "    time.sleep(600)\n"
        f"while open('{freezer}/freezer.state').read() != 'FROZEN\\n': time.sleep(0.01)\n"
    )


@pytest.mark.parametrize("level", dict.fromkeys([probe_containment(), SUBREAPER]), ids=lambda level: level.name)
def test_the_unkillable_is_told_and_not_waited_for(tmp_path: Path, freezer: Path, level: Containment) -> None:
    """A process that will not die is given its grace, and then named by the PID under which we can see it."""
    ended = run_contained(
        [sys.executable, "-S", "-c", make_code(freezer)],
        cwd=tmp_path,
        env=dict(os.environ),
        log=tmp_path / "log",
        timeout_s=60.0,
        kill_grace_s=0.3,
        containment=level,
    )
    assert ended.exit_code == 0
    assert [str(pid) for pid in ended.leaked_pids] == (freezer / "cgroup.procs").read_text().split()


@pytest.mark.slow
def test_the_unkillable_ends_the_session(host: Host, freezer: Path) -> None:
    """With something unkillable on its card a session takes no further order and says who it is."""
    order = host.make_order(1, "", argv=(sys.executable, "-S", "-c", make_code(freezer)))
    result, answers = hold(host, order, host.make_order(2, "true"))
    assert result.outcome is SessionOutcome.LEAKED
    assert len(answers) == 1
    assert str(answers[0].leaked_pids[0]) in result.why[0]
