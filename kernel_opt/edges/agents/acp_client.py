"""A client of the Agent Client Protocol, run beside the agent inside its walls: one prompt, told as events.

``python -m kernel_opt.edges.agents.acp_client ORDER.json < brief``. The order names the agent's command line, the
worktree and a model. Every message of the agent goes to standard output as one line of JSON, and ours besides that say
how the prompt began and ended; whoever reads them judges. Standard library only: it starts before every call.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

Message = dict[str, Any]
VERSION = 1
LINE_CAP_BYTES = 4 << 20
GOODBYE_S = 3.0
_NOT_FOUND = -32601


class GoneError(Exception):
    """The agent ended, or speaks another protocol."""


class Client:
    """One agent and one conversation."""

    def __init__(self, agent: subprocess.Popen[bytes], tree: Path) -> None:
        self._stdin = cast("IO[bytes]", agent.stdin)
        self._stdout = cast("IO[bytes]", agent.stdout)
        self._tree = tree
        self._last = 0

    def ask(self, method: str, **params: Any) -> Message:
        """Send a request and serve the agent's own until the answer is there."""
        self._last += 1
        self._send({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})
        for message in self._messages():
            if "method" in message:
                self._serve(message)
            elif message.get("id") == self._last:
                return message
        raise GoneError(f"the agent ended before it answered {method}")

    def _messages(self) -> Iterator[Message]:
        while line := self._stdout.readline(LINE_CAP_BYTES):
            try:
                found: object = json.loads(line)
            except (ValueError, RecursionError):
                continue  # a warning that was printed to the wrong place
            if isinstance(found, dict):
                message = cast("Message", found)
                tell(type="acp", message=message)
                yield message

    def _send(self, message: Message) -> None:
        try:
            self._stdin.write(json.dumps(message).encode() + b"\n")
            self._stdin.flush()
        except BrokenPipeError as error:
            raise GoneError("the agent closed its input") from error

    def _serve(self, message: Message) -> None:
        """Answer a request of the agent; a notification needs no answer."""
        if "id" not in message:
            return
        answer = self._answer(str(message["method"]), _table(message.get("params")))
        self._send({"jsonrpc": "2.0", "id": message["id"], **answer})

    def _answer(self, method: str, params: Message) -> Message:
        if method == "session/request_permission":
            return {"result": {"outcome": choose(params, self._tree)}}
        return {"error": {"code": _NOT_FOUND, "message": f"{method} is not offered"}}


def choose(params: Message, tree: Path) -> Message:
    """Allow what stays in the worktree, once; refuse all else. The walls and the edit's check hold besides."""
    places = cast("list[Message]", _table(params.get("toolCall")).get("locations") or [])
    paths = [str(place.get("path", "")) for place in places]
    inside = all(Path(os.path.realpath(tree / path)).is_relative_to(os.path.realpath(tree)) for path in paths)
    wanted = ("allow_once", "allow_always") if inside else ("reject_once", "reject_always")
    options = cast("list[Message]", params.get("options") or [])
    for kind in wanted:
        for option in options:
            if option.get("kind") == kind:
                return {"outcome": "selected", "optionId": option.get("optionId")}
    return {"outcome": "cancelled"}


def talk(client: Client, order: Message, brief: str) -> None:
    """Begin or go on with a conversation and have the brief answered."""
    offers = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
    hello = client.ask("initialize", protocolVersion=VERSION, clientCapabilities=offers)
    if "error" in hello:
        tell(type="end", stage="initialize", error=hello["error"])
        return
    where: Message = {"cwd": order["tree"], "mcpServers": []}
    session = order["session"] if _can_load(hello) else ""
    opened = client.ask("session/load", sessionId=session, **where) if session else {"error": "nothing to go on with"}
    if "error" in opened:  # the brief says all that must be known
        session, opened = "", client.ask("session/new", **where)
    if "error" in opened:
        tell(type="end", stage="session", error=opened["error"])
        return
    session = session or str(_table(opened.get("result")).get("sessionId", ""))
    if order["model"]:
        client.ask("session/set_model", sessionId=session, modelId=order["model"])
    tell(type="begin", session=session, can_load=_can_load(hello))
    ended = client.ask("session/prompt", sessionId=session, prompt=[{"type": "text", "text": brief}])
    tell(type="end", stage="prompt", error=ended.get("error"), result=ended.get("result"))


def _can_load(hello: Message) -> bool:
    return bool(_table(_table(hello.get("result")).get("agentCapabilities")).get("loadSession"))


def _table(value: object) -> Message:
    return cast("Message", value) if isinstance(value, dict) else {}


def tell(**event: Any) -> None:
    """Write one event."""
    sys.stdout.buffer.write(json.dumps(event).encode() + b"\n")
    sys.stdout.buffer.flush()


def main() -> int:
    """Carry out the order; the agent's whole tree is swept by whoever started us."""
    order = json.loads(Path(sys.argv[1]).read_bytes())
    brief = sys.stdin.read()
    try:
        agent = subprocess.Popen(order["argv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=order["tree"])
    except OSError as error:
        tell(type="end", stage="start", error={"message": str(error)})
        return 1
    try:
        talk(Client(agent, Path(order["tree"])), order, brief)
    except GoneError as error:
        tell(type="end", stage="gone", error={"message": str(error)})
    except KeyboardInterrupt:
        tell(type="end", stage="interrupted", error={"message": "interrupted"})
    end(agent)
    return 0


def end(agent: subprocess.Popen[bytes]) -> None:
    """Let the agent end by itself, since some keep a conversation only then; some take no hint."""
    with contextlib.suppress(BrokenPipeError):
        cast("IO[bytes]", agent.stdin).close()
    try:
        agent.wait(GOODBYE_S)
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()


if __name__ == "__main__":
    sys.exit(main())
