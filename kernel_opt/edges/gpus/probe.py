"""Run a status tool outside this process, with a limit, and let go of it when it cannot be ended."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_opt.edges.gpus.child import MAX_OUTPUT_BYTES, collect, wait_for_end
from kernel_opt.model.errors import ReadFailedError

MASKS = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
_TOOL_DIRECTORY = "/opt/rocm/bin"
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


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
        self._abandoned: subprocess.Popen[bytes] | None = None

    def ask(self, argv: Sequence[str]) -> Answer:
        """Run ``argv`` to its end; raise ReadFailedError when it is missing, hangs or floods."""
        self._refuse_while_abandoned()
        name = argv[0]
        path = self._tools.get(name) or shutil.which(name, path=self._environ["PATH"])
        if path is None:
            raise ReadFailedError(f"{name} is not on PATH", "install ROCm, or name another source of readings")
        return self._run(name, [path, *argv[1:]], self._environ)

    def ask_helper(self, module: str, arguments: Sequence[str]) -> Answer:
        """Run one of our own modules in a process of its own, for what must never hang the daemon."""
        self._refuse_while_abandoned()
        # Only our own modules get our import path: a tool in Python has another interpreter and other libraries.
        known = filter(None, (str(_PACKAGE_ROOT), self._environ.get("PYTHONPATH")))
        environ = {**self._environ, "PYTHONPATH": os.pathsep.join(known)}
        # -P: the directory it starts in is no place to import from.
        return self._run(module, [sys.executable, "-P", "-m", module, *arguments], environ)

    def _refuse_while_abandoned(self) -> None:
        if self._abandoned is None:
            return
        if self._abandoned.poll() is None:
            raise ReadFailedError(
                f"a status tool (pid {self._abandoned.pid}) hangs in the driver and cannot be ended",
                "no other is started until it is gone; the GPU driver may need a restart of the machine",
            )
        self._abandoned = None

    def _run(self, name: str, argv: list[str], environ: Mapping[str, str]) -> Answer:
        deadline_s = time.monotonic() + self._timeout_s
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=environ,
                start_new_session=True,
            )
        except OSError as error:
            raise ReadFailedError(f"{name} cannot be started: {error.strerror}") from error
        try:
            printed = collect(child, deadline_s)
            is_over = wait_for_end(child, deadline_s) if printed is not None else False
        finally:
            self._end(child)
        if printed is None:
            raise ReadFailedError(f"{name} printed more than {MAX_OUTPUT_BYTES} bytes")
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
        if wait_for_end(child, time.monotonic() + self._grace_s):
            child.wait()
        else:
            self._abandoned = child
