"""Promises of each sandbox level this machine has, seen from inside."""

import os
import socket
import sys
from pathlib import Path

import pytest

from kernel_opt.edges import landlock
from kernel_opt.edges.landlock import read_abi
from kernel_opt.edges.process import run_contained
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.model.sandbox import Access, Place, SandboxLevel
from tests.edges.waiting import Tracer
from tests.edges.walls import LEVELS, each_level, holding, needs_s3, open_folder, run_in, run_python

HOSTILE = str(Path(__file__).with_name("hostile.py"))
TRY = """
import sys
for name, mode in (line.split() for line in sys.stdin):
    try:
        open(name, mode).close()
    except OSError as error:
        print(name, mode, type(error).__name__)
    else:
        print(name, mode, "done")
"""


def attempt(tmp_path: Path, walls, *tries: str) -> list[str]:
    """Open files inside, each as ``name mode``; return what became of each."""
    (tmp_path / "open" / "tries").write_text("\n".join(tries))
    _, said = run_python(tmp_path, walls, TRY, stdin=tmp_path / "open" / "tries")
    return [line.split()[-1] for line in said.splitlines()]


@holding
def test_what_is_hidden_cannot_be_read(tmp_path: Path, level: SandboxLevel) -> None:
    """Files beside the run, the user's home and other homes are out of reach; the run's own folder is not."""
    (tmp_path / "secret").write_text("key")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "mine").write_text("x")
    home = Path("~").expanduser()
    shown = attempt(
        tmp_path, open_folder(tmp_path, level), f"{tmp_path}/secret r", f"{tmp_path}/open/mine r", f"{home}/.netrc r"
    )
    assert shown[1] == "done"
    assert shown[0] != "done"
    assert shown[2] != "done"
    _, listed = run_python(tmp_path, open_folder(tmp_path, level), f"import os; print(os.listdir({str(home)!r}))")
    assert listed.strip().endswith("[]") or "PermissionError" in listed or ".pyenv" in listed


@holding
def test_the_system_can_be_read_and_not_written(tmp_path: Path, level: SandboxLevel) -> None:
    """Programs and libraries are there, also for root, but nothing of them can be changed."""
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "file").write_text("x")
    walls = open_folder(tmp_path, level, Place(str(tmp_path / "shown"), Access.READ))
    shown = attempt(tmp_path, walls, "/etc/passwd r", "/etc/kernel-opt-test w", f"{tmp_path}/shown/file r")
    assert (shown[0], shown[2]) == ("done", "done")
    assert shown[1] != "done"
    assert attempt(tmp_path, walls, f"{tmp_path}/shown/file w", f"{tmp_path}/shown/new w").count("done") == 0
    assert (tmp_path / "shown" / "file").read_text() == "x"


@holding
def test_what_may_be_written_stays(tmp_path: Path, level: SandboxLevel) -> None:
    """A file made in an open folder is there afterwards, and belongs to us."""
    ended, _ = run_in(tmp_path, open_folder(tmp_path, level), "/bin/sh", "-c", "echo 1 >made && mkdir d && mv made d/")
    assert ended.exit_code == 0
    assert (tmp_path / "open" / "d" / "made").stat().st_uid == os.getuid()


@needs_s3
def test_a_file_can_be_fixed_in_an_open_folder(tmp_path: Path) -> None:
    """Of an open folder single files can be kept from being written, removed and replaced, or from being seen."""
    (tmp_path / "open").mkdir()
    for name in ("fixed", "link"):
        (tmp_path / "open" / name).write_text("x")
    places = (
        Place(str(tmp_path / "open" / "fixed"), Access.READ),
        Place(str(tmp_path / "open" / "link"), Access.HIDE),
    )
    walls = open_folder(tmp_path, SandboxLevel.S3, *places)
    code = "cat fixed; cat link; rm -f fixed; echo 2 >fixed; mv fixed away; echo y >new"
    _, said = run_in(tmp_path, walls, "/bin/sh", "-c", code)
    assert said.startswith("x")
    assert {path.name: path.read_text().strip() for path in (tmp_path / "open").iterdir()} == {
        "fixed": "x",
        "link": "x",
        "new": "y",
    }


@needs_s3
def test_another_file_can_stand_in_a_place(tmp_path: Path) -> None:
    """An input is shown where it belongs, read-only, without being copied there."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "lib").mkdir()
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "a.so").write_text("code")
    walls = open_folder(
        tmp_path, SandboxLevel.S3, Place(str(tmp_path / "open" / "lib"), Access.READ, str(tmp_path / "built"))
    )
    _, said = run_in(tmp_path, walls, "/bin/sh", "-c", "cat lib/a.so; echo bad >lib/a.so")
    assert said.startswith("code")
    assert (tmp_path / "built" / "a.so").read_text() == "code"
    assert not list((tmp_path / "open" / "lib").iterdir())


@holding
def test_its_log_is_not_its_own(tmp_path: Path, level: SandboxLevel) -> None:
    """What was printed cannot be taken back, also where the log lies in an open folder: only bubblewrap can do that."""
    walls = open_folder(tmp_path, level)
    log = tmp_path / "open" / "own.log"
    settings = {"cwd": tmp_path / "open", "env": {"PATH": os.environ["PATH"]}, "log": log, "timeout_s": 60.0}
    run_contained(["/bin/sh", "-c", "echo said; : >own.log; rm -f own.log"], sandbox=walls, **settings)
    if level is SandboxLevel.S3:
        assert log.read_text().startswith("said\n")


@holding
def test_no_network_unless_allowed(tmp_path: Path, level: SandboxLevel) -> None:
    """A listening port of this machine is not reached; with the network it is."""
    if level is SandboxLevel.S2 and read_abi() < 4:
        pytest.skip("this kernel's Landlock knows no ports")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        closed, _ = run_python(tmp_path, open_folder(tmp_path, level), code)
        opened, said = run_python(tmp_path, open_folder(tmp_path, level, network=True), code)
    assert closed.exit_code != 0
    assert opened.exit_code == 0, said


@needs_s3
def test_what_it_leaves_in_memory_goes_with_it(tmp_path: Path) -> None:
    """Temp, shared memory and home are its own: the next child finds them empty."""
    walls = open_folder(tmp_path, SandboxLevel.S3)
    home = Path("~").expanduser()
    code = f"for d in /tmp /dev/shm {home}; do ls $d | grep channel; echo x >$d/channel; done"
    for _ in range(2):
        _, said = run_in(tmp_path, walls, "/bin/sh", "-c", code)
        assert said == ""


@needs_s3
def test_memory_is_bounded(tmp_path: Path) -> None:
    """A child cannot fill the machine's memory through its temp folder or its shared memory."""
    walls = open_folder(tmp_path, SandboxLevel.S3, tmp_bytes=1 << 20, shm_bytes=1 << 20)
    code = "for d in /tmp /dev/shm; do head -c 2000000 /dev/zero >$d/a; stat -c %s $d/a; done"
    _, said = run_in(tmp_path, walls, "/bin/sh", "-c", code)
    assert [int(word) for word in said.split() if word.isdigit()] == [1 << 20, 1 << 20]


@needs_s3
def test_it_sees_its_own_processes_and_its_own_devices(tmp_path: Path) -> None:
    """No other process can be seen or signalled; of the devices there are the harmless ones, and those named."""
    walls = open_folder(tmp_path, SandboxLevel.S3, devices=("/dev/null",))
    code = (
        "import os; print(sum(n.isdigit() for n in os.listdir('/proc')), os.path.exists('/dev/kmsg'), flush=True)\n"
        f"os.kill({os.getpid()}, 0)"
    )
    _, said = run_python(tmp_path, walls, code)
    count, has_kernel_log = said.split()[:2]
    assert int(count) <= 3
    assert has_kernel_log == "False"
    assert "ProcessLookupError" in said


@each_level
def test_no_rights_are_gained(tmp_path: Path, level: SandboxLevel) -> None:
    """Where files are held, no program gains rights by being started, and root has none left to undo it."""
    _, said = run_in(tmp_path, open_folder(tmp_path, level), "grep", "-E", "NoNewPrivs|CapEff", "/proc/self/status")
    found = dict(line.split() for line in said.splitlines())
    if level is not SandboxLevel.S1:
        assert found["NoNewPrivs:"] == "1"
    if level is SandboxLevel.S3:
        assert int(found["CapEff:"], 16) == 0


@each_level
def test_limits_hold(tmp_path: Path, level: SandboxLevel) -> None:
    """At every level: no core dumps, no file above the limit, address space unbounded, threads bounded."""
    code = "import resource as r\nfor n in ('CORE', 'FSIZE', 'AS'): print(r.getrlimit(getattr(r, 'RLIMIT_' + n))[0])"
    code += "\nprint(0 < r.getrlimit(r.RLIMIT_NPROC)[0] < 10_000_000)"
    _, said = run_python(tmp_path, open_folder(tmp_path, level, max_file_bytes=4096), code)
    assert said.split() == ["0", "4096", "-1", "True"]


@each_level
def test_a_fork_bomb_is_ended(tmp_path: Path, level: SandboxLevel) -> None:
    """A child that starts process after process is ended with all of them soon after it passes its limit."""
    tracer = Tracer(tmp_path / "lock")
    walls = open_folder(tmp_path, level, max_processes=40)
    # Slow enough to be harmless if it were not ended: it would stop by itself at 400.
    code = "import os, time\nfor _ in range(400):\n    if os.fork() == 0: time.sleep(600)\n    time.sleep(0.002)\n"
    ended, said = run_python(tmp_path, walls, f"{code}time.sleep(600)", pass_fds=[tracer.fd])
    tracer.let_go()
    assert not tracer.is_anyone_alive()
    assert (ended.exit_code, ended.timed_out) == (None, False)
    assert "more than 40 processes" in said


@each_level
def test_nothing_survives(tmp_path: Path, level: SandboxLevel) -> None:
    """Sessions of their own, double forks, one that forks anew every 20 ms, all deaf: none is left at any level."""
    tracer = Tracer(tmp_path / "lock")
    ended, said = run_in(tmp_path, open_folder(tmp_path, level), sys.executable, HOSTILE, "leave", pass_fds=[tracer.fd])
    tracer.let_go()
    assert not tracer.is_anyone_alive()
    assert (ended.exit_code, said) == (0, "ready\n")


def test_without_landlock_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that has none is an error with what to do, never a child without walls."""
    monkeypatch.setattr(landlock, "read_abi", lambda: 0)
    with pytest.raises(InfrastructureError, match="no Landlock"):
        landlock.confine([], network=True)


def test_this_machine_shows_something() -> None:
    """At least one level that holds files is there; else most promises above were not looked at."""
    if not LEVELS:
        pytest.skip("install bubblewrap, or use a kernel with Landlock, to see any of this")
