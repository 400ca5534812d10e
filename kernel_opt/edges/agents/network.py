"""What an agent may reach: the servers of its own settings and of its kind, where this machine can hold it to that."""

import contextlib
import re
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from kernel_opt.edges.agents import relay
from kernel_opt.edges.agents.gateway import Server, open_gateway
from kernel_opt.edges.agents.order import Dialect, Order
from kernel_opt.model.sandbox import Access, Place, Sandbox, SandboxLevel

_URL = re.compile(r"https?://[^\s\"'<>{}|\\^`,]+", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a call is started so that it reaches what it may."""

    argv: list[str]
    environment: Mapping[str, str]
    sandbox: Sandbox | None
    refused: set[str]
    """Servers that it asked for and may not reach."""


def is_limited(order: Order, environment: Mapping[str, str]) -> bool:
    """Say whether an agent can be held to its servers: by bubblewrap alone, and not behind a proxy of the user's."""
    walls = order.request.sandbox
    has_proxy = any(environment.get(name) or environment.get(name.upper()) for name in _PROXIES)
    return order.limits.network == "api" and walls is not None and walls.level is SandboxLevel.S3 and not has_proxy


def find_servers(dialect: Dialect, order: Order, environment: Mapping[str, str]) -> tuple[Server, ...]:
    """Return what it may reach: its kind's own servers, and every address in its arguments and its environment."""
    named = [f"https://{host}" for host in (*dialect.hosts, *order.agent.hosts)]
    texts = (*order.agent.arguments, *environment.values())
    found = (read_server(url) for url in (*named, *(url for text in texts for url in _URL.findall(text))))
    return tuple(dict.fromkeys(server for server in found if server is not None))


def read_server(url: str) -> Server | None:
    """Return host and port of an address; None when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme.lower()]
    except (ValueError, KeyError):
        return None
    return (parts.hostname.lower(), port) if parts.hostname else None


@contextlib.contextmanager
def limit_network(
    dialect: Dialect, order: Order, argv: Sequence[str], environment: Mapping[str, str], sandbox: Sandbox | None
) -> Generator[Way]:
    """Hold a call to its servers until the block ends; where that cannot be done it has the network as it is."""
    if sandbox is None or not is_limited(order, environment):
        yield Way(argv=list(argv), environment=environment, sandbox=sandbox, refused=set())
        return
    with open_gateway(find_servers(dialect, order, environment)) as gateway:
        proxy = f"http://127.0.0.1:{gateway.proxy_port}"
        own = {name: proxy for lower in _PROXIES[:2] for name in (lower, lower.upper())}
        own |= dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost,::1")
        doors = [f"{port}={path}" for port, path in gateway.doors.items()]
        beside = [sys.executable, "-I", "-S", str(Path(relay.__file__)), *doors, "--"]
        shown = (Place(path, Access.WRITE) for path in gateway.doors.values())
        yield Way(
            argv=[*beside, *argv],
            environment={**environment, **own},
            sandbox=replace(sandbox, network=False, places=(*sandbox.places, *shown)),
            refused=gateway.refused,
        )
