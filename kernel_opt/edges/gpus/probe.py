"""Run a status tool outside this process, with a limit, and let go of it when it cannot be ended."""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kernel_opt.model.errors import ReadFailedError

MASKS = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
_TOOL_DIRECTORY = "/opt/rocm/bin"
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
_OUTPUT_BYTES = 8 * 2**20
"""64 partitions with every key are half a megabyte; a tool that prints more has gone mad."""
_POLL_S = 0.2
"""Between two looks whether a silent tool has ended with its pipe still held open by a child of its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a status tool printed, and how it ended."""

    stdout: str
    stderr: str
    exit_code: int


def tell_reason(answer: Answer) -> str:
    """Return what a tool said instead of an answer: its last complaint, or its exit code."""
    lines = [line.strip() for line in (*answer.stdout.splitlines(), *answer.stderr.splitlines())]
    telling = [line for line in lines if any(letter.isalpha() for letter in line) and "==" not in line]
    said = f"last it said: {telling[-1][:200]}" if telling else "it said nothing"
    return f"exit code {answer.exit_code}; {said}"


class Probe:
    """Asks status tools, one at a time; a tool that even SIGKILL does not end is abandoned, and then none is asked."""

    def __init__(
        self, timeout_s: float, tools: Mapping[str, str], environ: Mapping[str, str], *, grace_s: float = 2.0
    ) -> None:
        self._timeout_s = timeout_s
        # After SIGKILL; a process that lives longer hangs in the driver.
        self._grace_s = grace_s
        self._tools = tools
        # The masks would hide cards from the tools that heed them; which cards are ours to take is worked out later.
        self._environ = {key: value for key, value in environ.items() if key not in MASKS}
        self._environ["LC_ALL"] = "C"
        self._environ["PATH"] = os.pathsep.join(filter(None, (environ.get("PATH", os.defpath), _TOOL_DIRECTORY)))
        self._environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_PACKAGE_ROOT), environ.get("PYTHONPATH"))))
        self._abandoned: subprocess.Popen[bytes] | None = None

    def ask(self, argv: Sequence[str]) -> Answer:
        """Run ``argv`` to its end; raise ReadFailedError when it is missing, hangs or floods."""
        self._refuse_while_abandoned()
        name = argv[0]
        path = self._tools.get(name) or shutil.which(name, path=self._environ["PATH"])
        if path is None:
            raise ReadFailedError(f"{name} is not on PATH", "install ROCm, or name another source of readings")
        return self._run(name, [path, *argv[1:]])

    def ask_helper(self, module: str, arguments: Sequence[str]) -> Answer:
        """Run one of our own modules in a process of its own, for what must never hang the daemon."""
        self._refuse_while_abandoned()
        # -P: the directory it starts in is no place to import from.
        return self._run(module, [sys.executable, "-P", "-m", module, *arguments])

    def _refuse_while_abandoned(self) -> None:
        if self._abandoned is None:
            return
        if self._abandoned.poll() is None:
            raise ReadFailedError(
                f"a status tool (pid {self._abandoned.pid}) hangs in the driver and cannot be ended",
                "no other is started until it is gone; the GPU driver may need a restart of the machine",
            )
        self._abandoned = None

    def _run(self, name: str, argv: list[str]) -> Answer:
        deadline_s = time.monotonic() + self._timeout_s
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=self._environ,
                start_new_session=True,
            )
        except OSError as error:
            raise ReadFailedError(f"{name} cannot be started: {error.strerror}") from error
        try:
            printed = _collect(child, deadline_s)
            is_over = _wait(child, deadline_s) if printed is not None else False
        finally:
            self._end(child)
        if printed is None:
            raise ReadFailedError(f"{name} printed more than {_OUTPUT_BYTES} bytes")
        if not is_over:
            raise ReadFailedError(f"{name} did not answer within {self._timeout_s:g} s")
        stdout, stderr = (text.decode("utf-8", "replace") for text in printed)
        return Answer(stdout, stderr, child.returncode)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        """Kill the whole group, also what a finished tool left behind; let go of what does not die."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        if _wait(child, time.monotonic() + self._grace_s):
            child.wait()
        else:
            self._abandoned = child


def _collect(child: subprocess.Popen[bytes], deadline_s: float) -> tuple[bytes, bytes] | None:
    """Read both pipes until the tool has ended or time is up; None when it floods."""
    pipes: list[IO[bytes]] = [pipe for pipe in (child.stdout, child.stderr) if pipe is not None]
    printed = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map() and (left_s := deadline_s - time.monotonic()) > 0:
            has_ended = _has_ended(child)
            ready = selector.select(0 if has_ended else min(left_s, _POLL_S))
            if has_ended and not ready:
                break
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                printed[key.fileobj] += chunk  # type: ignore[index]
            if sum(map(len, printed.values())) > _OUTPUT_BYTES:
                return None
    return bytes(printed[pipes[0]]), bytes(printed[pipes[1]])


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Look without reaping: as long as it is not reaped, its process group's number cannot go to somebody else."""
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # a reaper of orphans elsewhere in this process was quicker
        return True


def _wait(child: subprocess.Popen[bytes], deadline_s: float) -> bool:
    """Wait for the end without reaping first, see above; True when it has ended."""
    while not _has_ended(child):
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(0.01)
    return True
