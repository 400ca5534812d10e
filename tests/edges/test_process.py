"""Promises of running a child: whatever it does, its end is told truly and nothing of it stays."""

import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kernel_opt.edges import containment
from kernel_opt.edges.containment import BWRAP, SUBREAPER, UNSHARE, UNSHARE_USER, Containment, is_working
from kernel_opt.edges.process import Ended, StopWish, run_contained
from kernel_opt.model.errors import InfrastructureError
from tests.edges.waiting import Tracer, wait_until

HERE = Path(__file__).parent
HOSTILE = str(HERE / "hostile.py")
ALL_LEVELS = {"BWRAP": BWRAP, "UNSHARE": UNSHARE, "UNSHARE_USER": UNSHARE_USER, "SUBREAPER": SUBREAPER}
LEVELS = {name: level for name, level in ALL_LEVELS.items() if is_working(level)}
"""What this machine can do; the weakest works everywhere."""
each_level = pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)


def run(tmp_path: Path, *argv: str, timeout_s: float = 60.0, **rest: object) -> Ended:
    """Run a command with ordinary settings; its log is ``tmp_path/log``."""
    settings = {"cwd": tmp_path, "env": dict(os.environ), "log": tmp_path / "log", "tick_s": 0.02} | rest
    return run_contained(argv, timeout_s=timeout_s, **settings)


def run_python(tmp_path: Path, code: str, **rest: object) -> Ended:
    """Run some lines of Python."""
    return run(tmp_path, sys.executable, "-S", "-c", code, **rest)


def read_log(tmp_path: Path) -> bytes:
    return (tmp_path / "log").read_bytes()


@each_level
def test_nothing_left_behind_survives(tmp_path: Path, level: Containment) -> None:
    """A child that ends well but leaves five kinds of processes behind leaves none of them alive."""
    tracer = Tracer(tmp_path / "lock")
    ended = run(tmp_path, sys.executable, HOSTILE, "leave", containment=level, pass_fds=[tracer.fd])
    tracer.let_go()
    assert not tracer.is_anyone_alive()
    assert (ended.exit_code, ended.leaked_pids) == (0, ())
    assert ended.survivors_killed >= 5
    assert read_log(tmp_path) == b"ready\n"


@each_level
def test_time_limit_ends_the_whole_tree(tmp_path: Path, level: Containment) -> None:
    """A hostile tree that outlasts its limit is gone when the call returns, and the limit is said to be the reason."""
    tracer = Tracer(tmp_path / "lock")
    ended = run(tmp_path, sys.executable, HOSTILE, "stay", containment=level, pass_fds=[tracer.fd], timeout_s=1.5)
    tracer.let_go()
    assert not tracer.is_anyone_alive()
    assert ended.timed_out
    assert (ended.exit_code, ended.signal, ended.stalled) == (None, signal.SIGKILL, False)


@pytest.mark.parametrize("name", LEVELS)
def test_kill_of_the_parent_leaves_nobody(tmp_path: Path, name: str) -> None:
    """When whoever runs a hostile child is killed by SIGKILL, the whole tree ends with it."""
    tracer = Tracer(tmp_path / "lock")
    log = tmp_path / "log"
    parent = subprocess.Popen(
        [sys.executable, str(HERE / "contained_parent.py"), name, str(log), str(tracer.fd)],
        pass_fds=[tracer.fd],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    tracer.let_go()
    wait_until(lambda: log.exists() and b"ready" in log.read_bytes(), "the hostile tree stands")
    parent.kill()
    parent.wait()
    wait_until(lambda: not tracer.is_anyone_alive(), "nobody is alive")


@each_level
def test_exit_code_is_told_as_it_was(tmp_path: Path, level: Containment) -> None:
    """The exit code is the child's own, also one that a shell would use for a signal."""
    for code in (0, 1, 139, 255):
        ended = run(tmp_path, "/bin/sh", "-c", f"exit {code}", containment=level)
        assert (ended.exit_code, ended.signal) == (code, None)


@each_level
def test_signal_is_told_apart_from_an_exit_code(tmp_path: Path, level: Containment) -> None:
    """A child that crashes is told by its signal and has no exit code."""
    ended = run(tmp_path, "/bin/sh", "-c", "kill -SEGV $$", containment=level)
    assert (ended.exit_code, ended.signal) == (None, signal.SIGSEGV)


@each_level
def test_files_keep_their_owner(tmp_path: Path, level: Containment) -> None:
    """A file the child writes belongs to the user we run as, whatever namespaces are between."""
    run(tmp_path, "/bin/sh", "-c", "echo 1 >made", containment=level)
    assert (tmp_path / "made").stat().st_uid == os.getuid()


@each_level
def test_a_missing_program_is_told(tmp_path: Path, level: Containment) -> None:
    """A command that does not exist is our machine's trouble, told with its name."""
    with pytest.raises(InfrastructureError, match=r"no-such-program could not be started: .*No such file"):
        run(tmp_path, "no-such-program", containment=level, env={"PATH": "/usr/bin:/bin"})


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    """A working directory that does not exist is told with its name."""
    with pytest.raises(InfrastructureError, match="nowhere"):
        run(tmp_path, "true", cwd=tmp_path / "nowhere")


def test_a_wrapper_that_fails_is_told(tmp_path: Path) -> None:
    """When the wrapper ends without the supervisor's report, that is an infrastructure error and no exit code."""
    broken = Containment("broken", ("false",), is_namespace=True)
    with pytest.raises(InfrastructureError, match="supervisor"):
        run(tmp_path, "true", containment=broken)


def test_a_child_that_kills_its_supervisor_does_not_get_away(tmp_path: Path) -> None:
    """Without a PID namespace a child can kill its supervisor: that is told, and the child ends all the same."""
    tracer = Tracer(tmp_path / "lock")
    code = "import os,time\nos.setsid() if os.fork() == 0 else None\nos.kill(os.getppid(), 9)\ntime.sleep(600)"
    with pytest.raises(InfrastructureError, match="supervisor"):
        run_python(tmp_path, code, containment=SUBREAPER, pass_fds=[tracer.fd])
    tracer.let_go()
    assert not tracer.is_anyone_alive()


def test_silence_is_a_stall(tmp_path: Path) -> None:
    """A child that prints nothing for too long is ended as stalled, not as timed out."""
    ended = run(tmp_path, "sleep", "600", no_output_s=0.2)
    assert (ended.stalled, ended.timed_out, ended.signal) == (True, False, signal.SIGKILL)


def test_output_is_a_sign_of_life(tmp_path: Path) -> None:
    """A child that prints now and then is not stalled, however long it lasts."""
    ended = run_python(
        tmp_path,
        "import time\nfor _ in range(8): print(1, flush=True); time.sleep(.25)",
        no_output_s=1.5,
    )
    assert (ended.stalled, ended.exit_code) == (False, 0)


def test_a_polite_end_lets_the_child_speak(tmp_path: Path) -> None:
    """With ``interrupt_first`` a child over its limit gets SIGINT and may say its last words and choose its code."""
    code = "import time\ntry: time.sleep(600)\nexcept KeyboardInterrupt: print('cost 3'); raise SystemExit(7)"
    ended = run_python(tmp_path, code, interrupt_first=True, no_output_s=1.0)
    assert (ended.exit_code, ended.stalled) == (7, True)
    assert read_log(tmp_path) == b"cost 3\n"


def test_a_wish_ends_the_child(tmp_path: Path) -> None:
    """A wish from the tick ends the child, and is told as the reason."""
    wish = StopWish("stop was asked")
    ended = run(tmp_path, "sleep", "600", on_tick=lambda: wish)
    assert ended.stopped_by is wish
    assert (ended.timed_out, ended.signal) == (False, signal.SIGKILL)


def test_a_second_wish_need_not_be_polite(tmp_path: Path) -> None:
    """A child that is deaf to the polite signal is killed as soon as the wish says at once."""
    wishes = [StopWish("after this"), StopWish("now", at_once=True)]
    code = "import signal,time\nsignal.signal(2, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(600)"

    def tick() -> StopWish | None:
        return wishes.pop(0) if wishes and b"deaf" in read_log(tmp_path) else None

    ended = run_python(tmp_path, code, interrupt_first=True, on_tick=tick)
    assert ended.stopped_by == StopWish("now", at_once=True)
    assert ended.signal == signal.SIGKILL


def test_an_error_in_the_tick_ends_the_child(tmp_path: Path) -> None:
    """When the tick raises, the error goes on up and the child does not go on."""
    tracer = Tracer(tmp_path / "lock")

    def tick() -> StopWish | None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "sleep", "600", on_tick=tick, pass_fds=[tracer.fd])
    tracer.let_go()
    assert not tracer.is_anyone_alive()


def test_a_flood_is_cut_in_the_middle(tmp_path: Path) -> None:
    """Of an endless output the beginning and the end are kept, and what it came to is told."""
    code = (
        "import os\nos.write(1, b'first\\n')\nfor _ in range(400): os.write(1, b'x' * 65536)\nos.write(1, b'last\\n')"
    )
    ended = run_python(tmp_path, code, log_cap_bytes=4096)
    log = read_log(tmp_path)
    assert ended.log_bytes == 400 * 65536 + 11
    assert ended.log_truncated
    assert log.startswith(b"first\n")
    assert log.endswith(b"last\n")
    assert len(log) < 4096 + 100


def test_any_bytes_are_output(tmp_path: Path) -> None:
    """Output that is no text arrives as it was written, from both channels."""
    run(tmp_path, "/bin/sh", "-c", r"printf '\377\000\033[31m'; printf '\200' >&2")
    assert read_log(tmp_path) == b"\xff\x00\x1b[31m\x80"


def test_input_is_empty_unless_given(tmp_path: Path) -> None:
    """A child that reads gets the file it was given, or the end at once; never our terminal."""
    (tmp_path / "brief").write_text("the brief")
    run(tmp_path, "cat", stdin=tmp_path / "brief")
    assert read_log(tmp_path) == b"the brief"
    assert run(tmp_path, "cat").exit_code == 0
    assert read_log(tmp_path) == b""


def test_environment_is_exactly_what_was_given(tmp_path: Path) -> None:
    """The child sees the given variables and no other, also bytes that are no text."""
    run(tmp_path, "/usr/bin/env", env={"ONE": os.fsdecode(b"\xff"), "LD_X": "2"})
    assert sorted(read_log(tmp_path).splitlines()) == [b"LD_X=2", b"ONE=\xff"]


def test_limits_are_set(tmp_path: Path) -> None:
    """No core dumps, no file above the limit, and first in line when memory runs out."""
    code = "import resource as r\nprint(r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_FSIZE))"
    code += "\nprint(open('/proc/self/oom_score_adj').read())"
    run_python(tmp_path, code, max_file_bytes=4096)
    assert read_log(tmp_path).split(b"\n")[:2] == [b"(0, 0) (4096, 4096)", b"800"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096


def test_a_file_above_the_limit_ends_the_child(tmp_path: Path) -> None:
    """A child that fills the disk is ended by the kernel's own signal."""
    ended = run(tmp_path, "dd", "if=/dev/zero", "of=big", "bs=1024", "count=64", max_file_bytes=4096)
    assert ended.signal == signal.SIGXFSZ
    assert (tmp_path / "big").stat().st_size == 4096


def test_children_of_several_threads_end_each_by_themselves(tmp_path: Path) -> None:
    """One ends by its limit, one by itself, at the same time; each thread hears of its own."""
    ended: dict[str, Ended] = {}

    def go(name: str, *argv: str, **more: float) -> None:
        (tmp_path / name).mkdir()
        ended[name] = run(tmp_path / name, *argv, **more)

    threads = [
        threading.Thread(target=go, args=("slow", "sleep", "60"), kwargs={"timeout_s": 0.3}),
        threading.Thread(target=go, args=("quick", "sh", "-c", "exit 7")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (ended["slow"].timed_out, ended["quick"].timed_out, ended["quick"].exit_code) == (True, False, 7)


def test_a_stand_in_for_bwrap_is_called_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bwrap is there, it gets our options, then the supervisor's command line."""
    stand_in = tmp_path / "bwrap"
    stand_in.write_text(
        '#!/bin/sh\nsaid=\nwhile [ "$1" != -- ]; do said="$said $1"; shift; done\nshift\n'
        f'echo "$said" >{tmp_path}/said\nexec "$@"\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    # Without a namespace the stand-in's supervisor is nobody's PID 1 and sweeps as a subreaper.
    ended = run(tmp_path, "/bin/sh", "-c", "exit 5", containment=containment.BWRAP)
    assert ended.exit_code == 5
    assert (tmp_path / "said").read_text().split() == [
        "--die-with-parent",
        "--dev-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--unshare-pid",
        "--as-pid-1",
    ]
