"""Read what a child prints and see it end, without reaping it and without waiting for ever."""

import os
import selectors
import subprocess
import time
from typing import IO

MAX_OUTPUT_BYTES = 8 * 2**20
"""64 partitions with every key are half a megabyte; a tool that prints more has gone mad."""
_POLL_S = 0.2
"""Between two looks whether a silent tool has ended with its pipe still held open by a child of its own."""


def collect(child: subprocess.Popen[bytes], deadline_s: float) -> tuple[bytes, bytes] | None:
    """Read both pipes until the tool has ended or time is up; None when it floods."""
    pipes: list[IO[bytes]] = [pipe for pipe in (child.stdout, child.stderr) if pipe is not None]
    printed = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map() and (left_s := deadline_s - time.monotonic()) > 0:
            is_over = has_ended(child)
            ready = selector.select(0 if is_over else min(left_s, _POLL_S))
            if is_over and not ready:
                break
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                printed[key.fileobj] += chunk  # type: ignore[index]
            if sum(map(len, printed.values())) > MAX_OUTPUT_BYTES:
                return None
    return bytes(printed[pipes[0]]), bytes(printed[pipes[1]])


def has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Look without reaping: as long as it is not reaped, its process group's number cannot go to somebody else."""
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # a reaper of orphans elsewhere in this process was quicker
        return True


def wait_for_end(child: subprocess.Popen[bytes], deadline_s: float) -> bool:
    """Wait for the end without reaping first, see above; True when it has ended."""
    while not has_ended(child):
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(0.01)
    return True
