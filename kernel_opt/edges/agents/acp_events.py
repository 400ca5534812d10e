"""What the messages of an agent that speaks the Agent Client Protocol say."""

import json

from kernel_opt.edges.agents.events import Event, count, money, table, words
from kernel_opt.edges.agents.told import CallEnd, Told, classify_status, classify_words
from kernel_opt.model.hypothesis import Usage

_ENDS = {"end_turn": CallEnd.OK, "max_tokens": CallEnd.LIMIT, "max_turn_requests": CallEnd.LIMIT}
_WORK = frozenset({"agent_message_chunk", "agent_thought_chunk", "tool_call", "tool_call_update", "plan"})
"""What only a model that was reached can have told."""
_LIMIT_WORDS = {"max_tokens": "it used up its tokens", "max_turn_requests": "it used up its turns"}


class Heard:
    """What was heard in the order of the events."""

    def __init__(self) -> None:
        self._begin: Event = {}
        self._end: Event = {}
        self._texts: list[str] = []
        self._cost: float | None = None
        self._has_begun = False
        self._tools = set[str]()
        """Those that run. While none does it waits for its model: these agents ask a server that fails, or that breaks
        off in the middle of an answer, again and again, without a word and without an end."""

    def add(self, event: Event) -> None:
        """Take one event."""
        match event.get("type"):
            case "begin":
                self._begin = event
            case "end":
                self._end = event
            case "acp" if self._begin:  # before, an old conversation is told again
                params = table(table(event.get("message")).get("params"))
                self._update(table(params.get("update")))
                self._note_tool(table(params.get("toolCall")))  # it asks for leave, and then runs
            case _:
                pass

    def _update(self, update: Event) -> None:
        kind = update.get("sessionUpdate")
        if kind in _WORK:
            self._has_begun = True
        if kind in ("agent_message_chunk", "agent_thought_chunk"):
            self._tools.clear()  # a model that speaks has been told what they said
        if kind == "agent_message_chunk":
            self._texts.append(str(table(update.get("content")).get("text", "")))
        elif kind in ("tool_call", "tool_call_update"):
            self._texts.clear()  # what was said before a tool is no last word
            self._note_tool(update)
        elif kind == "usage_update":
            self._cost = money(table(update.get("cost")).get("amount"))

    def _note_tool(self, call: Event) -> None:
        name = words(call.get("toolCallId"))
        if call.get("status") in ("completed", "failed"):
            self._tools.discard(name)
        elif call:
            self._tools.add(name)

    def tell(self) -> Told:
        """Say how it ended."""
        end, detail = self._find_end()
        return Told(
            end=end,
            detail=detail,
            answer="".join(self._texts).encode(),
            usage=self._usage(),
            session=words(self._begin.get("session")) if self._begin.get("can_load") else "",
            has_begun=self._has_begun,
            is_mute=not self._end.get("error") or self._end.get("stage") == "interrupted",
        )

    def _find_end(self) -> tuple[CallEnd, str]:
        error, stage = self._end.get("error"), self._end.get("stage")
        reason = words(table(self._end.get("result")).get("stopReason"))
        if error and stage != "interrupted":
            return self._read_error(table(error))
        if reason:
            return _ENDS.get(reason, CallEnd.NOTHING), _LIMIT_WORDS.get(reason, f"it stopped with {reason}")
        if not self._tools and (self._begin or stage == "interrupted"):  # some take half a minute to start
            return CallEnd.TRANSIENT, "its model has not answered"
        return CallEnd.NOTHING, "it ended without finishing its turn"

    def _read_error(self, error: Event) -> tuple[CallEnd, str]:
        said = f"{words(error.get('message'))} {words(json.dumps(error.get('data', '')))}".strip(' "')
        status, stage = error.get("code"), self._end.get("stage")
        if isinstance(status, int) and 400 <= status < 600:  # some hand on what their server said
            end = classify_status(status)
            return (classify_words(said) or end) if end is CallEnd.NOTHING else end, said
        # In the middle of a prompt it is the server's trouble; before it, the program is not what it should be.
        unknown = CallEnd.TRANSIENT if stage == "prompt" else CallEnd.AUTH
        return classify_words(said) or (CallEnd.NOTHING if stage == "gone" else unknown), said

    def _usage(self) -> Usage:
        """Return tokens where the agent tells them: at the end of a prompt, or as an extension of it."""
        result = table(self._end.get("result"))
        told = table(result.get("usage")) or table(table(table(result.get("_meta")).get("quota")).get("token_count"))
        if not told:
            return Usage(cost_usd=self._cost)
        read = count(told.get("inputTokens", told.get("input_tokens")))
        written = count(told.get("outputTokens", told.get("output_tokens")))
        return Usage(input_tokens=read, output_tokens=written, cost_usd=self._cost)
