"""A model server on the loopback that answers from a book, in the protocols that coding agents speak.

It keeps no conversation: what is to be said next follows from what was said, so that a repeated request gets the same
answer. Only the errors that a page begins with are counted, by page.
"""

import json
import re
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.agents.book import Page, Talk, find_page
from tests.agents.speaking import Body, Move, Protocol, protocol_of

ERRORS = {
    400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error",
    500: "api_error", 529: "overloaded_error",
}  # fmt: skip
MESSAGES = {400: "prompt is too long: 200001 tokens > 200000 maximum", 401: "invalid x-api-key"}
"""As the real servers say it; other errors have words of our own."""


class ModelServer:
    """The book, the tree that is edited, and everything that was asked."""

    def __init__(self, book: Mapping[str, Page], tree: str) -> None:
        self.book, self.tree = book, tree
        self.keys: list[str] = []
        """Pages asked for, in order; repeats of a try count."""
        self.bodies: list[Body] = []
        self.credentials: set[str] = set()
        self.closing = threading.Event()
        self.stalled = threading.Event()
        self._failed: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.url = ""

    def count(self) -> int:
        return len(self.keys)

    def error_of(self, key: str, page: Page) -> int:
        """The HTTP error that this request gets; 0 for none."""
        if page.always:
            return page.always
        with self._lock:
            number = self._failed[key]
            self._failed[key] += 1
        return page.statuses[number] if number < len(page.statuses) else 0


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    @property
    def _model(self) -> ModelServer:
        return self.server.model  # type: ignore[attr-defined]

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()

    def do_POST(self) -> None:
        model = self._model
        body: Body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        protocol = protocol_of(self.path)
        talk = protocol.read(body) if protocol else None
        if protocol is None:
            return self._fail(400, "no such page")
        model.credentials.add(self.headers.get("x-api-key") or self.headers.get("authorization") or "")
        if talk is None:  # a title for the conversation, say
            return self._stream(protocol.answer(Move(text="nothing to add"), body, "0"))
        model.keys.append(talk.key)
        model.bodies.append(body)
        return self._answer(protocol, talk, body)

    def _answer(self, protocol: Protocol, talk: Talk, body: Body) -> None:
        model = self._model
        page = find_page(model.book, talk.key)
        status = model.error_of(talk.key, page) if talk.done >= page.fails_from else 0
        message = MESSAGES.get(status, "as the book says")
        if status and page.fails_inside:
            mark = f"{model.count()}"
            begun = next(protocol.answer(Move(text="let me see"), body, mark))
            return self._stream(iter((begun, protocol.failure(ERRORS[status], message, status))))
        if status:
            return self._fail(status, message)
        moves = protocol.moves(page, talk, model.tree)
        move = moves[min(talk.done, len(moves) - 1)]
        # A name of its own for each step of each page: what a conversation goes on with must not meet an old name.
        events = protocol.answer(move, body, re.sub(r"\W", "_", f"{talk.key}_{talk.done}"))
        if page.stalls and talk.done >= page.stalls_at:
            return self._stall(events)
        return self._stream(events)

    def _fail(self, status: int, message: str) -> None:
        error = {"type": ERRORS[status], "message": message, "code": status}
        self._begin(status, "application/json", json.dumps({"type": "error", "error": error}).encode())

    def _begin(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, events: Iterator[bytes]) -> None:
        self._begin(200, "text/event-stream", b"".join(events))

    def _stall(self, events: Iterator[bytes]) -> None:
        """Send the beginning, then nothing until the test is over."""
        self._begin(200, "text/event-stream", next(events))
        self.wfile.flush()
        self._model.stalled.set()
        self._model.closing.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in mid-answer is what some tests are about."""


@contextmanager
def serve(
    book: Mapping[str, Page], tree: str, address: str = "127.0.0.1", identity: Path | None = None
) -> Iterator[ModelServer]:
    """Serve until the block ends; with a key and its certificate in one file, encrypted."""
    model = ModelServer(book, tree)
    with _Server((address, 0), _Handler) as server:
        server.model = model  # type: ignore[attr-defined]
        model.url = f"{'https' if identity else 'http'}://{address}:{server.server_port}"
        if identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(identity)
            # The handshake is for the connection's own thread.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield model
        finally:
            model.closing.set()
            server.shutdown()
            thread.join()
