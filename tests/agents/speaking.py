"""The protocols of the model servers: what a request says, and how an answer is told as a stream of events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from shlex import quote
from typing import Any

from tests.agents.book import Page, Piece, Talk, final_claim, final_words, read_talk

Body = dict[str, Any]
USAGE = (1200, 34)
"""Tokens read and written, of every answer."""


@dataclass(frozen=True)
class Move:
    """One thing the model does: it calls a tool, or says its last word."""

    tool: str = ""
    arguments: Body | None = None
    text: str = ""


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        yield str(part.get("text", ""))


class Anthropic:
    """POST /v1/messages."""

    def read(self, body: Body) -> Talk | None:
        return read_talk(self._pieces(body), [tool["name"] for tool in body.get("tools", [])])

    def _pieces(self, body: Body) -> Iterator[Piece]:
        for message in body["messages"]:
            content = message["content"]
            for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
                if part["type"] == "tool_result":
                    yield "result", ""
                elif part["type"] == "text" and message["role"] == "user":
                    yield "text", part["text"]

    def moves(self, page: Page, talk: Talk, tree: str) -> list[Move]:
        moves: list[Move] = []
        for name, text in page.files.items():
            path = str(PurePosixPath(tree) / name)
            moves += [Move("Read", {"file_path": path}), Move("Write", {"file_path": path, "content": text})]
        if talk.has_structure and not isinstance(page.says, str):
            moves.append(Move("StructuredOutput", final_claim(page, talk)))
        return [*moves, Move(text=final_words(page, talk))]

    def answer(self, move: Move, body: Body, mark: str) -> Iterator[bytes]:
        read, written = USAGE
        usage = {"input_tokens": read, "output_tokens": 1}
        start = {"id": f"msg_{mark}", "type": "message", "role": "assistant", "model": body["model"], "content": []}
        yield event({"type": "message_start", "message": {**start, "stop_reason": None, "usage": usage}})
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": move.text}
        if move.tool:
            block = {"type": "tool_use", "id": f"toolu_{mark}", "name": move.tool, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(move.arguments)}
        yield event({"type": "content_block_start", "index": 0, "content_block": block})
        yield event({"type": "content_block_delta", "index": 0, "delta": delta})
        yield event({"type": "content_block_stop", "index": 0})
        reason = {"stop_reason": "tool_use" if move.tool else "end_turn", "stop_sequence": None}
        yield event({"type": "message_delta", "delta": reason, "usage": {"output_tokens": written}})
        yield event({"type": "message_stop"})

    def failure(self, kind: str, message: str, _status: int) -> bytes:
        return event({"type": "error", "error": {"type": kind, "message": message}})


def shell_move(tool: str, key: str, command: str) -> Move:
    return Move(tool, {key: command})


def write_command(name: str, text: str) -> str:
    """A shell command that writes a file whole."""
    return f"mkdir -p {quote(str(PurePosixPath(name).parent))} && printf %s {quote(text)} > {quote(name)}"


class Responses:
    """POST /v1/responses."""

    def read(self, body: Body) -> Talk | None:
        return read_talk(self._pieces(body), [tool.get("name", "") for tool in body.get("tools", [])])

    def _pieces(self, body: Body) -> Iterator[Piece]:
        for item in body["input"]:
            if item["type"].endswith("_call_output"):
                yield "result", ""
            elif item["type"] == "message" and item["role"] == "user":
                for text in _texts(item["content"]):
                    yield "text", text

    def moves(self, page: Page, talk: Talk, _tree: str) -> list[Move]:
        commands = [page.shell] if page.shell else []
        commands += [write_command(name, text) for name, text in page.files.items()]
        return [*(Move("exec_command", {"cmd": one}) for one in commands), Move(text=final_words(page, talk))]

    def answer(self, move: Move, _body: Body, mark: str) -> Iterator[bytes]:
        yield event({"type": "response.created", "response": {"id": f"resp_{mark}"}})
        content = [{"type": "output_text", "text": move.text}]
        item: Body = {"type": "message", "role": "assistant", "id": f"msg_{mark}", "content": content}
        if move.tool:
            arguments = json.dumps(move.arguments)
            item = {"type": "function_call", "call_id": f"call_{mark}", "name": move.tool, "arguments": arguments}
        yield event({"type": "response.output_item.done", "item": item})
        read, written = USAGE
        usage = {
            "input_tokens": read, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": read + written,
        }  # fmt: skip
        yield event({"type": "response.completed", "response": {"id": f"resp_{mark}", "usage": usage}})

    def failure(self, kind: str, message: str, _status: int) -> bytes:
        error = {"code": kind, "message": message}
        return event({"type": "response.failed", "response": {"id": "resp", "status": "failed", "error": error}})


class Chat:
    """POST /v1/chat/completions."""

    def read(self, body: Body) -> Talk | None:
        return read_talk(self._pieces(body), [tool["function"]["name"] for tool in body.get("tools", [])])

    def _pieces(self, body: Body) -> Iterator[Piece]:
        for message in body["messages"]:
            if message["role"] == "tool":
                yield "result", ""
            elif message["role"] == "user":
                for text in _texts(message["content"]):
                    yield "text", text

    def moves(self, page: Page, talk: Talk, tree: str) -> list[Move]:
        moves: list[Move] = []
        for name, text in page.files.items():
            path = str(PurePosixPath(tree) / name)
            moves += [Move("read", {"filePath": path}), Move("write", {"filePath": path, "content": text})]
        return [*moves, Move(text=final_words(page, talk))]

    def answer(self, move: Move, body: Body, mark: str) -> Iterator[bytes]:
        delta: Body = {"role": "assistant", "content": move.text}
        if move.tool:
            call = {"name": move.tool, "arguments": json.dumps(move.arguments)}
            delta = {
                "role": "assistant",
                "tool_calls": [{"index": 0, "id": f"call_{mark}", "type": "function", "function": call}],
            }
        yield self._chunk(body, mark, [{"index": 0, "delta": delta, "finish_reason": None}])
        reason = "tool_calls" if move.tool else "stop"
        yield self._chunk(body, mark, [{"index": 0, "delta": {}, "finish_reason": reason}])
        read, written = USAGE
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        yield self._chunk(body, mark, [], usage=usage)
        yield b"data: [DONE]\n\n"

    def failure(self, kind: str, message: str, status: int) -> bytes:
        return data({"error": {"type": kind, "message": message, "code": status}})

    def _chunk(self, body: Body, mark: str, choices: list[Body], **more: Body) -> bytes:
        start = {"id": f"chat_{mark}", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
        return data({**start, "choices": choices, **more})


class Gemini:
    """POST /v1beta/models/NAME:streamGenerateContent."""

    def read(self, body: Body) -> Talk | None:
        tools = [one["name"] for tool in body.get("tools", []) for one in tool.get("functionDeclarations", [])]
        return read_talk(self._pieces(body), tools)

    def _pieces(self, body: Body) -> Iterator[Piece]:
        for content in body["contents"]:
            for part in content["parts"]:
                if "functionResponse" in part:
                    yield "result", ""
                elif content["role"] == "user":
                    yield "text", part.get("text", "")

    def moves(self, page: Page, talk: Talk, tree: str) -> list[Move]:
        moves = [
            Move("write_file", {"file_path": str(PurePosixPath(tree) / name), "content": text})
            for name, text in page.files.items()
        ]
        return [*moves, Move(text=final_words(page, talk))]

    def answer(self, move: Move, _body: Body, _mark: str) -> Iterator[bytes]:
        part: Body = {"functionCall": {"name": move.tool, "args": move.arguments}} if move.tool else {"text": move.text}
        read, written = USAGE
        usage = {"promptTokenCount": read, "candidatesTokenCount": written, "totalTokenCount": read + written}
        content = {"role": "model", "parts": [part]}
        yield data({"candidates": [{"index": 0, "content": content}], "modelVersion": "scripted"})
        candidate = {"index": 0, "content": {"role": "model", "parts": []}, "finishReason": "STOP"}
        yield data({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "scripted"})

    def failure(self, kind: str, message: str, status: int) -> bytes:
        return data({"error": {"code": status, "message": message, "status": kind}})


Protocol = Anthropic | Responses | Chat | Gemini


def protocol_of(path: str) -> Protocol | None:
    """Return the protocol that a path belongs to."""
    path = path.partition("?")[0]
    if path.endswith("/messages"):
        return Anthropic()
    if path.endswith("/responses"):
        return Responses()
    if path.endswith("/chat/completions"):
        return Chat()
    return Gemini() if path.endswith("GenerateContent") else None


def event(body: Body) -> bytes:
    """A server-sent event with a name."""
    return f"event: {body['type']}\n".encode() + data(body)


def data(body: Body) -> bytes:
    """A server-sent event."""
    return f"data: {json.dumps(body)}\n\n".encode()
