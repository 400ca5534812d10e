"""What strace writes, read: whole calls, also those that another thread interrupted."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.process import run_contained
from kernel_opt.edges.strace import LOG, SIZE_CAP_BYTES, Seen, audit_argv, read_audit

TEXT = """\
7  execve("/usr/bin/python3", ["python3"], 0x7ffe /* 9 vars */) = 0
7  openat(AT_FDCWD</w>, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3</etc/ld.so.cache>
7  openat(AT_FDCWD</w>, "gone", O_RDONLY) = -1 ENOENT (No such file or directory)
7  openat(AT_FDCWD</w>, "out.csv", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 4</w/out.csv>
8  openat(AT_FDCWD</w>, "a", O_RDWR <unfinished ...>
9  connect(5<socket:[1]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS
8  <... openat resumed>) = 6</w/a (deleted)>
8  creat("b", 0600) = 7</w/b>
9  execve("/bin/none", ["none"], 0x1) = -1 ENOENT (No such file or directory)
9  execveat(3</usr/bin/x>, "", ["x"], 0x1, AT_EMPTY_PATH) = 0
9  <... connect resumed>) = 0
+++ exited with 0 +++
"""


def test_calls_are_told(tmp_path: Path) -> None:
    """What succeeded, and every wish to connect."""
    (tmp_path / LOG).write_text(TEXT)
    assert read_audit(tmp_path / LOG) == {
        Seen("start", "/usr/bin/python3"),
        Seen("read", "/etc/ld.so.cache"),
        Seen("write", "/w/out.csv"),
        Seen("write", "/w/a"),
        Seen("write", "/w/b"),
        Seen("connect", '{sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}'),
        Seen("start", ""),
    }


def test_no_log_is_told_as_none(tmp_path: Path) -> None:
    """Nor one that is too large to be a benchmark's."""
    assert read_audit(tmp_path / LOG) is None
    with (tmp_path / LOG).open("wb") as file:
        file.truncate(SIZE_CAP_BYTES + 1)
    assert read_audit(tmp_path / LOG) is None


@given(text=st.text(max_size=300))
def test_no_text_whatever_breaks_the_reading(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a command writes there."""
    path = tmp_path_factory.mktemp("log") / LOG
    path.write_text("7  " + text)
    assert read_audit(path) is not None


@pytest.mark.skipif(audit_argv((), "") is None, reason="install strace to see this")
def test_a_real_command_is_seen(tmp_path: Path) -> None:
    """Under the real strace: the program, a file that is read, one that is written."""
    code = f"open('/etc/hostname').close(); open('{tmp_path}/x', 'w').close()"
    argv = audit_argv((sys.executable, "-c", code), str(tmp_path))
    assert argv is not None
    ended = run_contained(argv, cwd=tmp_path, env={}, log=tmp_path / "log", timeout_s=60.0)
    assert ended.exit_code == 0
    seen = read_audit(tmp_path / LOG)
    assert seen is not None
    assert {Seen("read", "/etc/hostname"), Seen("write", f"{tmp_path}/x"), Seen("start", sys.executable)} <= seen


def test_without_strace_there_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is told, not worked around."""
    monkeypatch.setenv("PATH", "")
    assert audit_argv(("x",), "out") is None
