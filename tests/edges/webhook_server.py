"""A chat server on this machine that answers as badly as wished, and keeps what it was sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ChatServer:
    """What it answers next, and what it got."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        """One word a request: ``ok``, a status, ``redirect``, ``slow``, ``drip``, ``huge``, ``drop``; then ``ok``."""
        self.got: list[dict[str, Any]] = []
        self.done = threading.Event()
        self._web = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._web.daemon_threads = True
        self._thread = threading.Thread(target=self._web.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._web.server_port}/services/SECRET"

    def close(self) -> None:
        """Let slow answers go, and end."""
        self.done.set()
        self._web.shutdown()
        self._web.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901 -- one method per answer
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.got.append({"path": self.path, **json.loads(body)})
                word = server.answers.pop(0) if server.answers else "ok"
                getattr(self, f"_{word}", lambda: self._status(int(word)))()

            def do_GET(self) -> None:
                server.got.append({"path": self.path, "method": "GET"})
                self._ok()

            def _status(self, code: int) -> None:
                self.send_response(code)
                self.end_headers()

            def _ok(self) -> None:
                self._status(200)

            def _redirect(self) -> None:
                self.send_response(302)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def _slow(self) -> None:
                server.done.wait(30)

            def _drip(self) -> None:
                """A byte now and then, for ever: no single read ever takes long."""
                while not server.done.wait(0.05):
                    try:
                        self.wfile.write(b"H")
                    except OSError:
                        return

            def _huge(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(1 << 40))
                self.end_headers()
                while not server.done.is_set():
                    try:
                        self.wfile.write(b"x" * 65536)
                    except OSError:
                        return

            def _drop(self) -> None:
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Serve for a while."""
    server = ChatServer()
    try:
        yield server
    finally:
        server.close()
