"""Any agent that speaks the Agent Client Protocol: Gemini CLI, opencode, and others through their bridges."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from kernel_opt.edges.agents.events import Event, count, money, table, words
from kernel_opt.edges.agents.order import Order, Version
from kernel_opt.edges.agents.program import find_program
from kernel_opt.edges.agents.told import CallEnd, Told, classify_words
from kernel_opt.edges.files import atomic_write
from kernel_opt.model.hypothesis import Usage

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[3])
_ENDS = {"end_turn": CallEnd.OK, "max_tokens": CallEnd.LIMIT, "max_turn_requests": CallEnd.LIMIT}
_WORK = frozenset({"agent_message_chunk", "agent_thought_chunk", "tool_call", "tool_call_update", "plan"})
"""What only a model that was reached can have told."""
_LIMIT_WORDS = {"max_tokens": "it used up its tokens", "max_turn_requests": "it used up its turns"}
QUIET = {
    "GEMINI_CLI_TRUST_WORKSPACE": "true",
    "GEMINI_CLI_NO_RELAUNCH": "true",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_SHARE": "1",
}
"""No news, no updates, no second process of itself; another agent knows none of them."""
GEMINI = {
    "general": {"enableAutoUpdate": False, "sessionRetention": {"enabled": False}},
    "privacy": {"usageStatisticsEnabled": False},
}
"""The same in Gemini's own file; its conversations go with the round, and till then none is to be cleaned up."""


class Acp:
    """The dialect of the protocol; the settings name the program."""

    program = ""
    keys = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
    hosts = ("generativelanguage.googleapis.com", "api.openai.com", "api.anthropic.com")
    oldest: Version = ()

    def prepare(self, order: Order) -> None:
        """Write the order for the client that is started beside the agent, and quiet settings for it."""
        argv = [find_program(order.agent.program) or order.agent.program, *order.agent.arguments]
        plain = {
            "argv": argv,
            "tree": order.request.worktree,
            "session": order.session,
            "model": order.agent.model,
        }
        atomic_write(order.private / "order.json", json.dumps(plain).encode())
        folder = order.private / "home" / ".gemini"
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / "settings.json", json.dumps(GEMINI).encode())

    def argv(self, order: Order) -> list[str]:
        """Return the client's command line."""
        return [sys.executable, "-P", "-m", "kernel_opt.edges.agents.acp_client", str(order.private / "order.json")]

    def environment(self, order: Order) -> Mapping[str, str]:
        """Return the variables of client and agent."""
        home = order.private
        places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE")}
        return {**QUIET, **places, "PYTHONPATH": _PACKAGE_ROOT}

    def is_progress(self, event: Event) -> bool:
        """Say that every event is: the protocol has none about waiting."""
        return bool(event)

    def read(self, events: Iterable[Event]) -> Told:
        """Say how the call ended."""
        heard = _Heard()
        for event in events:
            heard.add(event)
        return heard.tell()


class _Heard:
    """What was heard in the order of the events."""

    def __init__(self) -> None:
        self._begin: Event = {}
        self._end: Event = {}
        self._texts: list[str] = []
        self._cost: float | None = None
        self._has_begun = False
        self._is_waiting = True
        """For its model: these agents ask a server that fails again and again, without a word and without an end."""

    def add(self, event: Event) -> None:
        """Take one event."""
        match event.get("type"):
            case "begin":
                self._begin = event
            case "end":
                self._end = event
            case "acp" if self._begin:  # before, an old conversation is told again
                self._update(table(table(table(event.get("message")).get("params")).get("update")))
            case _:
                pass

    def _update(self, update: Event) -> None:
        kind = update.get("sessionUpdate")
        if kind in _WORK:
            self._has_begun = True
            self._is_waiting = update.get("status") in ("completed", "failed")  # a tool has, and it is told so
        if kind == "agent_message_chunk":
            self._texts.append(str(table(update.get("content")).get("text", "")))
        elif kind in ("tool_call", "tool_call_update"):
            self._texts.clear()  # what was said before a tool is no last word
        elif kind == "usage_update":
            self._cost = money(table(update.get("cost")).get("amount"))

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
        )

    def _find_end(self) -> tuple[CallEnd, str]:
        error, stage = self._end.get("error"), self._end.get("stage")
        reason = words(table(self._end.get("result")).get("stopReason"))
        if error and stage != "interrupted":
            said = f"{words(table(error).get('message'))} {words(json.dumps(table(error).get('data', '')))}".strip(' "')
            # In the middle of a prompt it is the server's trouble; before it, the program is not what it should be.
            unknown = CallEnd.TRANSIENT if stage == "prompt" else CallEnd.AUTH
            return classify_words(said) or (CallEnd.NOTHING if stage == "gone" else unknown), said
        if reason:
            return _ENDS.get(reason, CallEnd.NOTHING), _LIMIT_WORDS.get(reason, f"it stopped with {reason}")
        if self._is_waiting and (self._begin or stage == "interrupted"):  # some take half a minute to start
            return CallEnd.TRANSIENT, "its model has not answered"
        return CallEnd.NOTHING, "it ended without finishing its turn"

    def _usage(self) -> Usage:
        """Return tokens where the agent tells them: at the end of a prompt, or as an extension of it."""
        result = table(self._end.get("result"))
        told = table(result.get("usage")) or table(table(table(result.get("_meta")).get("quota")).get("token_count"))
        if not told:
            return Usage(cost_usd=self._cost)
        read = count(told.get("inputTokens", told.get("input_tokens")))
        written = count(told.get("outputTokens", told.get("output_tokens")))
        return Usage(input_tokens=read, output_tokens=written, cost_usd=self._cost)
