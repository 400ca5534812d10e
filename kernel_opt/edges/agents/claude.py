"""Claude Code, run headless: how it is started, and what its stream of events says."""

import json
from collections.abc import Iterable, Mapping
from typing import cast
from uuid import uuid4

from kernel_opt.edges.agents.events import Event, count, money, table, texts, words
from kernel_opt.edges.agents.order import Order, Version
from kernel_opt.edges.agents.proposal_schema import proposal_schema
from kernel_opt.edges.agents.told import CallEnd, Told, classify_status, classify_words
from kernel_opt.edges.skills import PLUGIN
from kernel_opt.model.hypothesis import Usage
from kernel_opt.model.proposal import Task

TOOLS = "Read,Edit,Write,Glob,Grep,Skill"
"""No shell: with one, what it may not touch would be a matter of good will."""
FLAGS: tuple[tuple[Version, tuple[str, ...]], ...] = (
    (
        (2, 1, 197),
        (
            "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits",
            "--permission-prompts", "none", "--tools", TOOLS,
            # Without these two, hooks and servers that an edit left in the worktree would be run.
            "--setting-sources", "", "--strict-mcp-config",
        ),
    ),
)  # fmt: skip
"""Arguments since the version that knows them."""
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    # Its own ten tries last for minutes; three mend a hiccup, and an outage is ours to wait for.
    "CLAUDE_CODE_MAX_RETRIES": "3",
}
_LIMITS = {"error_max_turns": "used up its turns", "error_max_budget_usd": "used up its money"}


class Claude:
    """The dialect of Claude Code."""

    program = "claude"
    keys = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
    oldest: Version = FLAGS[0][0]

    def prepare(self, order: Order) -> None:
        """Make the folder of its settings and transcripts."""
        (order.private / "claude").mkdir(exist_ok=True)

    def argv(self, order: Order) -> list[str]:
        """Return the command line."""
        flags = [word for since, group in FLAGS if order.version >= since for word in group]
        flags += ["--resume", order.session] if order.session else ["--session-id", str(uuid4())]
        if order.agent.model:
            flags += ["--model", order.agent.model]
        if order.limits.max_turns:
            flags += ["--max-turns", str(order.limits.max_turns)]
        if order.request.skills:
            # Without the rules it may neither call a skill nor read what one refers to: nobody is there to be asked.
            rules = f"Skill({PLUGIN}:*),Read(/{order.request.skills}/**)"
            flags += ["--plugin-dir", order.request.skills, "--allowedTools", rules]
        if order.left_usd is not None:
            flags += ["--max-budget-usd", f"{order.left_usd:.4f}"]
        if order.request.task is Task.PROPOSE:
            flags += ["--json-schema", json.dumps(proposal_schema())]
        return [order.program, *flags, "--settings", json.dumps(_settings(order)), *order.agent.arguments]

    def environment(self, order: Order) -> Mapping[str, str]:
        """Return its own variables."""
        return {**QUIET, "CLAUDE_CONFIG_DIR": str(order.private / "claude")}

    def is_progress(self, event: Event) -> bool:
        """Say whether an event is more than a word about a try that failed."""
        return not (event.get("type") == "system" and event.get("subtype") == "api_retry")

    def read(self, events: Iterable[Event]) -> Told:
        """Say how the call ended."""
        heard = _Heard()
        for event in events:
            heard.add(event)
        return heard.tell()


def _settings(order: Order) -> Event:
    protected = cast("list[str]", order.request.facts.get("protected", []))
    return {
        "attribution": {"commit": "", "pr": ""},
        "permissions": {"deny": [f"Edit(./{glob})" for glob in protected]},
    }


class _Heard:
    """What was heard in the order of the events."""

    def __init__(self) -> None:
        self._session = self._model = ""
        self._result: Event = {}
        self._retry: Event = {}
        self._messages: dict[str, Event] = {}

    def add(self, event: Event) -> None:
        """Take one event."""
        match event.get("type"), event.get("subtype"):
            case "system", "init":
                self._session, self._model = words(event.get("session_id")), words(event.get("model"))
            case "system", "api_retry":
                self._retry = event
            case "assistant", _:
                message = table(event.get("message"))
                if message.get("model") != "<synthetic>":
                    self._retry = {}
                    self._messages[words(message.get("id"))] = table(message.get("usage"))
            case "result", _:
                self._result = event
            case _:
                pass

    def tell(self) -> Told:
        """Say how it ended; ``subtype`` is "success" for a wrong key, too, and is believed of no success."""
        result = self._result
        end, detail = self._find_end()
        answer = result.get("structured_output") or result.get("result") or ""
        return Told(
            end=end,
            detail=detail,
            answer=(answer if isinstance(answer, str) else json.dumps(answer)).encode(),
            usage=self._usage(),
            session=self._session,
            is_total=bool(result),
            has_begun=bool(self._messages) or bool(result.get("num_turns")),
        )

    def _find_end(self) -> tuple[CallEnd, str]:
        result, subtype = self._result, str(self._result.get("subtype"))
        said = words(result.get("result")) or "; ".join(texts(result.get("errors")))
        if not result:
            if self._retry:
                return CallEnd.TRANSIENT, f"no answer: {words(self._retry.get('error'))}"
            return CallEnd.NOTHING, "it ended without a result"
        if subtype in _LIMITS:
            return CallEnd.LIMIT, f"it {_LIMITS[subtype]}"
        if result.get("is_error") is False and subtype == "success":
            return CallEnd.OK, ""
        status = result.get("api_error_status")
        if isinstance(status, int):
            end = classify_status(status)
            return (classify_words(said) or end) if end is CallEnd.NOTHING else end, said
        if classify_words(said) is CallEnd.AUTH:
            return CallEnd.AUTH, said
        is_unreached = result.get("terminal_reason") == "api_error"
        return CallEnd.TRANSIENT if is_unreached else CallEnd.NOTHING, said or f"it ended as {subtype}"

    def _usage(self) -> Usage:
        """Return tokens and money: of the result, or when it was ended without one, of what was heard."""
        models = [table(one) for one in table(self._result.get("modelUsage")).values()]
        names = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
        read, written = sum(count(one.get(name)) for one in models for name in names), 0
        written = sum(count(one.get("outputTokens")) for one in models)
        if not self._result:
            names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
            read = sum(count(one.get(name)) for one in self._messages.values() for name in names)
            written = sum(count(one.get("output_tokens")) for one in self._messages.values())
        cost = money(self._result.get("total_cost_usd"))
        return Usage(input_tokens=read, output_tokens=written, cost_usd=cost, model=self._model)
