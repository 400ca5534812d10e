"""A client of the Agent Client Protocol, run beside the agent inside its walls: one prompt, told as events.

``python -m kernel_opt.edges.agents.acp_client ORDER.json < brief``. The order names the agent's command line, the
worktree and a model. Every message of the agent goes to standard output as one line of JSON, and ours besides that say
how the prompt began and ended; whoever reads them judges. Standard library only: it starts before every call.
"""

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import IO, cast

from kernel_opt.edges.agents.acp_connection import Client, GoneError, Message, table, tell

VERSION = 1
GOODBYE_S = 3.0


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
    if session:
        client.wait_quiet()
    elif order["brief"]:  # the question is of a conversation that is lost: it is asked with what it was about
        whole = Path(order["brief"]).read_text()
        brief = whole if brief.endswith(whole) else f"{whole}\n{brief}"
    session = session or str(table(opened.get("result")).get("sessionId", ""))
    if order["model"]:
        client.ask("session/set_model", sessionId=session, modelId=order["model"])
    tell(type="begin", session=session, can_load=_can_load(hello))
    ended = client.ask("session/prompt", sessionId=session, prompt=[{"type": "text", "text": brief}])
    tell(type="end", stage="prompt", error=ended.get("error"), result=ended.get("result"))


def _can_load(hello: Message) -> bool:
    return bool(table(table(hello.get("result")).get("agentCapabilities")).get("loadSession"))


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
