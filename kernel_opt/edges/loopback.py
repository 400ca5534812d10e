"""Serving pages on this machine's own address, until somebody ends it."""

import ctypes
import gc
import importlib
import logging
import signal
import socket
from collections.abc import Callable
from threading import Event
from types import FrameType
from typing import Any

from kernel_opt.model.errors import KernelOptError, UsageError

ADDRESS = "127.0.0.1"
_BODY_BYTES = 4096  # a wish has no body at all
_LOOP_S = 30.0  # the server wakes for a request; this is for its own housekeeping


def open_server(app: Callable[..., object], port: int, threads: int) -> tuple[Any, int]:
    """Return a listening server and its port; port 0 takes a free one."""
    try:
        create = importlib.import_module("waitress").create_server
    except ModuleNotFoundError as error:
        raise UsageError("the library waitress is not installed", "`pip install waitress`") from error
    # It warns of each request that waits for a thread, which is no matter here.
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    listening = _listen(port)
    return create(
        app, sockets=[listening], threads=threads, ident=None, max_request_body_size=_BODY_BYTES,
        asyncore_loop_timeout=_LOOP_S, connection_limit=100, expose_tracebacks=False,
        # So that it hears of a browser that has gone away while a stream is open.
        channel_request_lookahead=1,
    ), int(listening.getsockname()[1])  # fmt: skip


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((ADDRESS, port))
    except OSError as error:
        listening.close()
        mend = "choose another --port, or leave it out for a free one"
        raise KernelOptError(f"port {port} cannot be served: {error.strerror}", mend) from error
    return listening


def give_memory_back() -> None:
    """Return to the machine what nobody needs any more: a page of a long run is some ten megabytes of small pieces."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries do it by themselves, or not at all
    if trim is not None:
        trim(0)


def serve_until_ended(server: Any, ending: Event) -> None:
    """Serve until SIGINT or SIGTERM; open streams are told by ``ending``."""

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    server.run()
    server.close()
