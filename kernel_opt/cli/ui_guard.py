"""Who may ask the local page server: a browser on this machine, at our own address, that knows the token."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Environ = Mapping[str, Any]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class Reply(NamedTuple):
    """What a browser is sent."""

    body: Iterable[bytes]
    kind: str = "text/html; charset=utf-8"
    status: str = "200 OK"


def say(text: str, status: str = "200 OK") -> Reply:
    """Return a plain sentence."""
    return Reply([text.encode("utf-8", "replace")], "text/plain; charset=utf-8", status)


IsGone = Callable[[], bool]
"""Says whether the browser has gone away meanwhile."""
Answer = Callable[[str, str, str, IsGone], Reply]
"""Takes method, path behind the token, query, and who tells that nobody listens any more."""


class Guard:
    """Lets through what may pass, and puts on every reply what a browser must know."""

    def __init__(self, token: str, answer: Answer) -> None:
        self._token, self._answer = token, answer

    def __call__(self, environ: Environ, start: Callable[..., object]) -> Iterable[bytes]:
        """Serve one request as WSGI wants it."""
        reply = self._check(environ)
        start(reply.status, [("Content-Type", reply.kind), *HEADERS])
        return reply.body

    def _check(self, environ: Environ) -> Reply:
        host, method = environ.get("HTTP_HOST", ""), environ["REQUEST_METHOD"]
        if host_name(host) not in LOOPBACK:  # a name that somebody else's server gave to this address
            return say("This page is served on this machine's own address only.", "421 Misdirected Request")
        token, slash, path = environ.get("PATH_INFO", "").removeprefix("/").partition("/")
        if not slash or not secrets.compare_digest(token.encode(), self._token.encode()):
            return say("There is nothing here: use the whole address that `kernel-opt ui` printed.", "404 Not Found")
        if method == "POST" and not is_same_origin(environ, host):
            return say("Only the page itself may ask for that.", "403 Forbidden")
        if method not in {"GET", "POST"}:
            return say("Pages can be read here; nothing else.", "405 Method Not Allowed")
        is_gone: IsGone = environ.get("waitress.client_disconnected", lambda: False)
        return self._answer(method, path, environ.get("QUERY_STRING", ""), is_gone)


def host_name(host: str) -> str:
    """Return a Host header without its port, which differs behind a forwarded one."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def is_same_origin(environ: Environ, host: str) -> bool:
    """Say whether a page of ours sent this request."""
    site = environ.get("HTTP_SEC_FETCH_SITE", "same-origin")
    return environ.get("HTTP_ORIGIN", "") == f"http://{host}" and site == "same-origin"
