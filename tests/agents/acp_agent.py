"""A program that speaks the Agent Client Protocol: it asks before each edit, and does what it is told by its arguments.

Usage: acp_agent.py TROUBLE. Troubles: none, refuses, ends, odd, deaf, replays, speechless; after its edit, and
once in each conversation: breaks-off, limited.
"""

import itertools
import json
import sys
import time
from pathlib import Path

TROUBLE = sys.argv[1]
CLAIM = {"hypothesis": "by the common protocol", "bottlenecks": ["H1"]}
numbers = itertools.count(101)


def send(**message: object) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def ask(method: str, **params: object) -> dict:
    number = next(numbers)
    send(id=number, method=method, params=params)
    while True:
        answer = json.loads(sys.stdin.readline())
        if answer.get("id") == number:
            return answer


def update(kind: str, **more: object) -> None:
    send(method="session/update", params={"sessionId": "s", "update": {"sessionUpdate": kind, **more}})


def edit(path: str, text: str) -> None:
    update("tool_call", toolCallId=path, title="write")
    options = [{"optionId": "yes", "kind": "allow_once"}, {"optionId": "no", "kind": "reject_once"}]
    answer = ask("session/request_permission", toolCall={"locations": [{"path": path}]}, options=options)
    if answer["result"]["outcome"].get("optionId") == "yes":
        Path(path).write_text(text)


def prompt(text: str) -> dict:
    if TROUBLE == "refuses":
        return {"error": {"code": -32000, "message": "Authentication required"}}
    if TROUBLE == "ends":
        sys.exit(3)
    if TROUBLE == "replays":
        update("agent_message_chunk", content={"type": "text", "text": "It waits less."})
        return {"result": {"stopReason": "end_turn"}}
    while TROUBLE == "deaf":
        time.sleep(600)
    update("agent_message_chunk", content={"type": "text", "text": "let me see"})
    edit("kernels/k.py", text)
    if TROUBLE in ("breaks-off", "limited") and "cut off" not in text:
        update("tool_call_update", toolCallId="kernels/k.py", status="completed")
        update("agent_message_chunk", content={"type": "text", "text": "now the"})
        while TROUBLE == "breaks-off":
            time.sleep(600)
        return {"error": {"code": 429, "message": "later"}}
    if TROUBLE == "speechless":
        return {"result": {"stopReason": "end_turn"}}
    edit("../outside", "x")
    assert "error" in ask("fs/read_text_file", path="/etc/passwd")
    update("agent_message_chunk", content={"type": "text", "text": json.dumps(CLAIM)})
    return {"result": {"stopReason": "end_turn", "usage": {"inputTokens": 5, "outputTokens": 2}}}


print("a warning in the wrong place", flush=True)
if TROUBLE == "odd":
    print('{"jsonrpc": "2.0", "id": 1, "result": 7}\n[1]\n{', flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    match asked["method"]:
        case "initialize":
            answer = {"result": {"protocolVersion": 1, "agentCapabilities": {"loadSession": True}}}
        case "session/new":
            answer = {"result": {"sessionId": "s"}}
        case "session/load" if TROUBLE == "replays":
            send(id=asked["id"], result={})
            update("agent_message_chunk", content={"type": "text", "text": json.dumps({"hypothesis": "of old"})})
            continue
        case "session/load" if TROUBLE in ("breaks-off", "limited"):
            answer = {"result": {}}
        case "session/load":
            answer = {"error": {"code": -32603, "message": "no such session"}}
        case "session/prompt":
            answer = prompt(asked["params"]["prompt"][0]["text"])
        case _:
            answer = {"error": {"code": -32601, "message": "unknown"}}
    send(id=asked["id"], **answer)
