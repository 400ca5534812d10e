"""The way out for an agent that has no network but this: connections to the servers that are named, and to no other."""

import contextlib
import re
import shutil
import socket
import socketserver
import tempfile
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from kernel_opt.edges.agents.relay import pump

Server = tuple[str, int]
"""Host and port."""

_HEAD_CAP_BYTES = 16 << 10
_HEAD_LIMIT_S = 30.0
_CONNECT_LIMIT_S = 30.0
_MOST_CONNECTIONS = 64
"""At a time: an agent has a handful, and each costs this process a thread or two."""
_MOST_REFUSED = 20
"""Servers noted as refused; one who tries names without end is not to fill the record."""
_ASKED = re.compile(rb"(?:CONNECT |[A-Z]+ http://)(\[[^\]\s]+\]|[^\s:/\[\]]+)(?::(\d{1,5}))?[/ ]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A way out that stands open."""

    doors: dict[int, str]
    """Ports on the agent's own loopback, and the socket that each is to lead to."""
    proxy_port: int
    refused: set[str]
    """What was asked for and not given."""


@contextlib.contextmanager
def open_gateway(servers: Sequence[Server]) -> Generator[Gateway]:
    """Serve until the block ends: local servers at their own ports, all others through a proxy."""
    local = {port for host, port in servers if is_local(host)}
    proxy_port = next(port for port in range(3128, 65536) if port not in local)
    # A socket's name may have a hundred letters, and a state directory's more than that.
    folder = Path(tempfile.mkdtemp(prefix="kernel-opt-gate-"))
    gateway = Gateway({port: str(folder / str(port)) for port in (*local, proxy_port)}, proxy_port, set())
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, folder)
        for port in local:
            undo.enter_context(_serve(gateway.doors[port], _Local, gateway, (("127.0.0.1", port),)))
        undo.enter_context(_serve(gateway.doors[proxy_port], _Proxy, gateway, servers))
        yield gateway


def is_local(host: str) -> bool:
    """Say whether a host is this machine."""
    return host in ("localhost", "::1") or host.startswith("127.")


@contextlib.contextmanager
def _serve(path: str, handler: type["_Handler"], gateway: Gateway, servers: Sequence[Server]) -> Generator[None]:
    with _Listening(path, handler) as server:
        server.gateway, server.servers = gateway, servers
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Listening(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    """A connection whose agent is gone ends by itself; none is waited for."""
    block_on_close = False
    gateway: Gateway
    servers: Sequence[Server]

    def __init__(self, path: str, handler: type["_Handler"]) -> None:
        self._room = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__(path, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over it: a connection that breaks off is the agent's matter."""


class _Handler(socketserver.BaseRequestHandler):
    request: socket.socket

    @property
    def listening(self) -> _Listening:
        return cast("_Listening", self.server)

    def copy(self, outside: socket.socket, first: bytes) -> None:
        """Copy both ways until the agent's side ends."""
        outside.settimeout(None)
        outside.sendall(first)
        back = threading.Thread(target=pump, args=(outside, self.request), daemon=True)
        back.start()
        pump(self.request, outside)
        with contextlib.suppress(OSError):
            outside.shutdown(socket.SHUT_RDWR)
        back.join()


class _Local(_Handler):
    def handle(self) -> None:
        with socket.create_connection(self.listening.servers[0], _CONNECT_LIMIT_S) as outside:
            self.copy(outside, b"")


class _Proxy(_Handler):
    def handle(self) -> None:
        head, rest = self._read_head()
        asked = _ASKED.match(head)
        if asked is None:
            return self._say(b"400 Bad Request")
        is_tunnel = head[:8].upper() == b"CONNECT "
        server = (asked[1].decode("ascii", "replace").strip("[]").lower(), int(asked[2] or b"80"))
        if server not in self.listening.servers:
            if len(self.listening.gateway.refused) < _MOST_REFUSED:
                self.listening.gateway.refused.add(f"{server[0]}:{server[1]}")
            return self._say(b"403 Forbidden")
        try:
            outside = socket.create_connection(server, _CONNECT_LIMIT_S)
        except OSError:
            return self._say(b"502 Bad Gateway")
        with outside:
            if is_tunnel:
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            # A request that names its server whole may be sent on as it is.
            return self.copy(outside, rest if is_tunnel else head + rest)

    def _read_head(self) -> tuple[bytes, bytes]:
        """Return what comes up to the first empty line, and what came with it."""
        self.request.settimeout(_HEAD_LIMIT_S)
        found = b""
        while b"\r\n\r\n" not in found and len(found) < _HEAD_CAP_BYTES:
            piece = self.request.recv(_HEAD_CAP_BYTES)
            if not piece:
                break
            found += piece
        self.request.settimeout(None)
        head, end, rest = found.partition(b"\r\n\r\n")
        return head + end, rest

    def _say(self, status: bytes) -> None:
        self.request.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
