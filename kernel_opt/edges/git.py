"""How git is called: plumbing only, in an environment in which no hook, filter, helper or prompt of anybody runs."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO

from kernel_opt.edges.git_settings import GIT_OPTIONS, git_environ
from kernel_opt.journal.ballast import DiskFullError
from kernel_opt.model.errors import InfrastructureError, UsageError

TIMEOUT_S = 120.0
"""Every call here ends in milliseconds; on a disk that stalls, in seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call of git ended."""

    code: int
    out: bytes
    err: str


@dataclass(frozen=True, slots=True)
class Git:
    """Calls git in one directory, or, where ``git_dir`` is given, on that repository and no other."""

    directory: Path
    git_dir: Path | None = None

    def command(self, *args: str) -> list[str]:
        """Return the whole argument list of a call."""
        where = [] if self.git_dir is None else [f"--git-dir={self.git_dir}"]
        return ["git", *where, *GIT_OPTIONS, *args]

    def ask(self, *args: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None) -> Answer:
        """Run git and return how it ended, whatever that was; only a git that hangs or is missing is an error."""
        with self._start(args, subprocess.PIPE, subprocess.PIPE, environ) as child:
            try:
                out, err = child.communicate(stdin, timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired as error:
                _end(child)
                what = f"git {args[0]} did not end within {TIMEOUT_S:.0f} s"
                raise InfrastructureError(what, "look at the disk") from error
        return Answer(child.returncode, out, err.decode(errors="replace").strip())

    def run(self, *args: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None) -> bytes:
        """Run git and return what it printed; a failure is the machine's."""
        answer = self.ask(*args, stdin=stdin, environ=environ)
        if answer.code != 0:
            raise self.failed(args[0], answer.err)
        return answer.out

    def line(self, *args: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None) -> str:
        """Run git and return its one line."""
        return os.fsdecode(self.run(*args, stdin=stdin, environ=environ)).rstrip("\n")

    @contextmanager
    def stream(self, *args: str, stdin: bytes = b"") -> Generator[IO[bytes]]:
        """Run git and read its output while it comes; leaving early ends git."""
        # A file, not a pipe: git must never wait for us to feed it while we wait for it to speak.
        with tempfile.TemporaryFile() as feed:
            feed.write(stdin)
            feed.seek(0)
            with self._start(args, feed, subprocess.DEVNULL, None) as child:
                limit = Timer(TIMEOUT_S, _end, [child])
                limit.start()
                try:
                    assert child.stdout is not None  # noqa: S101 (for the type checker: it was asked for)
                    yield child.stdout
                finally:
                    limit.cancel()
                    _end(child)

    def _start(
        self, args: tuple[str, ...], stdin: int | IO[bytes], stderr: int, environ: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self.command(*args),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=self.directory,
                env=git_environ(environ),
                # A group of its own: a key pressed in the terminal never ends git in the middle of a write, and
                # helpers that git started end with it.
                process_group=0,
            )
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _not_started(self.directory) from error

    def failed(self, verb: str, why: str) -> InfrastructureError:
        """Say that a call failed; a full disk is told apart."""
        if "No space left" in why or "Disk quota" in why:
            return DiskFullError(f"disk full: git {verb} in {self.git_dir or self.directory}", "free some room there")
        return InfrastructureError(f"git {verb} in {self.git_dir or self.directory} failed: {why}", "see git's words")


def _not_started(directory: Path) -> UsageError:
    if not directory.is_dir():
        return UsageError(f"{directory} is not a directory", "name one with --repo")
    return UsageError("git is not on PATH", "install git")


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
