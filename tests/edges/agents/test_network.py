"""What an agent can reach: its servers, through one door; everything else is shut, and said to be."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from kernel_opt.edges.agents import relay
from kernel_opt.edges.agents.claude import Claude
from kernel_opt.edges.agents.gateway import Gateway, open_gateway
from kernel_opt.edges.agents.network import find_servers, limit_network, read_server
from kernel_opt.edges.agents.order import Order
from kernel_opt.edges.process import run_contained
from kernel_opt.model.agent_settings import AgentSettings, CodingAgent
from kernel_opt.model.sandbox import Access, Place, Sandbox, SandboxLevel
from tests.edges.agents.asking import make_worktree, request

HELD = Sandbox(level=SandboxLevel.S3, network=True)


def order(tmp_path: Path, walls: Sandbox | None = HELD, limits: AgentSettings | None = None, **agent: object) -> Order:
    asked = structs.replace(request(make_worktree(tmp_path)), sandbox=walls)
    return Order(
        agent=CodingAgent(name="one", kind="claude", **agent),  # type: ignore[arg-type]
        limits=limits or AgentSettings(),
        request=asked,
        brief=Path(asked.brief),
        program="claude",
        version=(2, 1, 329),
        private=tmp_path,
    )


@contextmanager
def answering(says: bytes = b"hello") -> Iterator[int]:
    """A server that says one thing to everybody who sends it anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:  # closed: the test is over
                    return
                with one:
                    one.recv(100)
                    one.sendall(says)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def ask(door: str, *says: bytes) -> bytes:
    """Everything that a door answers."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(door)
        asking.settimeout(20)
        heard = b""
        for word in says:
            asking.sendall(word)
            heard += asking.recv(1000)
        while piece := asking.recv(1000):
            heard += piece
        return heard


@contextmanager
def proxy(*servers: tuple[str, int]) -> Iterator[tuple[Gateway, str]]:
    with open_gateway(servers) as gateway:
        yield gateway, gateway.doors[gateway.proxy_port]


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://api.example.com/v1", ("api.example.com", 443)),
        ("http://Box:8000", ("box", 8000)),
        ("https://[::1]:80/", ("::1", 80)),
        ("https://user:secret@api.example.com", ("api.example.com", 443)),
        ("https://api.example.com:99999", None),
        ("https://", None),
        ("ftp://x", None),
        ("", None),
    ],
)
def test_an_address_names_a_server(url: str, server: tuple[str, int] | None) -> None:
    """Or nothing that could be reached."""
    assert read_server(url) == server


def test_the_servers_of_an_agent(tmp_path: Path) -> None:
    """Its kind's own, and whatever stands in its table and in what is handed to it."""
    one = order(tmp_path, arguments=("-c", 'p={base_url="http://127.0.0.1:8000/v1",x=1}'), hosts=("more.example:8443",))
    found = find_servers(Claude(), one, {"ANTHROPIC_BASE_URL": "https://gate.example/a", "LANG": "C"})
    assert found == (
        ("api.anthropic.com", 443), ("more.example", 8443), ("127.0.0.1", 8000), ("gate.example", 443),
    )  # fmt: skip


def test_a_local_server_is_led_to_by_its_own_port() -> None:
    """And the doors are gone afterwards."""
    with answering() as port:
        with open_gateway([("localhost", port)]) as gateway:
            assert ask(gateway.doors[port], b"hi") == b"hello"
            folder = Path(gateway.doors[port]).parent
        assert not folder.exists()


def test_the_proxy_leads_to_named_servers_alone() -> None:
    """By a tunnel or by a request that names its server whole; what is refused is noted."""
    with answering() as port, answering() as other, proxy(("127.0.0.1", port)) as (gateway, door):
        assert ask(door, b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port, b"hi").endswith(b"\r\n\r\nhello")
        assert ask(door, b"GET http://127.0.0.1:%d/v1 HTTP/1.1\r\n\r\n" % port) == b"hello"
        for line in (b"CONNECT 127.0.0.1:%d HTTP/1.1", b"GET http://127.0.0.1:%d/ HTTP/1.1"):
            assert ask(door, line % other + b"\r\n\r\n").startswith(b"HTTP/1.1 403")
        assert ask(door, b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403")
        assert gateway.refused == {f"127.0.0.1:{other}", "evil.example:443"}


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\0" * 20_000, b"hello\r\n\r\n", b"CONNECT\r\n\r\n", b"CONNECT :443 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"CONNECT a b:443 HTTP/1.1\r\n\r\n", b"CONNECT \xff\xfe:443 HTTP/1.1\r\n\r\n",
        b"GET http://127.0.0.1:1@evil.example/ HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:123456 HTTP/1.1\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request_leads_nowhere(line: bytes) -> None:
    """Whatever is sent, it is told no, or the line is cut."""
    with proxy(("127.0.0.1", 1)) as (_, door), socket.socket(socket.AF_UNIX) as asking:
        asking.connect(door)
        asking.settimeout(20)
        asking.sendall(line)
        asking.shutdown(socket.SHUT_WR)
        assert asking.recv(1000)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 403")


def test_a_server_that_is_not_there() -> None:
    """The agent is told so, and decides what that means to it."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with proxy(("127.0.0.1", port)) as (_, door):
        assert ask(door, b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port).startswith(b"HTTP/1.1 502")


def test_a_flood_of_connections_is_bounded() -> None:
    """What is over the bound is closed at once, and the others live."""
    with answering() as port, open_gateway([("127.0.0.1", port)]) as gateway:
        many = [socket.socket(socket.AF_UNIX) for _ in range(80)]
        try:
            for one in many:
                one.connect(gateway.doors[gateway.proxy_port])
                one.settimeout(20)
            assert [one.recv(1) for one in many[64:]] == [b""] * 16
            many[0].sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port)
            assert many[0].recv(100).startswith(b"HTTP/1.1 200")
        finally:
            for one in many:
                one.close()


CALLS = """\
import socket, sys
said = []
for port in map(int, sys.argv[1:]):
    try:
        with socket.create_connection(("127.0.0.1", port), 20) as one:
            one.sendall(b"hi")
            said.append(one.recv(100).decode())
    except OSError:
        said.append("shut")
print(*said)
"""
AFAR = """\
try:
    socket.create_connection(("192.0.2.1", 9), 1)
except OSError:
    print("shut")
"""


def test_a_relay_hands_on_and_ends_with_its_agent(tmp_path: Path) -> None:
    """The agent is the process that was started; its exit code and its output are its own, port 1 or not."""
    with answering() as port, open_gateway([("127.0.0.1", port)]) as gateway, free_port() as inside:
        door = f"{inside}={gateway.doors[port]}"
        argv = [sys.executable, "-I", "-S", relay.__file__, door, f"{port}=/nowhere", "--", sys.executable]
        script = tmp_path / "calls.py"
        script.write_text(CALLS + "sys.exit(7)\n")
        ended = subprocess.run([*argv, str(script), str(inside)], capture_output=True, text=True, timeout=60)
    assert (ended.stdout, ended.returncode) == ("hello\n", 7)
    assert f"port {port} cannot be led outside" in ended.stderr


@contextmanager
def free_port() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    yield port


@pytest.mark.parametrize(
    ("walls", "limits", "environment"),
    [
        (None, AgentSettings(), {}),
        (replace(HELD, level=SandboxLevel.S2), AgentSettings(), {}),
        (HELD, AgentSettings(network="open"), {}),
        (HELD, AgentSettings(), {"HTTPS_PROXY": "http://10.0.0.1:3128"}),
        (HELD, AgentSettings(), {"all_proxy": "socks5://10.0.0.1"}),
    ],
)
def test_where_it_cannot_be_held_it_is_started_as_it_is(
    tmp_path: Path, walls: Sandbox | None, limits: AgentSettings, environment: Mapping[str, str]
) -> None:
    """No walls that could, a person's wish, a person's proxy."""
    with limit_network(Claude(), order(tmp_path, walls, limits), ["claude"], environment, walls) as way:
        assert (way.argv, way.environment, way.sandbox) == (["claude"], environment, walls)


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="install bubblewrap: only it can hold a network")
def test_in_walls_it_reaches_its_server_and_nothing_else(tmp_path: Path) -> None:
    """Neither another port of this machine nor a name that it looks up."""
    with answering() as port, answering() as other:
        one = order(tmp_path, environment={"BASE_URL": f"http://127.0.0.1:{port}"})
        environment = {**one.agent.environment, "PATH": os.environ["PATH"]}
        script, log = tmp_path / "calls.py", tmp_path / "log"
        script.write_text(CALLS + AFAR)
        argv = [sys.executable, str(script), str(port), str(other)]
        walls = replace(HELD, places=(Place(str(tmp_path), Access.WRITE),))
        with limit_network(Claude(), one, argv, environment, walls) as way:
            ended = run_contained(
                way.argv, cwd=tmp_path, env=way.environment, log=log, timeout_s=60, sandbox=way.sandbox
            )
    assert (log.read_text(), ended.exit_code) == ("hello shut\nshut\n", 0)
