"""The connection to an agent that speaks the Agent Client Protocol; standard library only, see acp_client."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, cast

Message = dict[str, Any]
LINE_CAP_BYTES = 4 << 20
QUIET_S, LONGEST_REPLAY_S = 0.5, 20.0
"""An agent that goes on with a conversation may tell it again, also after it has said that it is ready: what comes
until it has been quiet for so long is no answer."""
_NOT_FOUND = -32601


class GoneError(Exception):
    """The agent ended, or speaks another protocol."""


class Client:
    """One agent and one conversation."""

    def __init__(self, agent: subprocess.Popen[bytes], tree: Path) -> None:
        self._stdin = cast("IO[bytes]", agent.stdin)
        self._stdout = cast("IO[bytes]", agent.stdout)
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._tree = tree
        self._last = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while line := self._stdout.readline(LINE_CAP_BYTES):
            self._lines.put(line)
        self._lines.put(b"")

    def ask(self, method: str, **params: Any) -> Message:
        """Send a request and serve the agent's own until the answer is there."""
        self._last += 1
        self._send({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})
        while line := self._lines.get():
            message = self._take(line)
            if "method" not in message and message.get("id") == self._last:
                return message
        raise GoneError(f"the agent ended before it answered {method}")

    def wait_quiet(self) -> None:
        """Take what comes until nothing has come for a while."""
        until = time.monotonic() + LONGEST_REPLAY_S
        with contextlib.suppress(queue.Empty):
            while time.monotonic() < until and (line := self._lines.get(timeout=QUIET_S)):
                self._take(line)

    def _take(self, line: bytes) -> Message:
        """Pass a message on, and serve it where it is a request of the agent's; what is no message is empty."""
        try:
            found: object = json.loads(line)
        except (ValueError, RecursionError):
            return {}  # a warning that was printed to the wrong place
        if not isinstance(found, dict):
            return {}
        message = cast("Message", found)
        tell(type="acp", message=message)
        if "method" in message:
            self._serve(message)
        return message

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
        answer = self._answer(str(message["method"]), table(message.get("params")))
        self._send({"jsonrpc": "2.0", "id": message["id"], **answer})

    def _answer(self, method: str, params: Message) -> Message:
        if method == "session/request_permission":
            return {"result": {"outcome": choose(params, self._tree)}}
        return {"error": {"code": _NOT_FOUND, "message": f"{method} is not offered"}}


def choose(params: Message, tree: Path) -> Message:
    """Allow what stays in the worktree, once; refuse all else. The walls and the edit's check hold besides."""
    places = cast("list[Message]", table(params.get("toolCall")).get("locations") or [])
    paths = [str(place.get("path", "")) for place in places]
    inside = all(Path(os.path.realpath(tree / path)).is_relative_to(os.path.realpath(tree)) for path in paths)
    wanted = ("allow_once", "allow_always") if inside else ("reject_once", "reject_always")
    options = cast("list[Message]", params.get("options") or [])
    for kind in wanted:
        for option in options:
            if option.get("kind") == kind:
                return {"outcome": "selected", "optionId": option.get("optionId")}
    return {"outcome": "cancelled"}


def table(value: object) -> Message:
    """Return a JSON object, an empty one when it is something else."""
    return cast("Message", value) if isinstance(value, dict) else {}


def tell(**event: Any) -> None:
    """Write one event."""
    sys.stdout.buffer.write(json.dumps(event).encode() + b"\n")
    sys.stdout.buffer.flush()
