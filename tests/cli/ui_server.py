"""A real `kernel-opt ui` for tests, and asking it things as a browser does."""

import http.client
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

LIMIT_S = 20.0


class Server(NamedTuple):
    """What was printed, and where it answers."""

    process: subprocess.Popen[str]
    url: str
    hint: str

    def ask(self, path: str = "", method: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
        """Return status, body and headers; ``path`` goes behind the token."""
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port or 0, timeout=LIMIT_S)
        try:
            connection.request(method, where.path + path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        finally:
            connection.close()

    @property
    def origin(self) -> str:
        """What a page of this server says it is from."""
        return self.url.rpartition("/")[0].rpartition("/")[0]

    def end(self) -> int:
        """Press Ctrl-C and wait."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(LIMIT_S)


@contextmanager
def open_ui(*options: str) -> Iterator[Server]:
    """Start it, and see to it that it ends."""
    command = [str(Path(sys.executable).with_name("kernel-opt")), "ui", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        yield Server(process, process.stdout.readline().strip(), process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()
