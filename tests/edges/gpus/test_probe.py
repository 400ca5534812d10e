"""The probe: a status tool may hang, flood, crash or leave children behind, and the daemon lives on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kernel_opt.edges.gpus.probe import Answer, Probe, tell_reason
from kernel_opt.model.errors import ReadFailedError

MakeTool = Callable[[str, str], str]
PATH = {"PATH": "/usr/bin:/bin"}
LONG_S = 20.0


def make_probe(timeout_s: float = LONG_S, environ: dict[str, str] | None = None, **tools: str) -> Probe:
    return Probe(timeout_s, tools, {**PATH, **(environ or {})})


def test_an_answer_is_what_was_printed(make_tool: MakeTool):
    """Both streams and the exit code are told apart."""
    tool = make_tool("tool", 'echo "$1"; echo no >&2; exit 3')
    assert make_probe(tool=tool).ask(["tool", "hello"]) == Answer("hello\n", "no\n", 3)


def test_a_tool_gets_a_tidy_environment(make_tool: MakeTool):
    """Masks are taken away, the language is fixed, ROCm's own directory is looked into last, and our import path is
    not forced upon it.
    """
    tool = make_tool("tool", 'echo "$HIP_VISIBLE_DEVICES|$LC_ALL|$PATH|$KEPT$PYTHONPATH"; pwd')
    environ = {"HIP_VISIBLE_DEVICES": "1", "LC_ALL": "de_DE", "KEPT": "yes"}
    printed = make_probe(environ=environ, tool=tool).ask(["tool"]).stdout
    assert printed == "|C|/usr/bin:/bin:/opt/rocm/bin|yes\n/\n"


def test_a_missing_tool_is_told(make_tool: MakeTool):
    """A tool that is not there, or cannot be run, is our own error."""
    with pytest.raises(ReadFailedError, match="rocm-smi is not on PATH"):
        make_probe(environ={"PATH": "/nowhere"}).ask(["rocm-smi"])
    with pytest.raises(ReadFailedError, match="tool cannot be started"):
        make_probe(tool=str(Path(make_tool("tool", "")).parent)).ask(["tool"])


def test_a_hanging_tool_is_ended_with_its_children(make_tool: MakeTool, tmp_path):
    """After the limit the whole group is killed, also what ignores SIGTERM, and the next question is asked."""
    pid_file = tmp_path / "pid"
    hang = make_tool("hang", f'trap "" TERM; sleep 1000 & echo $! > {pid_file}; wait')
    probe = make_probe(0.5, hang=hang, fine=make_tool("fine", "echo yes"))
    with pytest.raises(ReadFailedError, match=r"hang did not answer within 0\.5 s"):
        probe.ask(["hang"])
    assert wait_until(lambda: not is_running(int(pid_file.read_text())))
    assert probe.ask(["fine"]).stdout == "yes\n"


def test_a_tool_that_closes_its_output_and_stays_is_ended(make_tool: MakeTool):
    """Silence is no end: a tool that lives on after closing both streams is killed as well."""
    tool = make_tool("tool", "exec >&- 2>&-; sleep 1000")
    with pytest.raises(ReadFailedError, match="did not answer"):
        make_probe(0.5, tool=tool).ask(["tool"])


def test_children_left_behind_do_not_hold_us_up(make_tool: MakeTool, tmp_path):
    """A tool that ends while a child of it holds the pipe open has answered, and the child is ended."""
    pid_file = tmp_path / "pid"
    tool = make_tool("tool", f"sleep 1000 & echo $! > {pid_file}; echo done")
    assert make_probe(tool=tool).ask(["tool"]) == Answer("done\n", "", 0)
    assert wait_until(lambda: not is_running(int(pid_file.read_text())))


def test_a_flood_is_refused(make_tool: MakeTool):
    """Endless output ends the tool, not our memory."""
    with pytest.raises(ReadFailedError, match="printed more than"):
        make_probe(tool=make_tool("tool", "yes no")).ask(["tool"])


def test_long_output_on_both_streams_is_read(make_tool: MakeTool):
    """More than a pipe holds on both streams does not stall."""
    tool = make_tool("tool", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2")
    found = make_probe(tool=tool).ask(["tool"])
    assert (len(found.stdout), len(found.stderr)) == (300000, 300000)


def test_bytes_that_are_no_text_are_kept_out(make_tool: MakeTool):
    """Garbage is replaced, never raised over."""
    assert make_probe(tool=make_tool("tool", r"printf 'a\377b'")).ask(["tool"]).stdout == "a\ufffdb"


def test_a_helper_is_one_of_our_own_modules():
    """Our own modules run in a process of their own, whatever directory we are in."""
    found = make_probe().ask_helper("kernel_opt.edges.gpus.kfd", ["/none", "/none", "/none"])
    assert found.stdout.startswith('{"nodes": null')
    assert found.exit_code == 0


class Undying:
    """A child that hangs in the driver: SIGKILL does not reach it until it is let go."""

    pid = 4711

    def __init__(self) -> None:
        self.is_gone = False

    def poll(self) -> int | None:
        return -9 if self.is_gone else None


def test_nothing_is_asked_while_an_abandoned_tool_hangs(make_tool: MakeTool):
    """One tool that cannot be ended is one too many: no other is started until it is gone, and that is said."""
    probe = make_probe(tool=make_tool("tool", "echo yes"))
    undying = Undying()
    probe._abandoned = undying  # no test can make a process that SIGKILL does not end
    for ask in (lambda: probe.ask(["tool"]), lambda: probe.ask_helper("kernel_opt.edges.gpus.kfd", ["/", "/", "/"])):
        with pytest.raises(ReadFailedError, match=r"pid 4711\) hangs in the driver"):
            ask()
    undying.is_gone = True
    assert probe.ask(["tool"]).stdout == "yes\n"


@pytest.fixture
def unreachable() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not end by itself, and that a kill of its group misses because it has none of its own."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.communicate()


def test_what_does_not_die_is_abandoned(unreachable: subprocess.Popen[bytes]):
    """A child that outlives the kill is let go after the grace, and from then on counts as hanging."""
    probe = Probe(LONG_S, {}, PATH, grace_s=0.0)
    probe._end(unreachable)
    with pytest.raises(ReadFailedError, match="hangs in the driver"):
        probe.ask(["tool"])


def test_a_child_reaped_elsewhere_has_ended(make_tool: MakeTool):
    """Where this process reaps orphans on its own, a tool that was reaped by that counts as ended."""
    tool = make_tool("tool", "echo yes")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps every child at once
    try:
        assert make_probe(tool=tool).ask(["tool"]).stdout == "yes\n"
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer("====\n\n", "", 0), "exit code 0; it said nothing"),
        (Answer("first\nlast words\n=====\n", "", 1), "exit code 1; last it said: last words"),
        (Answer("out\n", "Error: err\n  ^^^^\n", 2), "exit code 2; last it said: Error: err"),
    ],
)
def test_the_reason_is_the_last_word(answer: Answer, reason: str):
    """Lines and underlines say nothing; the last line with words is the reason, an error before an output."""
    assert tell_reason(answer) == reason


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Wait for something that must come, for as long as a loaded machine may need."""
    until = time.monotonic() + LONG_S
    while not is_so() and time.monotonic() < until:
        os.sched_yield()
    return is_so()
